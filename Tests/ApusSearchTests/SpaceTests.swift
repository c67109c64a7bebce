import ApusSearch
import ApusTestKit
import Foundation
import Testing
import Yams

@Suite struct SpaceTests {
    private let text = """
        space:
          optimizer.adam.learningRate: {log: [0.0001, 0.1]}
          batchSize: {choice: [32, 64, 128]}
          model.2.dense.units: {integer: [16, 256]}
          model.3.dropout.rate: {real: {range: [0, 0.5], step: 0.1}}
          model.2.dense.activation: {choice: [relu, tanh]}
          model.4.dense.units: {integer: {range: [8, 64], log: true}}
        strategy: {tpe: {candidates: 50}}
        trials: 30
        objective: {maximize: validation.accuracy}
        pruner: median
        folds: 5
        seed: 11
        """

    fileprivate static let exact = 1 << 53
    fileprivate static let numbers: [Domain] = [
        .real(0...1), .real(-2...3, step: 0.5), .real(0...1, step: 0.3), .real(5...5), .log(0.00001...1),
        .real(-1e300...0.7e308),
    ]
    fileprivate static let domains: [Domain] =
        numbers + [
            .integer(-3...3), .integer(0...10, step: 3), .integer(1...1000, log: true), .integer(7...7),
            .integer(-exact...exact), .choice([1, 2, "a", true, 0.5]),
        ]

    private let search = Search(
        space: [
            "optimizer.adam.learningRate": .log(0.0001...0.1), "batchSize": .choice([32, 64, 128]),
            "model.2.dense.units": .integer(16...256), "model.3.dropout.rate": .real(0...0.5, step: 0.1),
            "model.2.dense.activation": .choice(["relu", "tanh"]),
            "model.4.dense.units": .integer(8...64, log: true),
        ],
        strategy: .tpe(TPE(candidates: 50)), trials: 30, objective: .maximize(metric: "validation.accuracy"),
        pruner: .median(startupTrials: 5, warmupSteps: 0), folds: 5, seed: 11)

