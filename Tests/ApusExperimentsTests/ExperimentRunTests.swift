import Apus
import ApusConfiguration
import ApusExperiments
import ApusReport
import ApusTestKit
import Foundation
import Testing

@Suite struct ExperimentRunTests {
    @Test func theFolderTellsEverything() throws {
        try withTemporaryFolder { folder in
            var run = try ExperimentRun(try moonsFile().experiment())
            try run.begin(in: "\(folder)/a")
            try run.train()
            try run.writeReport()
            for name in [
                "experiment.yaml", "run.json", "summary.txt", "inputs.json", "events.jsonl", "metrics.csv",
                "report.html", "checkpoints/last/state.safetensors", "checkpoints/best/state.json",
            ] { #expect(FileManager.default.fileExists(atPath: "\(folder)/a/\(name)"), "\(name) is missing") }
            let kept = try RunFolder(existing: "\(folder)/a")
            #expect(try kept.experiment() == run.experiment)
            #expect(try kept.record().state == .completed)
            // The test part is measured with the weights that are kept.
            let test = try #require(run.data.test)
            let trainer = try FinishedRun(kept).trainer
            #expect(try trainer.evaluate(test) == run.record.test)
            let (samples, model) = (test.features(at: 0).reshaped(to: [1, 2]), try TrainedModel(run: kept))
            #expect(trainer.preprocessing == test.preprocessing && test.preprocessing != .identity)
            #expect(try model(samples).scalars == trainer.predict(samples).scalars)
            #expect(model.classNames == test.classNames && model.meaning == .classes(areProbabilities: false))
        }
    }

    /// Data of a program get a run folder, too: it is resumed with them, used without them, and says that files can't read them.
    @Test func dataOfOnesOwn() throws {
        try withTemporaryFolder { folder in
            let (rest, test) = try Dataset.moons(count: 200, noise: 0.1, seed: 1).split(validation: 0.2, seed: 7)
            func given(_ seed: UInt64 = 7) throws -> LoadedData {
                let parts = try rest.split(validation: 0.1, seed: seed)
                return try LoadedData(training: parts.training, validation: parts.validation, test: test)
            }
            let experiment = try moonsFile().experiment()
            func weights(_ name: String) -> Data? {
                FileManager.default.contents(atPath: "\(folder)/\(name)/checkpoints/last/state.safetensors")
            }
            var whole = try ExperimentRun(experiment, data: given())
            try whole.begin(in: "\(folder)/whole")
            try whole.train()
            try whole.writeReport()
            var cut = try ExperimentRun(experiment, data: given())
            try cut.begin(in: "\(folder)/cut")
            try cut.train(callbacks: [Interruption(after: 1).callback])
            let kept = try RunFolder(existing: "\(folder)/cut")
            #expect(throws: TrainingError.self) { try ExperimentRun(resuming: kept, data: given(8)) }
            #expect(
                message { try ExperimentRun(resuming: kept) }.hasPrefix(
                    "the data of this experiment were given by a program, and files can't name them."))
            var resumed = try ExperimentRun(resuming: kept, data: given())
            try resumed.train()
            #expect(weights("whole") != nil && weights("whole") == weights("cut"))
            #expect(resumed.record.test == whole.record.test && whole.record.test != nil)
            #expect(try TrainedModel("\(folder)/cut").inputs.first?.shape == [2])
            let text = try String(contentsOfFile: "\(folder)/cut/experiment.yaml", encoding: .utf8)
            #expect(text.contains("source: given\n"))
        }
    }

