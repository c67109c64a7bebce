public import ApusConfiguration
import Foundation

/// The tree-structured Parzen estimator: of candidates drawn from the density l of the good trials, the one with the
/// greatest ratio l/g to the density g of the others (Bergstra et al., 2011; constants of Optuna's sampler).
///
/// Each path has densities of its own. A pruned trial is worse than every complete one, and the worse the earlier it was
/// pruned; trials that are still running count among the others, so that they are not proposed again.
public struct TPE: SearchStrategy {
    public static let kind = "tpe"
    /// How many trials are drawn at random before densities are trusted.
    public var startupTrials: Int
    /// How many candidates are drawn for each path.
    public var candidates: Int
    /// The share of trials that are good: min(⌈gamma · n⌉, 25) of n.
    public var gamma: Double
    /// How many trials the even distribution counts as in each density.
    public var priorWeight: Double

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
            .filter { ($0.element.state == .complete || $0.element.state == .pruned) && $0.element.loss != nil }
            .sorted { Self.isBetter($0, $1) }
        guard ranked.count >= startupTrials else {
            return .new(history.space.sample(seed: history.seed, trial: history.next), budget: nil)
        }
        let goodCount = min(Int((gamma * Double(ranked.count)).rounded(.up)), 25)
        let pending = history.observations.enumerated().filter { $0.element.state == .running }
        let good = ranked.prefix(goodCount).sorted { $0.offset < $1.offset }.map(\.element.assignment)
        let others = (ranked.dropFirst(goodCount) + pending).sorted { $0.offset < $1.offset }.map(\.element.assignment)
        return .new(
            history.space.assignment { dimension in
                var random = SearchRandom(seed: history.seed, trial: history.next, stream: "tpe " + dimension.path)
                let values = (good.compactMap { $0[dimension.path] }, others.compactMap { $0[dimension.path] })
                return choose(dimension.domain, good: values.0, others: values.1, using: &random)
            }, budget: nil)
    }

    private static func isBetter(
        _ a: (offset: Int, element: Observation), _ b: (offset: Int, element: Observation)
    ) -> Bool {
        if a.element.state != b.element.state { return a.element.state == .complete }
        if a.element.state == .pruned, a.element.lastStep != b.element.lastStep {
            return (a.element.lastStep ?? -1) > (b.element.lastStep ?? -1)
        }
        let losses = (a.element.loss ?? .infinity, b.element.loss ?? .infinity)
        return losses.0 != losses.1 ? losses.0 < losses.1 : a.offset < b.offset
    }

    private func choose(
        _ domain: Domain, good: [Scalar], others: [Scalar], using random: inout SearchRandom
    ) -> Scalar {
        if case .choice(let choice) = domain {
            let good = CategoricalEstimator(good, of: choice.values, priorWeight: priorWeight)
            let others = CategoricalEstimator(others, of: choice.values, priorWeight: priorWeight)
            let drawn = (0..<candidates).map { _ in good.sample(using: &random) }
            let best = Self.best(drawn) { log(good.probabilities[$0]) - log(others.probabilities[$0]) }
            return choice.values[best]
        }
        guard let axis = domain.axis else { return .bool(false) }
        let goodEstimator = ParzenEstimator(good.compactMap(\.number), on: axis, priorWeight: priorWeight)
        let otherEstimator = ParzenEstimator(others.compactMap(\.number), on: axis, priorWeight: priorWeight)
        let drawn = (0..<candidates).map { _ in goodEstimator.sample(using: &random) }
        return domain.scalar(
            Self.best(drawn) { goodEstimator.logDensity($0) - otherEstimator.logDensity($0) })
    }

    private static func best<Value>(_ candidates: [Value], by score: (Value) -> Double) -> Value {
        var best = (value: candidates[0], score: score(candidates[0]))
        for candidate in candidates.dropFirst() {
            let score = score(candidate)
            if score > best.score { best = (candidate, score) }
        }
        return best.value
    }
}
