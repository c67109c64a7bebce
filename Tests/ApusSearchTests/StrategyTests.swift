import ApusSearch
import Foundation
import Testing

@Suite struct StrategyTests {
    // MARK: Grid

    @Test func gridEnumerates() {
        let space: SearchSpace = [
            "b": .choice(["x", "y"]), "a": .integer(1...5, step: 2), "c": .real(0...0.3, step: 0.1),
        ]
        var observations: [Observation] = []
        var assignments: [Assignment] = []
        while case .new(let assignment, nil) = Strategy.grid().value.proposal(
            SearchHistory(space: space, seed: 1, limit: 100, observations: observations))
        {
            assignments.append(assignment)
            observations.append(Observation(assignment: assignment, state: .complete, loss: 0))
        }
        var expected: [Assignment] = []
        for a in [1, 3, 5] {
            for b in ["x", "y"] {
                for c in [0, 0.1, 0.2, 0.3] { expected.append(["a": .integer(a), "b": .text(b), "c": .real(c)]) }
            }
        }
        #expect(assignments == expected)
        #expect(Search(space: space, strategy: .grid()).trialLimit == 24)
    }

    @Test func gridOfPoints() {
        let space: SearchSpace = ["a": .log(0.001...1)]
        let points = (0..<4).compactMap { number -> Double? in
            let earlier = Observation(assignment: [:], state: .complete)
            let history = SearchHistory(
                space: space, seed: 1, limit: 4, observations: [Observation](repeating: earlier, count: number))
            guard case .new(let assignment, _) = Strategy.grid(points: 4).value.proposal(history) else { return nil }
            return assignment["a"]?.number
        }
        #expect(points.count == 4)
        for (point, expected) in zip(points, [0.001, 0.01, 0.1, 1]) { #expect(abs(point / expected - 1) < 1e-12) }
    }

    @Test func gridsThatAreTooLarge() {
        let domain = Domain.integer(0...(1 << 52))
        #expect(
            Search(space: ["a": domain, "b": domain], strategy: .grid()).problem
                == "strategy: the grid has more combinations than can be counted")
    }

    // MARK: Better than chance

    /// Branin and Hoo's function: three minima of 0.397887.
    private static func branin(_ a: Assignment) -> Double {
        let (x, y) = (a["x"]?.number ?? 0, a["y"]?.number ?? 0)
        let parabola = y - 5.1 / (4 * .pi * .pi) * x * x + 5 / .pi * x - 6
        return parabola * parabola + 10 * (1 - 1 / (8 * .pi)) * cos(x) + 10
    }

    /// A sphere around 0.003, 0.3 and 40, on the scales of its domains.
    private static func sphere(_ a: Assignment) -> Double {
        let rate = log10((a["rate"]?.number ?? 1) / 0.003)
        let share = (a["share"]?.number ?? 0) - 0.3
        let units = log2((a["units"]?.number ?? 1) / 40)
        return rate * rate + 4 * share * share + 0.2 * units * units
    }

    /// A choice that matters, with a best rate of its own for each.
    private static func mixed(_ a: Assignment) -> Double {
        let (offset, best): (Double, Double) =
            switch a["optimizer"] {
            case "adam": (0, 0.001)
            case "sgd": (0.5, 0.1)
            default: (2, 0.01)
            }
        let rate = log10((a["rate"]?.number ?? 1) / best)
        let penalty: Double = a["nesterov"] == true ? 0 : 0.3
        return offset + rate * rate + penalty
    }