    /// Where weights are averaged, the averages are what is kept, measured and used.
    @Test func averagesAreTheResult() throws {
        try withTemporaryFolder { folder in
            let file = try moonsFile().setting("optimizer.average", to: "0.9").setting("epochs", to: "1")
            var run = try ExperimentRun(try file.experiment())
            try run.begin(in: "\(folder)/a")
            try run.train()
            let (test, kept) = (try #require(run.data.test), try RunFolder(existing: "\(folder)/a"))
            let expected = try run.trainer.evaluate(test)
            #expect(try FinishedRun(kept).trainer.evaluate(test) == expected)
            #expect(run.record.test == expected)
            let samples = test.features(at: 0).reshaped(to: [1, 2])
            #expect(try TrainedModel(run: kept)(samples).scalars == run.trainer.predict(samples).scalars)
        }
    }

    @Test func aRunNeverOverwritesAnother() throws {
        try withTemporaryFolder { folder in
            var run = try ExperimentRun(try moonsFile().experiment())
            try run.begin(in: "\(folder)/a")
            var other = try ExperimentRun(try moonsFile().experiment())
            #expect(throws: TrainingError.self) { try other.begin(in: "\(folder)/a") }
        }
    }

    @Test func anInterruptedRunEndsLikeAnotherOne() throws {
        try withTemporaryFolder { folder in
            var whole = try ExperimentRun(try moonsFile().experiment())
            try whole.begin(in: "\(folder)/whole")
            try whole.train()
            var first = try ExperimentRun(try moonsFile().experiment())
            try first.begin(in: "\(folder)/cut")
            try first.train(callbacks: [Interruption(after: 1).callback])
            #expect(first.record.state == .interrupted)
            #expect(first.record.test == nil)
            var second = try ExperimentRun(resuming: RunFolder(existing: "\(folder)/cut"))
            try second.train()
            #expect(second.record.state == .completed)
            #expect(second.record.resumes.count == 1)
            #expect(second.record.test == whole.record.test)
            func weights(_ name: String) -> Data? {
                FileManager.default.contents(atPath: "\(folder)/\(name)/checkpoints/last/state.safetensors")
            }
            #expect(weights("whole") != nil && weights("whole") == weights("cut"))
        }
    }

    /// The weights of the best epoch are among what a callback remembers: here those of the first, for the loss shall grow.
    @Test func aResumedRunKeepsTheBestEpoch() throws {
        try withTemporaryFolder { folder in
            let rule = "[{earlyStopping: {monitor: training.loss, mode: max, patience: 3}}]"
            let experiment = try moonsFile().setting("epochs", to: "9").setting("callbacks", to: rule).experiment()
            func run(_ name: String, interrupted: Bool) throws -> ExperimentRun {
                var run = try ExperimentRun(experiment)
                try run.begin(in: "\(folder)/\(name)")
                guard interrupted else {
                    #expect(try run.train().epochs.count == 4)
                    return run
                }
                try run.train(callbacks: [Interruption(after: 2).callback])
                var rest = try ExperimentRun(resuming: RunFolder(existing: "\(folder)/\(name)"))
                #expect(try rest.train().epochs.count == 4)
                return rest
            }
            let runs = [try run("whole", interrupted: false), try run("cut", interrupted: true)]
            let states = try runs.map { try #require($0.trainer.state) }
            for path in states[0].variables.paths {
                #expect(states[0].variables[path]!.scalars == states[1].variables[path]!.scalars, "\(path)")
            }
            #expect(states.map(\.step) == [5, 5])
        }
    }

    /// What a callback made of the learning rate holds after an interruption: here it is halved, for the loss shall grow.
    @Test func aResumedRunKeepsItsLearningRate() throws {
        try withTemporaryFolder { folder in
            let rule = "[{reduceOnPlateau: {monitor: training.loss, mode: max, patience: 1, factor: 0.5}}]"
            let file = try moonsFile().setting("epochs", to: "6").setting("callbacks", to: rule)
            var whole = try ExperimentRun(file.experiment())
            try whole.begin(in: "\(folder)/whole")
            let rates = try whole.train().epochs.map(\.learningRate)
            var first = try ExperimentRun(file.experiment())
            try first.begin(in: "\(folder)/cut")
            try first.train(callbacks: [Interruption(after: 4).callback])
            var rest = try ExperimentRun(resuming: RunFolder(existing: "\(folder)/cut"))
            #expect(try rest.train().epochs.map(\.learningRate) == rates)
            #expect(rates[3] < 0.02 && rates[5] < rates[3])
        }
    }

    /// Records of before hold the fingerprint of another hash, without its name.
    @Test func runsOfTheFormerFingerprintGoOn() throws {
        try withTemporaryFolder { folder in
            var first = try ExperimentRun(try moonsFile().experiment())
            try first.begin(in: "\(folder)/a")
            try first.train(callbacks: [Interruption(after: 1).callback])
            let kept = try RunFolder(existing: "\(folder)/a")
            var record = try kept.record()
            #expect(record.dataFingerprint.hasPrefix("xxh3:"))
            #expect(first.data.fingerprintText(like: record.dataFingerprint) == record.dataFingerprint)
            record.dataFingerprint = first.data.fingerprintText(like: "0")
            #expect(record.dataFingerprint == "a54b5625cd4cd329")
            try kept.write("run.json", json: record)
            var second = try ExperimentRun(resuming: kept)
            try second.train()
            #expect(second.record.state == .completed)

            for wrong in ["1234", "xxh3:0000000000001234"] {
                record.dataFingerprint = wrong
                try kept.write("run.json", json: record)
                let error = #expect(throws: TrainingError.self) { try ExperimentRun(resuming: kept) }
                let found = first.data.fingerprintText(like: wrong)
                #expect(
                    error?.description
                        == "the data are not those of the run \(kept.path): their fingerprint is \(found), it was \(wrong)"
                )
            }
        }
    }

    @Test func aFailureIsWrittenDown() throws {
        try withTemporaryFolder { folder in
            struct Failure: Error {}
            var run = try ExperimentRun(try moonsFile().experiment())
            try run.begin(in: "\(folder)/a")
            #expect(throws: Failure.self) {
                try run.train(callbacks: [.onEvent { event, _ in if case .epochEnded = event { throw Failure() } }])
            }
            #expect(try RunFolder(existing: "\(folder)/a").record().state == .failed)
        }
    }

