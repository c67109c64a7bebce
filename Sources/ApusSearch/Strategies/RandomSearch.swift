public import ApusConfiguration

/// Values drawn evenly from each domain, on its scale (Bergstra and Bengio, 2012).
///
/// ```swift
/// let search = Search(space: ["rate": .log(1e-4...1e-1)], strategy: .random, trials: 20, seed: 3)
/// ```
public struct RandomSearch: SearchStrategy {
    public static let kind = "random"

    /// Creates the strategy.
    public init() {}

    public static let schema = Schema(RandomSearch())

    package func proposal(_ history: SearchHistory) -> Proposal {
        .new(history.space.sample(seed: history.seed, trial: history.next), budget: nil)
    }
}
