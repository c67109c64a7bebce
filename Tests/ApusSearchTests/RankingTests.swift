import ApusSearch
import Foundation
import Testing

/// What strategies make of the trials before: how good each was, and of those that were pruned, diverged or still run.
@Suite struct RankingTests {
    private static let space: SearchSpace = ["n": .integer(1...500), "x": .real(0...1)]

    private static func observation(_ number: Int, _ state: TrialState, _ loss: Double?, step: Int? = nil)
        -> Observation
    {
        Observation(
            assignment: ["n": .integer(1 + number * 137 % 500), "x": .real(Double(number * 37 % 97) / 97)],
            state: state,
            loss: loss, lastStep: step)
    }

    private static func complete(_ losses: [Double]) -> [Observation] {
        losses.enumerated().map { observation($0, .complete, $1) }
    }

    private func proposals(_ strategy: Strategy, _ observations: [Observation]) -> [Proposal] {
        (0..<10 as Range<UInt64>).map { seed in
            strategy.value.proposal(
                SearchHistory(space: Self.space, seed: seed, limit: 9999, observations: observations))
        }
    }

    /// TPE whose good trials are `good` of `count`.
    private func tpe(_ good: Int, of count: Int) -> Strategy {
        .tpe(TPE(startupTrials: 1, gamma: (Double(good) - 0.5) / Double(count)))
    }

    // MARK: TPE

    /// Complete trials by their loss, then those that were pruned, the later the better, then those that diverged.
    @Test func tpeRanksTrials() {
        let trials: [(TrialState, loss: Double, step: Int?, rank: Double)] = [
            (.pruned, 0.5, 3, 7), (.complete, 9, nil, 2), (.pruned, 0.9, 7, 5), (.diverged, .infinity, nil, 10),
            (.pruned, 0.4, 3, 6), (.complete, 3, nil, 0), (.pruned, 0.8, 7, 4), (.pruned, 0.01, 1, 8),
            (.complete, 8, nil, 1), (.pruned, .infinity, nil, 9), (.complete, 9, nil, 3),
        ]
        let mixed = trials.enumerated().map { Self.observation($0, $1.0, $1.loss, step: $1.step) }
        let ranked = Self.complete(trials.map(\.rank))
        for good in 1...10 {
            #expect(proposals(tpe(good, of: 11), mixed) == proposals(tpe(good, of: 11), ranked), "\(good) good trials")
        }
        // What diverged is never good.
        #expect(proposals(tpe(11, of: 11), mixed) == proposals(tpe(10, of: 11), ranked))
    }

