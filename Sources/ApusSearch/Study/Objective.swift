public import ApusConfiguration

/// What a search is about: `{minimize: validation.loss}`, `{maximize: validation.accuracy}`.
public enum Objective: ConfigurableCases {
    case minimize(metric: String)
    case maximize(metric: String)

    public static let what = "objective"

    public static let cases: [Case<Objective>] = [
        Case(.minimize(metric: "validation.loss"), isRequired: true) { .minimize(metric: try $0.next()) },
        Case(.maximize(metric: "validation.accuracy"), isRequired: true) { .maximize(metric: try $0.next()) },
    ]

    /// The name of the metric.
    public var metric: String {
        switch self {
        case .minimize(let metric), .maximize(let metric): metric
        }
    }

    /// The score as a quantity of which less is better.
    public func loss(_ score: Double) -> Double {
        if case .minimize = self { score } else { -score }
    }
}