    @Test func readsFiles() throws { #expect(try YAMLDecoder().decode(Search.self, from: text) == search) }

    @Test func survivesFiles() throws {
        #expect(try YAMLDecoder().decode(Search.self, from: YAMLEncoder().encode(search)) == search)
        #expect(try JSONDecoder().decode(Search.self, from: JSONEncoder().encode(search)) == search)
    }

    @Test func filesMayBeShort() throws {
        let short = try YAMLDecoder().decode(Search.self, from: "space: {a: {real: [0, 1]}}")
        #expect(short == Search(space: ["a": .real(0...1)]))
        #expect(short.strategy == .tpe)
        #expect(short.objective == .minimize(metric: "validation.loss"))
        #expect(short.trialLimit == 30)
    }

    fileprivate static let names: [(String, Strategy)] = [
        ("grid", .grid()), ("{grid: 4}", .grid(points: 4)), ("random", .random), ("tpe", .tpe),
        ("TPE", .tpe), ("gaussianProcess", .gaussianProcess),
        ("{gaussianProcess: {startupTrials: 3}}", .gaussianProcess(GaussianProcessSearch(startupTrials: 3))),
        ("{hyperband: 27}", .hyperband(Hyperband(maximumBudget: 27))),
        ("{hyperband: {maximumBudget: 16, eta: 2}}", .hyperband(Hyperband(maximumBudget: 16, eta: 2))),
        (
            "{successiveHalving: {trials: 9, maximumBudget: 18, minimumBudget: 2}}",
            .successiveHalving(SuccessiveHalving(trials: 9, minimumBudget: 2, maximumBudget: 18))
        ),
    ]

    @Test(arguments: SpaceTests.names) func strategies(_ text: String, _ strategy: Strategy) throws {
        #expect(try YAMLDecoder().decode(Strategy.self, from: text) == strategy)
        #expect(try YAMLDecoder().decode(Strategy.self, from: YAMLEncoder().encode(strategy)) == strategy)
    }

    @Test(arguments: [
        ("none", Pruner.none), ("median", .median(startupTrials: 5, warmupSteps: 0)),
        ("{median: {warmupSteps: 3}}", .median(startupTrials: 5, warmupSteps: 3)),
        ("{percentile: {percentile: 10}}", .percentile(percentile: 10, startupTrials: 5, warmupSteps: 0)),
    ])
    func pruners(_ text: String, _ pruner: Pruner) throws {
        #expect(try YAMLDecoder().decode(Pruner.self, from: text) == pruner)
    }

    fileprivate static let mistakes: [(String, String)] = [
        ("{spaces: {}}", "there is no key spaces (did you mean space?)"),
        ("{trials: 3}", "the key space is missing"),
        ("{space: {}}", "expected at least one path to search over at space"),
        ("{space: [1]}", "expected paths with their domains, such as batchSize: {choice: [32, 64]} at space"),
        (
            "{space: {a..b: {real: [0, 1]}}}",
            "expected a path such as optimizer.adam.learningRate but received \"a..b\" at space"
        ),
        ("{space: {a: {reel: [0, 1]}}}", "there is no domain reel (did you mean real?) at space.a"),
        ("{space: {a: {real: [0, 1], log: [1, 2]}}}", "expected one domain but received log, real at space.a"),
        ("{space: {a: {real: {rang: [0, 1]}}}}", "there is no key rang (did you mean range?) at space.a.real"),
        ("{space: {a: real}}", "the key range is missing"),
        ("{space: {a: {real: 3}}}", "expected two numbers, [low, high] at space.a.real"),
        ("{space: {a: {real: [0]}}}", "expected two numbers, [low, high], but received 1 at space.a.real"),
        ("{space: {a: {real: [0, 1, 2]}}}", "expected two numbers, [low, high], but received more at space.a.real"),
        ("{space: {a: {real: [1, 0]}}}", "expected low ≤ high but received [1.0, 0.0] at space.a.real"),
        ("{space: {a: {real: [0, .inf]}}}", "expected finite numbers but received [0.0, inf] at space.a.real"),
        ("{space: {a: {log: [0, 1]}}}", "expected low > 0 on a logarithmic scale but received 0.0 at space.a.log"),
        ("{space: {a: {integer: [5, 1]}}}", "expected low ≤ high but received [5, 1] at space.a.integer"),
        (
            "{space: {a: {integer: {range: [0, 9], log: true}}}}",
            "expected low ≥ 1 on a logarithmic scale but received 0 at space.a.integer"
        ),
        (
            "{space: {a: {integer: {range: [0, 9], step: 0}}}}",
            "expected a step between 1 and 2^53 but received 0 at space.a.integer"
        ),
        (
            "{space: {a: {integer: [-9223372036854775808, 9223372036854775807]}}}",
            "expected integers between -2^53 and 2^53 at space.a.integer"
        ),
        (
            "{space: {a: {real: {range: [0, 1], step: 1.0e-300}}}}",
            "expected a step above 0 that divides the range into less than 2^53 parts "
                + "but received 1e-300 at space.a.real"
        ),
        ("{space: {a: {choice: []}}}", "expected at least one value to choose from at space.a.choice"),
        ("{space: {a: {choice: [1, 2, 1.0]}}}", "1.0 is there more than once at space.a.choice"),
        ("{space: {a: {choice: [[1]]}}}", "expected a number, a text, true or false at space.a.choice.Index 0"),
        ("{space: {a: {choice: [.nan]}}}", "expected a finite number but received nan at space.a.choice.Index 0"),
        ("{space: {a: {real: [0, 1]}}, strategy: grit}", "there is no strategy grit (did you mean grid?) at strategy"),
        (
            "{space: {a: {real: [0, 1]}}, strategy: {tpe: {gama: 1}}}",
            "there is no key gama (did you mean gamma?) at strategy.tpe"
        ),
        (
            "{space: {a: {real: [0, 1]}}, strategy: {tpe: {gamma: 2}}}",
            "expected gamma between 0 and 1 but received 2.0 at strategy.tpe"
        ),
        (
            "{space: {a: {real: [0, 1]}}, strategy: {hyperband: 0}}",
            "expected maximumBudget between 1 and 1000000 but received 0 at strategy.hyperband"
        ),
        (
            "{space: {a: {real: [0, 1]}}, strategy: grid}",
            "strategy: a grid needs a step for a, or a number of points: {grid: 5}"
        ),
        (
            "{space: {a: {real: [0, 1]}}, objective: validation.loss}",
            "there is no objective validation.loss (known are minimize, maximize) at objective"
        ),
        ("{space: {a: {real: [0, 1]}}, objective: minimize}", "the key metric is missing"),
        ("{space: {a: {real: [0, 1]}}, pruner: mediam}", "there is no pruner mediam (did you mean median?) at pruner"),
        (
            "{space: {a: {real: [0, 1]}}, pruner: {median: {warmupSteps: -1}}}",
            "pruner: expected warmupSteps ≥ 0 but received -1"
        ),
        ("{space: {a: {real: [0, 1]}}, trials: 0}", "trials: expected a number between 1 and 1000000 but received 0"),
        ("{space: {a: {real: [0, 1]}}, folds: 0}", "folds: expected a number between 1 and 1000 but received 0"),
    ]

    @Test(arguments: SpaceTests.mistakes) func errors(_ text: String, _ expected: String) {
        #expect(problem(Search.self, text) == expected)
    }

    @Test func kindsOfSettings() throws {
        let values = try YAMLDecoder().decode([Setting].self, from: "[true, 3, 0.5, relu, -1.0e-3, '1 2']")
        #expect(values == [true, 3, 0.5, "relu", -0.001, "1 2"])
        #expect(try JSONDecoder().decode([Setting].self, from: JSONEncoder().encode(values)) == values)
    }

    /// Every value that a strategy may draw lies in its domain, and survives a file that does not tell 1 from 1.0.
    @Test(arguments: SpaceTests.domains)
    func proposalsLieInTheirDomain(_ domain: Domain) throws {
        let space: SearchSpace = ["x": domain]
        for strategy in [
            Strategy.random, .tpe(TPE(startupTrials: 3)),
            .gaussianProcess(GaussianProcessSearch(startupTrials: 3, candidates: 20)),
        ] {
            var observations: [Observation] = []
            for number in 0..<12 {
                let history = SearchHistory(space: space, seed: 3, limit: 12, observations: observations)
                guard case .new(let assignment, nil) = strategy.value.proposal(history) else {
                    Issue.record("no proposal")
                    return
                }
                let text = try JSONEncoder().encode(assignment)
                let read = try JSONDecoder().decode(Assignment.self, from: text)
                #expect(space.canonical(read) == assignment)
                observations.append(
                    Observation(
                        assignment: assignment, state: .complete, loss: number % 5 == 0 ? .infinity : Double(number % 4)
                    ))
            }
        }
    }

    /// Random changes of a text are read or refused, and whatever is read can be searched.
    @Test func fuzz() throws {
        var random = SeededGenerator(seed: 1)
        let pieces = [
            "{", "}", "[", "]", ":", ",", "0", "-1", "1e308", ".nan", "null", "log", "step", "choice", "~", "'", "\n",
            "  ", "9223372036854775807",
        ]
        let strategies = [
            "grid: 5", "hyperband: 81", "successiveHalving: {trials: 9, maximumBudget: 9}", "tpe: {gamma: 0.1}",
        ]
        var read = 0
        for round in 0..<400 {
            let characters = Array(text.replacing("tpe: {candidates: 50}", with: strategies[round % strategies.count]))
            var changed = characters
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<changed.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: changed.remove(at: index)
                case 1: changed.insert(contentsOf: pieces.randomElement(using: &random) ?? "", at: index)
                default:
                    let end = min(changed.count, index + Int.random(in: 1...8, using: &random))
                    changed.replaceSubrange(index..<end, with: pieces.randomElement(using: &random) ?? "")
                }
            }
            guard let search = try? YAMLDecoder().decode(Search.self, from: String(changed)) else { continue }
            read += 1
            for strategy in [search.strategy, .random] {
                let history = SearchHistory(
                    space: search.space, seed: search.seed, limit: search.trialLimit, observations: [])
                guard case .new(let assignment, _) = strategy.value.proposal(history) else {
                    Issue.record("no proposal")
                    continue
                }
                #expect(search.space.canonical(assignment) == assignment)
            }
        }
        #expect((40..<400).contains(read))
    }
}