    @Test func completedRunsWantMoreEpochs() throws {
        try withTemporaryFolder { folder in
            var run = try ExperimentRun(try moonsFile().experiment())
            try run.begin(in: "\(folder)/a")
            try run.train()
            let kept = try RunFolder(existing: "\(folder)/a")
            for epochs in [nil, 2, 3] {
                let error = #expect(throws: TrainingError.self) { try ExperimentRun(resuming: kept, epochs: epochs) }
                #expect(
                    error?.description == "the run \(kept.path) is completed; give more epochs than 3 to continue")
            }
            var more = try ExperimentRun(resuming: kept, epochs: 5)
            #expect(try more.train().epochs.count == 5)
            #expect(try kept.experiment() == more.experiment)
        }
    }

    @Test func aResumedRunKeepsItsEpochs() throws {
        try withTemporaryFolder { folder in
            var run = try ExperimentRun(try moonsFile().experiment())
            try run.begin(in: "\(folder)/a")
            try run.train(callbacks: [Interruption(after: 1).callback])
            let kept = try RunFolder(existing: "\(folder)/a")
            var more = try ExperimentRun(resuming: kept, epochs: 6)
            // Not before it begins.
            #expect(try kept.experiment().epochs == 3)
            try more.train(callbacks: [Interruption(after: 1).callback])
            #expect(more.record.state == .interrupted)
            #expect(try kept.experiment() == more.experiment)
            var rest = try ExperimentRun(resuming: kept)
            #expect(rest.experiment.epochs == 6)
            #expect(try rest.train().epochs.count == 6)
        }
    }

    @Test func anUnfinishedRunMayGetFewerEpochs() throws {
        try withTemporaryFolder { folder in
            var run = try ExperimentRun(try moonsFile().experiment())
            try run.begin(in: "\(folder)/a")
            try run.train(callbacks: [Interruption(after: 1).callback])
            let kept = try RunFolder(existing: "\(folder)/a")
            var rest = try ExperimentRun(resuming: kept, epochs: 2)
            #expect(try rest.train().epochs.count == 2)
            #expect(rest.record.state == .completed)
            #expect(try kept.experiment().epochs == 2)
        }
    }

    /// The folder of the data belongs to the machine that continues.
    @Test func anotherPlaceOfTheDataIsNotKept() throws {
        try withTemporaryFolder { folder in
            var run = try ExperimentRun(try moonsFile().experiment())
            try run.begin(in: "\(folder)/a")
            try run.train(callbacks: [Interruption(after: 1).callback])
            let kept = try RunFolder(existing: "\(folder)/a")
            var rest = try ExperimentRun(resuming: kept, epochs: 2, directory: folder)
            try rest.train()
            var expected = run.experiment
            expected.epochs = 2
            #expect(try kept.experiment() == expected)
        }
    }
}

