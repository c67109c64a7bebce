import ApusConfiguration
import ApusGraph
public import ApusNN

/// Named numbers in the order in which they are shown: `loss`, then metrics.
///
/// A metric of one value a class has a number for each, `f1[3]`; one that is a table is in `tables`.
///
/// ```swift
/// var trainer = Trainer(Dense(2), loss: .softmaxCrossEntropy, optimizer: .adam(), metrics: [.accuracy])
/// try trainer.fit(Dataset.moons(seed: 1), epochs: 2, batchSize: 50)
/// let measured = try trainer.evaluate(Dataset.moons(seed: 2))
/// print(measured.names, measured.loss, measured[.accuracy] ?? 0)
/// ```
public struct Measurements: Sendable, Hashable, Codable {
    /// The names as shown: `loss`, `accuracy`, `f1[0]`, `f1[1]`.
    public private(set) var names: [String]
    /// The value of each name.
    public private(set) var values: [Double]
    /// Tables by the name of the metric, such as `confusionMatrix`, row by row.
    public private(set) var tables: [String: [[Double]]] = [:]

    /// Numbers by name, without tables.
    public init(_ entries: [(name: String, value: Double)] = []) {
        names = entries.map(\.name)
        values = entries.map(\.value)
    }

    init(loss: Double, _ contributions: Contributions) {
        self.init([("loss", loss)])
        for (index, metric) in contributions.layout.measured.enumerated() {
            switch contributions.value(index) {
            case .number(let number): add(metric.name, number)
            case .classes(let numbers):
                for (label, number) in numbers.enumerated() { add("\(metric.name)[\(label)]", number) }
            case .table(let rows): tables[metric.name] = rows
            }
        }
    }

    private mutating func add(_ name: String, _ value: Double) {
        names.append(name)
        values.append(value)
    }

    /// The number of a name such as `loss` or `f1[3]`; `nil` if it is not measured.
    public subscript(name: String) -> Double? { names.firstIndex(of: name).map { values[$0] } }
    /// The number of a metric; `nil` if it is not measured, or not one number.
    public subscript(metric: Metric) -> Double? { self[metric.name] }
    /// The number of a metric of one of several outputs; `nil` if it is not measured, or not one number.
    public subscript(output: String, metric: Metric) -> Double? { self["\(output).\(metric.name)"] }
    /// The mean loss, or NaN if nothing was measured.
    public var loss: Double { self["loss"] ?? .nan }
}

extension Measurements: CustomStringConvertible {
    public var description: String {
        zip(names, values).map { "\($0) \(Measurements.rounded($1))" }.joined(separator: ", ")
    }

    /// Four decimals.
    package static func rounded(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return FileNumber.text(value) }
        let scaled = (abs(value) * 1e4).rounded()
        let fraction = String(Int(scaled.truncatingRemainder(dividingBy: 1e4)))
        return (value < 0 && scaled > 0 ? "-" : "") + "\(Int(scaled / 1e4))."
            + String(repeating: "0", count: 4 - fraction.count) + fraction
    }
}

/// Adds up the results of batches, so that loss and metrics are exact over all samples.
struct MeasurementSum {
    private var loss = 0.0
    private var contributions: Contributions?
    /// What the loss of all batches together counts.
    private var weight = 0.0
    private let isMean: Bool
    private let measured: [Objective.Measured]
    private(set) var count = 0

    /// - Parameter objective: What the batches measure.
    init(_ objective: Objective) {
        isMean = objective.reduction != .sum
        measured = objective.measured
    }

    mutating func add(_ result: StepResult) {
        loss += isMean ? result.loss * result.weight : result.loss
        weight += result.weight
        if contributions?.add(result.contributions) == nil { contributions = result.contributions }
        count += result.count
    }

    /// The mean of the loss over the samples, or its sum, and the metrics; NaN where nothing was added.
    var measurements: Measurements {
        guard count > 0 else {
            return Measurements((["loss"] + measured.filter(\.rule.isNumber).map(\.name)).map { ($0, .nan) })
        }
        let loss = isMean ? loss / weight : loss
        return contributions.map { Measurements(loss: loss, $0) } ?? Measurements([("loss", loss)])
    }

    // MARK: Checkpoints

    /// - Throws: `TrainingError` if the numbers belong to other metrics.
    init(_ objective: Objective, _ saved: SavedSum) throws {
        self.init(objective)
        loss = saved.loss
        count = saved.count
        weight = saved.weight ?? Double(saved.count)
        guard let classes = saved.classes else { return }
        guard saved.shapes.count == measured.count else {
            throw TrainingError(
                "the checkpoint measures \(saved.shapes.count) metrics, this training \(measured.count)",
                kind: .malformed)
        }
        let each = saved.classesOfEach.flatMap { $0.count == measured.count ? $0 : nil }
        contributions = Contributions(
            MetricLayout(
                measured, contributions: saved.shapes.map { Shape($0) },
                classes: each ?? Array(repeating: classes, count: measured.count)), saved.numbers)
    }

    var saved: SavedSum {
        var saved = SavedSum(loss: loss, count: count)
        if weight != Double(count) { saved.weight = weight }
        if let contributions {
            let classes = contributions.layout.classes
            saved.classes = classes.first ?? 1
            if classes.contains(where: { $0 != classes[0] }) { saved.classesOfEach = classes }
            saved.shapes = contributions.layout.shapes.map(\.dimensions)
            saved.numbers = contributions.numbers
        }
        return saved
    }
}
