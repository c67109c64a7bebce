public import ApusConfiguration

/// The quantity that a search minimizes or maximizes: `{minimize: validation.loss}`, `{maximize: validation.accuracy}`.
///
/// ```swift
/// let goal = SearchGoal.maximize(metric: "validation.accuracy")
/// print(goal.loss(0.9) < goal.loss(0.8))   // true: searches make the loss small
/// ```
public enum SearchGoal: ConfigurableCases {
    /// Smaller values of the metric are better.
    case minimize(metric: String)
    /// Greater values of the metric are better.
    case maximize(metric: String)

    public static let what = "objective"

    public static let cases: [Case<SearchGoal>] = [
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