    struct Function: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let space: SearchSpace
        let value: @Sendable (Assignment) -> Double
        /// The largest fraction of random search's mean regret that is left, with TPE and with a Gaussian process.
        let shares: (tpe: Double, process: Double)
        let minimum: Double
    }

    fileprivate static let functions: [Function] = [
        Function(
            testDescription: "Branin", space: ["x": .real(-5...10), "y": .real(0...15)], value: branin,
            shares: (0.5, 0.1), minimum: 0.397887),
        Function(
            testDescription: "sphere",
            space: ["rate": .log(1e-5...1), "share": .real(0...1), "units": .integer(4...512, log: true)],
            value: sphere, shares: (0.5, 0.1), minimum: 0),
        Function(
            testDescription: "mixed",
            space: [
                "optimizer": .choice(["adam", "sgd", "rmsprop"]), "rate": .log(1e-5...1),
                "nesterov": .choice([true, false]),
            ], value: mixed, shares: (0.5, 0.1), minimum: 0),
    ]

    @Test(arguments: StrategyTests.functions) func betterThanChance(_ function: Function) {
        func regret(_ strategy: Strategy, trials: Int) -> Double {
            let bests = (0..<20).map { seed in
                losses(strategy, function.space, trials: trials, seed: seed, function.value).min() ?? .infinity
            }
            return bests.reduce(0, +) / 20 - function.minimum
        }
        #expect(regret(.tpe, trials: 40) < function.shares.tpe * regret(.random, trials: 40))
        #expect(regret(.gaussianProcess, trials: 25) < function.shares.process * regret(.random, trials: 25))
    }

    // MARK: Determinism

    @Test(arguments: [Strategy.random, .tpe, .gaussianProcess])
    func sameSeedSameProposals(_ strategy: Strategy) {
        let space = Self.functions[2].space
        let first = losses(strategy, space, trials: 20, seed: 5, Self.mixed)
        #expect(first == losses(strategy, space, trials: 20, seed: 5, Self.mixed))
        #expect(first != losses(strategy, space, trials: 20, seed: 6, Self.mixed))
    }

    /// Another path in the space leaves random values of the others alone.
    @Test func streamsOfPaths() {
        func values(_ space: SearchSpace) -> [Setting?] {
            (0..<5).map { number in
                let earlier = [Observation](repeating: Observation(assignment: [:], state: .complete), count: number)
                let history = SearchHistory(space: space, seed: 3, limit: 9, observations: earlier)
                guard case .new(let assignment, _) = Strategy.random.value.proposal(history) else { return nil }
                return assignment["b"]
            }
        }
        let alone = values(["b": .real(0...1)])
        #expect(Set(alone).count == 5)
        #expect(values(["a": .log(1...9), "b": .real(0...1), "c": .integer(1...3)]) == alone)
    }

    /// Draws fill a domain evenly on its scale.
    @Test func evenDraws() {
        var counts = [0, 0, 0, 0]
        for seed in 0..<4000 as Range<UInt64> {
            let history = SearchHistory(space: ["a": .log(0.0001...1)], seed: seed, limit: 1, observations: [])
            guard case .new(let assignment, nil) = Strategy.random.value.proposal(history) else {
                Issue.record("no proposal")
                return
            }
            counts[min(3, Int(-log10(assignment["a"]?.number ?? 1)))] += 1
        }
        // Four standard deviations around 1000.
        #expect(counts.reduce(0, +) == 4000)
        for count in counts { #expect((890...1110).contains(count)) }
    }

    /// Twelve trials with great rates diverged, one with a small rate did not: what comes next is small.
    @Test(arguments: [Strategy.tpe, .gaussianProcess]) func divergedTrialsTeach(_ strategy: Strategy) {
        func smallRates(_ state: TrialState, sound: Bool) -> Int {
            (0..<20).count { seed in
                var observations = (0..<12).map { number in
                    Observation(
                        assignment: ["rate": .real(pow(10, -Double(number % 3)))], state: state,
                        loss: state == .diverged ? .infinity : nil)
                }
                if sound { observations.append(Observation(assignment: ["rate": 0.0003], state: .complete, loss: 1)) }
                let history = SearchHistory(
                    space: ["rate": .log(1e-4...1)], seed: UInt64(seed), limit: 99, observations: observations)
                guard case .new(let assignment, _) = strategy.value.proposal(history) else { return false }
                return (assignment["rate"]?.number ?? 1) < 0.003
            }
        }
        // Of random rates three of eight are as small.
        #expect((3...13).contains(smallRates(.failed, sound: true)))
        #expect(smallRates(.diverged, sound: true) >= 16)
        // Where nothing is known but what is bad, rates are drawn at random.
        #expect((3...13).contains(smallRates(.diverged, sound: false)))
    }

    /// Trials that are still running are not proposed again.
    @Test(arguments: [Strategy.tpe(TPE(startupTrials: 5)), .gaussianProcess(GaussianProcessSearch(startupTrials: 5))])
    func runningTrialsCount(_ strategy: Strategy) {
        let space: SearchSpace = ["x": .integer(0...30)]
        var observations = (0..<6).map {
            Observation(assignment: ["x": .integer($0 * 6)], state: .complete, loss: Double(abs($0 * 6 - 13)))
        }
        for _ in 0..<6 {
            let history = SearchHistory(space: space, seed: 1, limit: 99, observations: observations)
            guard case .new(let assignment, nil) = strategy.value.proposal(history) else {
                Issue.record("no proposal")
                return
            }
            observations.append(Observation(assignment: assignment, state: .running))
        }
        #expect(Set(observations.map(\.assignment)).count == 12)
    }
}