    /// min(⌈gamma · n⌉, 25) trials are good: which of them is better does not matter, which belong to them does.
    @Test(arguments: [(12, 0.1, 2), (20, 0.1, 2), (21, 0.1, 3), (300, 0.1, 25), (12, 0.01, 1)])
    func tpeCountsGoodTrials(count: Int, gamma: Double, good: Int) {
        let strategy = Strategy.tpe(TPE(gamma: gamma))
        let losses = (0..<count).map { Double($0 * 11 % count) }
        /// With a trial in the place of the next better one.
        func exchanged(_ rank: Int) -> [Double] {
            let (better, worse) = (Double(rank), Double(rank + 1))
            return losses.map { $0 == better ? worse : $0 == worse ? better : $0 }
        }
        let known = proposals(strategy, Self.complete(losses))
        if good > 1 { #expect(proposals(strategy, Self.complete(exchanged(good - 2))) == known) }
        #expect(proposals(strategy, Self.complete(exchanged(good - 1))) != known)
        #expect(proposals(strategy, Self.complete(exchanged(good))) == known)
    }

    /// Where a trial runs is as bad as where one diverged, until it ends.
    @Test func tpeAvoidsRunningTrials() {
        let ended = Self.complete((0..<12).map { Double($0 * 5 % 12) })
        let running = ended + [Self.observation(12, .running, nil)]
        let diverged = ended + [Self.observation(12, .diverged, .infinity)]
        #expect(proposals(.tpe, running) == proposals(.tpe, diverged))
        #expect(proposals(.tpe, running) != proposals(.tpe, ended + [Self.observation(12, .failed, nil)]))
    }

    /// Candidates are drawn from the density of the good trials.
    @Test(
        arguments: [
            (Domain.choice(["a", "b", "c"]), ["a", "b", "c"], ["a", "a", "c"]),
            (.integer(1...8), [1, 2, 3, 4, 5, 6, 7, 8], [2, 3, 8]),
            (.integer(0...9, step: 3), [0, 3, 6, 9], [3, 3, 9]),
        ] as [(Domain, [Setting], [Setting])])
    func tpeDrawsFromTheDensity(_ domain: Domain, _ values: [Setting], _ good: [Setting]) {
        let space: SearchSpace = ["v": domain]
        let trials = good.map { Observation(assignment: ["v": $0], state: .complete, loss: 1) }
        let strategy = Strategy.tpe(TPE(startupTrials: 1, candidates: 1, gamma: 0.99))
        var counts: [Setting: Int] = [:]
        let draws = 4000
        for seed in 0..<UInt64(draws) {
            let history = SearchHistory(space: space, seed: seed, limit: 99, observations: trials)
            guard case .new(let assignment, nil) = strategy.value.proposal(history), let value = assignment["v"] else {
                Issue.record("no proposal")
                return
            }
            counts[value, default: 0] += 1
        }
        let density = ParzenEstimator(trials.map(\.assignment), in: space, priorWeight: 1)
        #expect(Set(counts.keys).isSubset(of: values))
        let shares = values.map { exp(density.logDensity(["v": $0])) }
        #expect(abs(shares.reduce(0, +) - 1) < 1e-9)
        for (value, share) in zip(values, shares) {
            // Five standard deviations.
            let expected = Double(draws) * share
            #expect(abs(Double(counts[value] ?? 0) - expected) < 5 * (expected * (1 - share)).squareRoot(), "\(value)")
        }
    }

    // MARK: Gaussian processes

    private let process = Strategy.gaussianProcess(GaussianProcessSearch(startupTrials: 5, candidates: 30))
    private let losses: [Double] = [0.5, 0.25, 1, 0.75, 0, 0.5, 0.625]

    /// What diverged is worse than the worst, by as much as that is worse than the best.
    @Test func processesTakeDivergedTrialsForBad() {
        let trials = Self.complete(losses)
        let diverged = trials + [Self.observation(7, .diverged, .infinity)]
        #expect(proposals(process, diverged) == proposals(process, trials + [Self.observation(7, .complete, 2)]))
    }

    /// Scales and origins of losses do not matter, nor how bad the bad ones are: beyond three times the distance of the best from
    /// the middle they are alike.
    @Test func processesStandardizeLosses() {
        let known = proposals(process, Self.complete(losses + [2.5]))
        #expect(proposals(process, Self.complete(losses.map { 4 * $0 } + [10])) == known)
        #expect(proposals(process, Self.complete(losses + [1e9])) == known)
        #expect(proposals(process, Self.complete(losses + [2.25])) != known)
        #expect(proposals(process, Self.complete(losses.map { -$0 } + [-2.5])) != known)
    }

    /// Near a trial that runs nothing is to be learned.
    @Test func processesAvoidRunningTrials() throws {
        let space: SearchSpace = ["x": .real(0...1)]
        func value(_ observations: [Observation]) throws -> Double {
            let history = SearchHistory(space: space, seed: 3, limit: 99, observations: observations)
            guard case .new(let assignment, nil) = Strategy.gaussianProcess.value.proposal(history) else { return .nan }
            return try #require(assignment["x"]?.number)
        }
        let ended = (0..<9).map { number in
            let x = Double(number) / 8
            return Observation(assignment: ["x": .real(x)], state: .complete, loss: sin(9 * x) + (x - 0.3) * (x - 0.3))
        }
        let first = try value(ended)
        let failed = try value(ended + [Observation(assignment: ["x": .real(first)], state: .failed)])
        let second = try value(ended + [Observation(assignment: ["x": .real(first)], state: .running)])
        #expect(abs(failed - first) < 0.005)
        #expect(abs(second - first) > 0.005)
    }
}
