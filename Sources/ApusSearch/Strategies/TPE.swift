public import ApusConfiguration

/// The tree-structured Parzen estimator: of candidates drawn from the density l of the good trials, the one with the
/// largest ratio l/g to the density g of the others (Bergstra et al., 2011; defaults of Optuna's sampler).
///
/// The densities are joint ones, so that paths that depend on each other are chosen together. A pruned trial is worse
/// than every complete one, and the worse the earlier it was pruned; one that diverged is the worst. Trials that are still running
/// count among the others, so that they are not proposed again.
///
/// ```swift
/// let search = Search(
///     space: ["rate": .log(1e-4...1e-1)], strategy: .tpe(TPE(startupTrials: 20)), trials: 100)
/// ```
public struct TPE: SearchStrategy {
    public static let kind = "tpe"
    /// How many trials are drawn at random before densities are trusted.
    public var startupTrials: Int
    /// How many candidates are drawn.
    public var candidates: Int
    /// The fraction of trials that are good: min(⌈gamma · n⌉, 25) of n.
    public var gamma: Double
    /// How many trials the even distribution counts as in each density.
    public var priorWeight: Double

    /// The strategy.
    ///
    /// - Parameters:
    ///   - startupTrials: How many trials are random before the model proposes.
    ///   - candidates: Among how many draws the best is chosen.
    ///   - gamma: The fraction of trials that count as good, in 0...1.
    ///   - priorWeight: How much the even distribution counts beside a trial.
    public init(startupTrials: Int = 10, candidates: Int = 24, gamma: Double = 0.1, priorWeight: Double = 1) {
        self.startupTrials = startupTrials
        self.candidates = candidates
        self.gamma = gamma
        self.priorWeight = priorWeight
    }

    public static let schema = Schema(
        TPE(), .optional("startupTrials", \.startupTrials), .optional("candidates", \.candidates),
        .optional("gamma", \.gamma), .optional("priorWeight", \.priorWeight))

    package var problem: String? {
        if startupTrials < 1 { return "expected startupTrials ≥ 1 but received \(startupTrials)" }
        if candidates < 1 || candidates > 1_000_000 {
            return "expected candidates between 1 and 1000000 but received \(candidates)"
        }
        if !(gamma > 0 && gamma < 1) { return "expected gamma between 0 and 1 but received \(gamma)" }
        if !(priorWeight > 0 && priorWeight.isFinite) {
            return "expected priorWeight > 0 but received \(priorWeight)"
        }
        return nil
    }

    package func proposal(_ history: SearchHistory) -> Proposal {
        let ranked = history.observations.enumerated()
            .filter { $0.element.state.isTelling && $0.element.loss != nil }
            .sorted { Self.isBetter($0, $1) }
        // What diverged is never good.
        let sound = ranked.prefix { $0.element.state != .diverged }.count
        guard ranked.count >= startupTrials, sound > 0 else {
            return .new(history.space.sample(seed: history.seed, trial: history.next), budget: nil)
        }
        let goodCount = min(Int((gamma * Double(ranked.count)).rounded(.up)), 25, sound)
        let pending = history.observations.enumerated().filter { $0.element.state == .running }
        func estimator(_ trials: [(offset: Int, element: Observation)]) -> ParzenEstimator {
            let assignments = trials.sorted { $0.offset < $1.offset }.map(\.element.assignment)
            return ParzenEstimator(assignments, in: history.space, priorWeight: priorWeight)
        }
        let good = estimator(Array(ranked.prefix(goodCount)))
        let others = estimator(Array(ranked.dropFirst(goodCount)) + pending)

        let tried = history.tried
        var random = SearchRandom(seed: history.seed, trial: history.next, stream: "tpe")
        var best = (assignment: good.sample(using: &random), score: -Double.infinity)
        for candidate in 0..<candidates {
            let assignment = candidate == 0 ? best.assignment : good.sample(using: &random)
            let score = good.logDensity(assignment) - others.logDensity(assignment)
            if score > best.score, !tried.contains(assignment) { best = (assignment, score) }
        }
        return .new(best.assignment, budget: nil)
    }

    private static func isBetter(
        _ a: (offset: Int, element: Observation), _ b: (offset: Int, element: Observation)
    ) -> Bool {
        let order: [TrialState] = [.complete, .pruned, .diverged]
        let ranks = (order.firstIndex(of: a.element.state) ?? 3, order.firstIndex(of: b.element.state) ?? 3)
        if ranks.0 != ranks.1 { return ranks.0 < ranks.1 }
        if a.element.state == .pruned, a.element.lastStep != b.element.lastStep {
            return (a.element.lastStep ?? -1) > (b.element.lastStep ?? -1)
        }
        let losses = (a.element.loss ?? .infinity, b.element.loss ?? .infinity)
        return losses.0 != losses.1 ? losses.0 < losses.1 : a.offset < b.offset
    }
}
