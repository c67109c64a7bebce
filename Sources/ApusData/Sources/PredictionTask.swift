import ApusConfiguration

/// What is predicted: one of several classes, or numbers.
///
/// ```swift
/// // Numbers, although they may look like classes
/// let source = CSVSource("houses.csv", target: "price", task: .regression)
/// ```
public enum PredictionTask: String, CaseIterable, Sendable, Hashable, Codable {
    /// A class is predicted.
    case classification
    /// A number is predicted.
    case regression

    public init(from decoder: any Decoder) throws {
        let name = try decoder.singleValueContainer().decode(String.self)
        guard let task = PredictionTask(rawValue: name) else {
            throw Names.unknown("task", name, PredictionTask.allCases.map(\.rawValue), decoder.codingPath)
        }
        self = task
    }
}
