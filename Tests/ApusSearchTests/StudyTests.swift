import ApusSearch
import ApusTestKit
import Foundation
import Testing

@Suite(.timeLimit(.minutes(20))) struct StudyTests {
    fileprivate static let space: SearchSpace = [
        "rate": .log(1e-5...1), "size": .choice([32, 64, 128]), "units": .integer(8...64),
    ]

    fileprivate static func score(_ assignment: Assignment) -> Double {
        let rate = log10((assignment["rate"]?.number ?? 1) / 0.003)
        return rate * rate + abs((assignment["units"]?.number ?? 0) - 20) / 10
    }

    /// Asks and tells a number of times; every seventh trial fails.
    @discardableResult private func advance(_ study: Study, _ count: Int) throws -> [Assignment] {
        var assignments: [Assignment] = []
        for _ in 0..<count {
            guard let trial = try study.ask().trial else { break }
            assignments.append(trial.assignment)
            if trial.number % 7 == 6 {
                try study.tell(trial, failure: "it broke")
            } else {
                try study.tell(trial, score: Self.score(trial.assignment) + 1 / Double(trial.budget ?? 1))
            }
        }
        return assignments
    }

    @Test(arguments: [
        Strategy.random, .tpe(TPE(startupTrials: 4)), .gaussianProcess(GaussianProcessSearch(startupTrials: 4)),
        .grid(points: 3), .hyperband(Hyperband(maximumBudget: 9)),
    ])
    func resumes(_ strategy: Strategy) async throws {
        let search = Search(space: Self.space, strategy: strategy, trials: 16, seed: 3)
        try await withStorePath { path in
            let undisturbed = try advance(Study("a", search, in: TrialStore(path: path)), 99)
            #expect(undisturbed.count >= 16)
            let first = try advance(Study("b", search, in: TrialStore(path: path)), 7)
            let second = try advance(Study("b", search, in: TrialStore(path: path)), 5)
            let third = try advance(Study("b", search, in: TrialStore(path: path)), 99)
            #expect(first.count == 7 && second.count == 5)
            #expect(first + second + third == undisturbed)
            let store = try TrialStore(path: path)
            #expect(try store.trials(of: "a").map(\.seed) == store.trials(of: "b").map(\.seed))
            #expect(try Set(store.trials(of: "a").map(\.seed)).count == store.trials(of: "a").count)
        }
    }

    /// To maximize is to minimize the negated score.
    @Test(arguments: [
        Strategy.tpe(TPE(startupTrials: 4)), .gaussianProcess(GaussianProcessSearch(startupTrials: 4)),
        .hyperband(Hyperband(maximumBudget: 9)),
    ])
    func maximizes(_ strategy: Strategy) async throws {
        try await withStorePath { path in
            let store = try TrialStore(path: path)
            let objectives: [(SearchGoal, Double)] = [(.minimize(metric: "loss"), 1), (.maximize(metric: "gain"), -1)]
            let found = try objectives.map { objective, sign in
                let search = Search(space: Self.space, strategy: strategy, trials: 17, objective: objective)
                let study = try Study(objective.metric, search, in: store)
                var assignments: [Assignment] = []
                for _ in 0..<100 {
                    guard let trial = try study.ask().trial else { break }
                    assignments.append(trial.assignment)
                    if trial.number % 3 == 2, trial.usedBudget == 0 {
                        _ = try study.report(trial, step: 0, value: sign * Self.score(trial.assignment))
                        try study.prune(trial)
                    } else {
                        try study.tell(trial, score: sign * Self.score(trial.assignment))
                    }
                }
                return (assignments, try study.best()?.number)
            }
            #expect(found[0].0 == found[1].0)
            #expect(found[0].1 == found[1].1)
        }
    }

    /// A search may be made longer, and no other way.
    @Test func changes() async throws {
        try await withStorePath { path in
            let store = try TrialStore(path: path)
            var search = Search(space: Self.space, strategy: .random, trials: 3)
            try advance(Study("a", search, in: store), 99)
            search.trials = 5
            let longer = try Study("a", search, in: store)
            try advance(longer, 99)
            #expect(try longer.trials().count == 5)
            #expect(try store.search(of: "a") == search)
            search.seed = 9
            #expect(
                message { try Study("a", search, in: store) }
                    == "the study a in \(path) has another seed. Give this search another name, or begin it anew: --anew of the command, TrialStore.removeStudy in Swift."
            )
            search.space = ["x": .real(1...2)]
            #expect(message { try Study("a", search, in: store) }.contains("has another space"))
            search.space = [:]
            #expect(
                message { try Study("b", search, in: store) }
                    == "the search is impossible: space: expected at least one path to search over")
            #expect(try store.studies() == ["a"])
            #expect(
                message { try store.trials(of: "c") } == "there is no study c in \(path); there are a")
            #expect(try store.removeStudy("a"))
            #expect(try store.studies().isEmpty)
        }
    }

    /// What trials have in common is part of the study.
    @Test func settingsMustStay() async throws {
        try await withStorePath { path in
            let store = try TrialStore(path: path)
            let search = Search(space: Self.space, strategy: .random, trials: 3)
            func open(_ settings: [String: String]) throws -> Study {
                try Study("a", search, in: store, settings: settings)
            }
            try advance(open(["epochs": "10", "loss": "huber"]), 1)
            try advance(open(["epochs": "10", "loss": "huber"]), 1)
            #expect(
                message { try open(["epochs": "2", "metrics[0]": "f1"]) }
                    == "the study a in \(path) was begun with other settings: epochs is 2, it was 10; "
                    + "loss is absent, it was huber; metrics[0] is f1, it was absent. "
                    + "Give this search another name, or begin it anew: --anew of the command, TrialStore.removeStudy in Swift."
            )
            // A study of before has none noted.
            try store.write { try $0.execute(sql: "UPDATE studies SET settings = NULL") }
            _ = try open(["epochs": "2"])
            #expect(message { try open(["epochs": "3"]) }.contains("epochs is 3, it was 2"))
        }
    }

    /// No assignment is tried twice; with the last one the search ends.
    @Test(arguments: [
        Strategy.random, .tpe(TPE(startupTrials: 3)), .gaussianProcess(GaussianProcessSearch(startupTrials: 3)),
        .grid(),
    ])
    func nothingIsTriedTwice(_ strategy: Strategy) async throws {
        try await withStorePath { path in
            let search = Search(
                space: ["a": .choice(["x", "y"]), "b": .integer(1...3), "c": .real(0...0.3, step: 0.1)],
                strategy: strategy,
                trials: 100)
            #expect(search.trialLimit == 24 && search.wantedTrials == 100)
            let assignments = try advance(Study("a", search, in: TrialStore(path: path)), 100)
            #expect(assignments.count == 24 && Set(assignments).count == 24)
            #expect(Search(space: Self.space, strategy: strategy, trials: 100).trialLimit == 100 || strategy == .grid())
        }
    }

    @Test(arguments: [
        Strategy.successiveHalving(SuccessiveHalving(trials: 9, maximumBudget: 9)),
        .hyperband(Hyperband(maximumBudget: 9)),
    ])
    func bracketsTryNothingTwice(_ strategy: Strategy) async throws {
        try await withStorePath { path in
            let search = Search(space: ["a": .integer(1...4)], strategy: strategy, trials: 200)
            let study = try Study("a", search, in: TrialStore(path: path))
            var budgets: [Assignment: [Int]] = [:]
            for _ in 0..<200 {
                guard let trial = try study.ask().trial else { break }
                budgets[trial.assignment, default: []].append(try #require(trial.budget))
                try study.tell(trial, score: try #require(trial.assignment["a"]?.number))
            }
            #expect(try study.ask() == .finished)
            #expect(budgets.count == 4)
            #expect(budgets[["a": 1]]?.max() == 9)
            if strategy.name == "successiveHalving" {
                #expect(Set(budgets[["a": 1]] ?? []).count == budgets[["a": 1]]?.count)
            }
        }
    }

    @Test func trialsAreRemembered() async throws {
        try await withStorePath { path in
            let search = Search(
                space: Self.space, strategy: .random, trials: 4, objective: .maximize(metric: "accuracy"))
            let study = try Study("a", search, in: TrialStore(path: path))
            let first = try #require(try study.ask().trial)
            #expect(first.state == .running && first.number == 0 && first.attempts == 1 && first.started != nil)
            try study.setFolder("runs/a-0", of: first)
            _ = try study.report(first, step: 0, value: 0.5)
            _ = try study.report(first, step: 1, value: .nan)
            _ = try study.report(first, step: 2, value: .infinity)
            try study.tell(first, score: 0.75)
            try study.tell(try #require(try study.ask().trial), score: 0.875)
            try study.tell(try #require(try study.ask().trial), score: .nan)
            try study.tell(try #require(try study.ask().trial), failure: "out of memory")
            #expect(try study.ask() == .finished)

            let again = try Study("a", search, in: TrialStore(path: path))
            let trials = try again.trials()
            #expect(trials.map(\.state) == [.complete, .complete, .diverged, .failed])
            #expect(trials.map(\.score) == [0.75, 0.875, nil, nil])
            #expect(trials.map(\.error) == [nil, nil, "the score is not a number", "out of memory"])
            #expect(trials[0].folder == "runs/a-0" && trials[0].finished != nil)
            #expect(try again.best()?.number == 1)
            let values = try again.values(of: trials[0])
            #expect(values.map(\.step) == [0, 1, 2])
            #expect(values[0].value == 0.5 && values[1].value.isNaN && values[2].value == .infinity)
            #expect(message { try again.tell(trials[0], score: 1) } == "trial 0 does not run here: it is complete")
        }
    }

    /// A promoted trial is the same trial, with what it has used so far.
    @Test func promotions() async throws {
        try await withStorePath { path in
            let search = Search(
                space: Self.space, strategy: .successiveHalving(SuccessiveHalving(trials: 3, maximumBudget: 3)))
            let study = try Study("a", search, in: TrialStore(path: path))
            for score in [3.0, 1, 2] { try study.tell(try #require(try study.ask().trial), score: score) }
            let promoted = try #require(try study.ask().trial)
            #expect(promoted.number == 1 && promoted.budget == 3 && promoted.usedBudget == 1)
            #expect(promoted.scores == [1: 1])
            #expect(try study.ask() == .wait)
            try study.tell(promoted, score: 0.5)
            #expect(try study.ask() == .finished)
            #expect(try study.best()?.scores == [1: 1, 3: 0.5])
        }
    }

    @Test func prunes() async throws {
        try await withStorePath { path in
            let search = Search(
                space: Self.space, strategy: .tpe, trials: 6, objective: .maximize(metric: "accuracy"),
                pruner: .median(startupTrials: 2, warmupSteps: 1))
            let study = try Study("a", search, in: TrialStore(path: path))
            try study.run { trial, reporter in
                // The accuracy of trial n ends at (n mod 3) / 10 less than 0.9.
                let end = 0.9 - Double(trial.number % 3) / 10
                for step in 0..<3 { try reporter.report(step: step, value: end * Double(step + 1) / 3) }
                return end
            }
            let trials = try study.trials()
            #expect(trials.map(\.state) == [.complete, .complete, .pruned, .complete, .pruned, .pruned])
            #expect(try study.values(of: trials[2]).map(\.step) == [0, 1])
            #expect(try study.best()?.number == 0)
        }
    }

    /// Several tasks on connections of their own: every trial is run once.
    @Test func parallel() async throws {
        try await withStorePath { path in
            let search = Search(
                space: Self.space, strategy: .hyperband(Hyperband(maximumBudget: 9)), trials: 17)
            let counts = Collector<String>()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        let study = try Study("a", search, in: TrialStore(path: path))
                        try study.run { trial, _ in
                            counts.add("\(trial.number)@\(trial.budget ?? 0)")
                            Thread.sleep(forTimeInterval: 0.001)
                            return Self.score(trial.assignment)
                        }
                    }
                }
                try await group.waitForAll()
            }
            // 9@1 3@3 1@9, 5@3 1@9, 3@9.
            #expect(counts.elements.count == 22 && Set(counts.elements).count == 22)
            let trials = try TrialStore(path: path).trials(of: "a")
            #expect(trials.map(\.number) == Array(0..<17))
            #expect(trials.allSatisfy { $0.state == .complete })
        }
    }

    /// A trial that is interrupted is given back, and the same search continues with it.
    @Test func interruptedTrialsAreGivenBack() async throws {
        try await withStorePath { path in
            let study = try Study(
                "a", Search(space: Self.space, strategy: .random, trials: 2), in: TrialStore(path: path))
            for interruption: any Error in [TrialInterrupted(), CancellationError()] {
                #expect(try !study.run { _, _ in throw interruption })
                #expect(try study.trials().map(\.state) == [.waiting])
                // What was given back was no attempt.
                #expect(try study.trials().map(\.attempts) == [0])
            }
            var ended: [Int] = []
            #expect(try study.run(finished: { ended.append($0.number) }) { _, _ in 0 })
            #expect(ended == [0, 1])
            #expect(try study.trials().map(\.attempts) == [1, 1])
            #expect(try study.trials().map(\.state) == [.complete, .complete])
        }
    }

    /// What receives trials is no part of them: its error ends the search, and the trial keeps its score.
    @Test func errorsOfListenersEndTheSearch() async throws {
        struct Broken: Error {}
        try await withStorePath { path in
            let study = try Study(
                "a", Search(space: Self.space, strategy: .random, trials: 2), in: TrialStore(path: path))
            #expect(throws: Broken.self) { try study.run(finished: { _ in throw Broken() }) { _, _ in 0 } }
            #expect(try study.trials().map(\.state) == [.complete])
        }
    }

    @Test func failuresDoNotEndASearch() async throws {
        struct Broken: Error, CustomStringConvertible { let description = "the loss is infinite" }
        try await withStorePath { path in
            let study = try Study("a", Search(space: Self.space, trials: 15), in: TrialStore(path: path))
            try study.run { trial, _ in
                if trial.number % 2 == 1 { throw Broken() }
                return Self.score(trial.assignment)
            }
            #expect(try study.trials().filter { $0.error == "the loss is infinite" }.count == 7)
            #expect(try study.ask() == .finished)
        }
    }
}
