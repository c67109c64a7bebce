public import ApusConfiguration

/// When a trial that runs is given up: `none`, `median`, `{median: {warmupSteps: 3}}`, `{percentile: {percentile:
/// 25}}`.
///
/// A trial is pruned at a step if the best value that it has reported so far is worse than what other trials reported
/// at the same step (Golovin et al., 2017; defaults of Optuna's pruners).
///
/// ```swift
/// // No trial is given up before the third value
/// let pruner = Pruner.median(startupTrials: 5, warmupSteps: 2)
/// let search = Search(space: ["x": .real(0...1)], trials: 50, pruner: pruner)
/// ```
public enum Pruner: ConfigurableCases {
    /// No trial is given up.
    case none
    /// Worse than half of the trials that are complete, once `startupTrials` are, and not before a step.
    case median(startupTrials: Int, warmupSteps: Int)
    /// Not among the best percent of the trials that are complete.
    case percentile(percentile: Double, startupTrials: Int, warmupSteps: Int)

    public static let what = "pruner"

    public static let cases: [Case<Pruner>] = [
        Case(Pruner.none),
        Case(.median(startupTrials: 5, warmupSteps: 0)) {
            .median(startupTrials: try $0.next(), warmupSteps: try $0.next())
        },
        Case(.percentile(percentile: 25, startupTrials: 5, warmupSteps: 0)) {
            .percentile(percentile: try $0.next(), startupTrials: try $0.next(), warmupSteps: try $0.next())
        },
    ]

    /// What is wrong with the arguments, for messages.
    package var problem: String? {
        switch self {
        case .none: return nil
        case .median(let startup, let warmup): return Self.problem(startup, warmup)
        case .percentile(let percentile, let startup, let warmup):
            guard percentile >= 0, percentile <= 100 else {
                return "expected a percentile between 0 and 100 but received \(percentile)"
            }
            return Self.problem(startup, warmup)
        }
    }

    private static func problem(_ startup: Int, _ warmup: Int) -> String? {
        if startup < 0 { return "expected startupTrials ≥ 0 but received \(startup)" }
        return warmup < 0 ? "expected warmupSteps ≥ 0 but received \(warmup)" : nil
    }
}
