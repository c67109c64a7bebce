import Apus
import ApusConfiguration
import ApusExperiments
import ApusSearch
import ApusTestKit
import Foundation
import Testing

@Suite struct TuningTests {
    private let grid: SearchSpace = [
        "optimizer.adam.learningRate": .choice([0.001, 0.05]), "batchSize": .choice([16, 64]),
    ]

    private func tuning(_ folder: String, _ search: Search, name: String = "search") throws -> Tuning {
        try Tuning(
            try moonsFile(), search, name: name, in: TrialStore(path: "\(folder)/runs.sqlite"),
            folder: "\(folder)/\(name)")
    }

    /// An experiment in Swift is searched in a folder, and continued by another program there.
    @Test func anExperimentIsSearched() throws {
        try withTemporaryFolder { folder in
            let (experiment, search) = (try moonsFile().experiment(), Search(space: grid, strategy: .grid()))
            #expect(
                try !Tuning(experiment, search, in: "\(folder)/s").run(callbacks: [Interruption(after: 4).callback]))
            let tuning = try Tuning(experiment, search, in: "\(folder)/s")
            #expect(try tuning.study.trials().count { $0.finished != nil } == 1 && tuning.study.name == "moons")
            #expect(try tuning.run())
            #expect(try tuning.study.best()?.assignment["optimizer.adam.learningRate"] == 0.05)
            for name in ["search.sqlite", "trial-3/experiment.yaml"] {
                #expect(FileManager.default.fileExists(atPath: "\(folder)/s/\(name)"))
            }
        }
    }

    @Test func everyCombinationIsARun() throws {
        try withTemporaryFolder { folder in
            let tuning = try self.tuning(folder, Search(space: grid, strategy: .grid()))
            var seen: [Int] = []
            #expect(try tuning.run { seen.append($0.number) })
            #expect(seen == [0, 1, 2, 3])
            let trials = try tuning.study.trials()
            #expect(Set(trials.map(\.assignment)).count == 4)
            let best = try #require(try tuning.study.best())
            #expect(best.score == trials.compactMap(\.score).min())
            #expect(best.assignment["optimizer.adam.learningRate"] == 0.05)
            // The experiment in the folder gives the same score again.
            let path = try #require(best.folder)
            var again = try ExperimentRun(try RunFolder(existing: path).experiment())
            try again.begin(in: "\(folder)/again")
            try again.train()
            #expect(try again.trainer.evaluate(#require(again.data.validation)).loss == best.score)
            #expect(try tuning.table().split(separator: "\n")[1].hasPrefix("\(best.number)"))
        }
    }

    @Test func anInterruptedSearchGoesOnAndEndsTheSame() throws {
        try withTemporaryFolder { folder in
            let search = Search(
                space: ["optimizer.adam.learningRate": .log(0.001...0.1)], strategy: .tpe, trials: 5)
            let whole = try tuning(folder, search, name: "whole")
            #expect(try whole.run())
            let cut = try tuning(folder, search, name: "cut")
            #expect(try !cut.run(callbacks: [Interruption(after: 5).callback]))
            #expect(try cut.study.trials().count { $0.finished != nil } == 1)
            #expect(try cut.run())
            #expect(try cut.study.trials().map(\.score) == whole.study.trials().map(\.score))
            #expect(try cut.study.trials().map(\.assignment) == whole.study.trials().map(\.assignment))
        }
    }

    @Test func halvingGoesOnWithPromotedTrials() throws {
        try withTemporaryFolder { folder in
            let search = Search(
                space: ["optimizer.adam.learningRate": .log(0.001...0.1)],
                strategy: .hyperband(Hyperband(maximumBudget: 4, eta: 2)))
            let tuning = try self.tuning(folder, search)
            #expect(try tuning.run())
            let trials = try tuning.study.trials()
            let promoted = try #require(trials.first { $0.scores.count > 1 })
            let epochs = try RunFolder(existing: try #require(promoted.folder)).history().epochs.map(\.epoch)
            // Each epoch once: it continued where it was.
            #expect(epochs == Array(1...promoted.scores.keys.max()!))
        }
    }

    @Test func badTrialsArePruned() throws {
        try withTemporaryFolder { folder in
            let search = Search(
                space: ["optimizer.adam.learningRate": .choice([0.05, 0.04, 0.03, 0.000001])], strategy: .grid(),
                pruner: .median(startupTrials: 2, warmupSteps: 0))
            let tuning = try self.tuning(folder, search)
            #expect(try tuning.run())
            let last = try #require(
                try tuning.study.trials().first { $0.assignment["optimizer.adam.learningRate"] == 0.000001 })
            #expect(last.state == .pruned)
            #expect(try RunFolder(existing: try #require(last.folder)).history().epochs.count == 1)
        }
    }

    @Test func foldsGiveTheMean() throws {
        try withTemporaryFolder { folder in
            let search = Search(space: ["epochs": .choice([1])], strategy: .grid(), folds: 3)
            let tuning = try self.tuning(folder, search)
            #expect(try tuning.run())
            let scores = try (1...3).map { fold in
                try #require(
                    RunFolder(existing: "\(folder)/search/trial-0/fold-\(fold)").history().epochs.last?.validation?.loss
                )
            }
            #expect(try abs(#require(tuning.study.best()?.score) - scores.reduce(0, +) / 3) < 1e-6)
        }
    }

    @Test func aTrialMayDiverge() throws {
        try withTemporaryFolder { folder in
            let search = Search(
                space: ["optimizer": .choice(["adam"]), "loss": .choice(["nothing"])], strategy: .grid())
            #expect(throws: ConfigurationError.self) { try self.tuning(folder, search) }
            let diverging = Search(
                space: ["optimizer.adam.learningRate": .choice([1e39, 0.01])], strategy: .grid())
            let tuning = try self.tuning(folder, diverging)
            #expect(try tuning.run())
            #expect(try tuning.study.trials().map(\.state).sorted { "\($0)" < "\($1)" } == [.complete, .diverged])
        }
    }

    /// A search of one name is one of the same settings, but for those searched over.
    @Test func otherSettingsAreAnotherSearch() throws {
        try withTemporaryFolder { folder in
            let store = try TrialStore(path: "\(folder)/runs.sqlite")
            let search = Search(space: ["batchSize": .choice([16, 64])], strategy: .grid())
            func tuning(_ assignments: String...) throws -> Tuning {
                let file = try assignments.reduce(moonsFile()) { try $0.setting($1) }
                return try Tuning(file, search, name: "s", in: store, folder: "\(folder)/s")
            }
            #expect(try tuning("epochs=1").run())
            #expect(
                message { try tuning("epochs=2") }.contains("begun with other settings: epochs is 2, it was 1. Give"))
            #expect(try tuning("epochs=1", "batchSize=8", "name=other").study.trials().count == 2)
            try Tuning.remove("s", in: store, folder: "\(folder)/s")
            #expect(try tuning("epochs=2").run())
            #expect(try tuning("epochs=2").study.trials().map(\.state) == [.complete, .complete])
        }
    }

    @Test func objectivesAreFoundFirst() throws {
        try withTemporaryFolder { folder in
            func problem(_ objective: SearchGoal, _ assignments: String..., folds: Int = 1) -> String {
                message {
                    let file = try assignments.reduce(moonsFile()) { try $0.setting($1) }
                    let search = Search(
                        space: ["batchSize": .choice([16, 64])], strategy: .grid(), objective: objective, folds: folds)
                    return try Tuning(
                        file, search, name: "s", in: TrialStore(path: "\(folder)/runs.sqlite"), folder: "\(folder)/s")
                }
            }
            #expect(
                problem(.maximize(metric: "validation.acuracy"))
                    == "the objective is validation.acuracy, which this training does not measure (did you mean validation.accuracy?)"
            )
            #expect(
                problem(.minimize(metric: "validation.loss"), "data.validation.fraction=0").contains(
                    "no validation data"))
            #expect(problem(.minimize(metric: "training.loss"), "data.validation.fraction=0") == "no error")
            #expect(problem(.minimize(metric: "training.loss"), folds: 2).contains("name validation.loss"))
        }
    }

    @Test func impossiblePathsAreFoundFirst() throws {
        try withTemporaryFolder { folder in
            let error = #expect(throws: ConfigurationError.self) {
                try self.tuning(folder, Search(space: ["optimizer.adam.learnRate": .log(0.001...0.1)]))
            }
            #expect(error?.description.contains("learningRate") == true)
        }
    }
}
