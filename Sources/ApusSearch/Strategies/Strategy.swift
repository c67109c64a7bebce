package import ApusConfiguration

/// How a search chooses what to try: `random`, `{tpe: {candidates: 50}}`, `{hyperband: 81}`.
///
/// ```swift
/// let strategies: [Strategy] = [
///     .random, .grid(points: 5), .tpe, .gaussianProcess, .hyperband(Hyperband(maximumBudget: 81)),
/// ]
/// ```
public enum Strategy: Alternatives {
    /// All points of a grid.
    case grid(GridSearch)
    /// Independent draws.
    case random(RandomSearch)
    /// Tree-structured Parzen estimators.
    case tpe(TPE)
    /// A Gaussian process over the scores so far.
    case gaussianProcess(GaussianProcessSearch)
    /// Many trials on a small budget, the better ones on larger ones.
    case successiveHalving(SuccessiveHalving)
    /// Hyperband: brackets of successive halving.
    case hyperband(Hyperband)

    /// Every combination.
    public static func grid(points: Int? = nil) -> Strategy { .grid(GridSearch(points: points)) }
    /// Values drawn evenly.
    public static let random = Strategy.random(RandomSearch())
    /// The tree-structured Parzen estimator with its default arguments.
    public static let tpe = Strategy.tpe(TPE())
    /// A Gaussian process with its default arguments.
    public static let gaussianProcess = Strategy.gaussianProcess(GaussianProcessSearch())

    package static let what = "strategy"
    package static let alternatives: [Alternative<Strategy>] = [
        Alternative("grid", GridSearch.self) { .grid($0) },
        Alternative("random", RandomSearch.self) { .random($0) },
        Alternative("tpe", TPE.self) { .tpe($0) },
        Alternative("gaussianProcess", GaussianProcessSearch.self) { .gaussianProcess($0) },
        Alternative("successiveHalving", SuccessiveHalving.self) { .successiveHalving($0) },
        Alternative("hyperband", Hyperband.self) { .hyperband($0) },
    ]

    package var value: any SearchStrategy {
        switch self {
        case .grid(let strategy): strategy
        case .random(let strategy): strategy
        case .tpe(let strategy): strategy
        case .gaussianProcess(let strategy): strategy
        case .successiveHalving(let strategy): strategy
        case .hyperband(let strategy): strategy
        }
    }

    package var name: String { type(of: value).kind }
    package var configurable: any Configurable { value }
    package var problem: String? { value.problem }
}