@Suite struct CrossValidationTests {
    @Test func everySampleIsMeasuredOnce() throws {
        let experiment = try moonsFile().experiment()
        let folds = try experiment.data.folds(4, seed: 7)
        #expect(folds.map { $0.validation?.count } == [40, 40, 40, 40])
        #expect(folds.allSatisfy { $0.training.count == 120 && $0.test?.count == 40 })
        // Each is normalized by its own training part.
        #expect(Set(folds.map(\.training.preprocessing)).count == 4)
        let samples = folds.flatMap { fold in
            (0..<40).map { fold.validation!.features(at: $0).cast(to: .float32).scalars }
        }
        #expect(Set(samples).count == 160)
    }

    @Test func scoresAreThoseOfEachFold() throws {
        try withTemporaryFolder { folder in
            let result = try CrossValidation.run(try moonsFile().experiment(), folds: 3, in: folder)
            #expect(result.scores.count == 3)
            let losses = result.scores.map(\.loss)
            let summary = try #require(result.summary("loss"))
            #expect(abs(summary.mean - losses.reduce(0, +) / 3) < 1e-12)
            #expect(Set(losses).count == 3)
            let kept = try RunFolder(existing: "\(folder)/fold-2").history().epochs.last?.validation?.loss
            #expect(try abs(#require(kept) - losses[1]) < 1e-6)
            // What is complete is not trained again.
            var again = 0
            let counting = Callback.onEvent { _, _ in Issue.record("a fold was trained again") }
            let repeated = try CrossValidation.run(
                try moonsFile().experiment(), folds: 3, in: folder, callbacks: [counting]
            ) {
                _, _ in again += 1
            }
            #expect(again == 3 && repeated.scores == result.scores)
            #expect(result.description.contains("standard deviation"))
        }
    }

    @Test func anInterruptedOneGoesOn() throws {
        try withTemporaryFolder { folder in
            let experiment = try moonsFile().experiment()
            let whole = try CrossValidation.run(experiment, folds: 3, in: "\(folder)/whole")
            let cut = try CrossValidation.run(
                experiment, folds: 3, in: "\(folder)/cut", callbacks: [Interruption(after: 4).callback])
            #expect(cut.isInterrupted && cut.scores.count == 1)
            #expect(try CrossValidation.run(experiment, folds: 3, in: "\(folder)/cut").scores == whole.scores)
        }
    }

    @Test func impossibleFoldsAreErrors() throws {
        var experiment = try moonsFile().experiment()
        #expect(throws: DatasetError.self) { try experiment.data.folds(1, seed: 7) }
        #expect(throws: DatasetError.self) { try experiment.data.folds(161, seed: 7) }
        experiment.data.validation.file = "held.txt"
        #expect(throws: ConfigurationError.self) { try experiment.data.folds(3, seed: 7) }
    }
}
