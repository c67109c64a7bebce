import Apus
import ApusConfiguration
import ApusExperiments
import ApusFormats
import ApusSearch
import ApusTestKit
import Foundation
import Testing

/// Numbers that are not finite are written in one way, and read back.
@Suite struct NonFiniteTests {
    private let numbers: [(name: String, value: Double)] = [
        ("loss", .nan), ("low", -.infinity), ("high", .infinity), ("negative", -.nan),
    ]

    @Test func factsOfARun() throws {
        try withTemporaryFolder { path in
            let folder = try RunFolder(named: "x", path: "\(path)/x")
            var record = RunRecord(command: ["apus"], seed: 1, threads: 1, dataFingerprint: "f")
            record.test = Measurements(numbers)
            // A clock may be wrong.
            record.started = Date(timeIntervalSince1970: -1e9)
            record.ended = Date(timeIntervalSince1970: -2e9)
            try folder.write(record)
            let text = try String(contentsOfFile: "\(folder.path)/run.json", encoding: .utf8)
            #expect(text.contains("\"nan\"") && text.contains("\"-inf\"") && !text.contains("-nan"))
            let read = try folder.record()
            #expect(read.test?.values.map(FileNumber.text) == ["nan", "-inf", "inf", "nan"])
            #expect(read.started == record.started && read.ended == record.ended)
        }
    }

    @Test func settingsOfARun() throws {
        let experiment = Experiment(
            name: "x", model: "mlp", optimizer: Optimizer.adam().group("*", learningRate: .infinity))
        #expect(try experiment.yaml().contains("learningRate: .inf"))
    }

    @Test func textsForPeople() {
        #expect("\(Measurements(numbers))" == "loss nan, low -inf, high inf, negative nan")
    }

    @Test func scoresOfASearch() throws {
        try withTemporaryFolder { path in
            let search = Search(
                space: ["a": .real(0...1)], strategy: .hyperband(Hyperband(maximumBudget: 1)), trials: 2)
            let study = try Study("a", search, in: TrialStore(path: "\(path)/runs.sqlite"))
            for score in [Double.infinity, 1] {
                guard case .trial(let trial) = try study.ask() else { Issue.record("no trial"); return }
                try study.tell(trial, score: score)
            }
            #expect(try study.trials().map(\.scores) == [[1: .infinity], [1: 1]])
        }
    }

    /// Whatever is measured, a run ends as it should.
    @Test func aRunWithAnUndefinedMetric() throws {
        try withTemporaryFolder { path in
            let undefined = Metric.mean("undefined") { output, _ in log(output - output) - log(output - output) }
            var experiment = try moonsFile().experiment()
            experiment.epochs = 1
            experiment.metrics = [.rocAUC]
            var run = try ExperimentRun(experiment)
            run.trainer = Trainer(
                run.trainer.model, loss: experiment.loss, optimizer: experiment.optimizer, metrics: [undefined], seed: 7
            )
            try run.begin(in: "\(path)/run")
            try run.train()
            let folder = try #require(run.folder)
            #expect(try folder.record().state == .completed)
            // The test part is measured by the experiment's metrics.
            #expect(try folder.record().test?.names == ["loss", "rocAUC"])
            #expect(try folder.record().test?.values.allSatisfy(\.isFinite) == true)
            #expect(try folder.history().epochs.count == 1)
            #expect(try folder.history().epochs[0].training["undefined"]?.isNaN == true)
        }
    }

    @Test func nothingLearnedIsADivergence() throws {
        try withTemporaryFolder { path in
            var experiment = try moonsFile().experiment()
            experiment.optimizer = experiment.optimizer.skippingNonFinite()
            experiment.epochs = 2
            var run = try ExperimentRun(experiment)
            var variables = try #require(run.trainer.state?.variables)
            let first = variables.paths[0]
            try variables.setValue(first, Tensor.full(variables[first]!.shape, .nan))
            run.trainer.load(variables)
            try run.begin(in: "\(path)/run")
            let error = #expect(throws: TrainingError.self) { try run.train() }
            #expect(error?.failureKind == .diverged)
            #expect(error?.description.hasPrefix("nothing was learned: all ") == true)
            let folder = try #require(run.folder)
            #expect(try folder.record().state == .diverged)
            #expect(try folder.history().epochs.map(\.training.loss).map(\.isNaN) == [true, true])
        }
    }

    /// The loss is finite, its gradient is not: no step changes anything.
    @Test func noWeightThatChangedIsADivergence() throws {
        try withTemporaryFolder { path in
            // (w x)² is finite, its derivative 2 w x² is not; of one sample, for sums of more would not be finite either.
            try (["x,label"] + (0..<40).map { _ in "1.73e19,0.5" }).joined(separator: "\n").write(
                toFile: "\(path)/d.csv", atomically: true, encoding: .utf8)
            let experiment = try ExperimentFile(
                yaml: """
                    name: broken
                    data: {source: {csv: {file: d.csv, target: label, task: regression}}, directory: \(path), normalize: none}
                    model: [{dense: 1}]
                    loss: meanSquaredError
                    metrics: []
                    optimizer: {adam: {learningRate: 0.1}, skipsNonFinite: true}
                    batchSize: 1
                    epochs: 1
                    """, path: "e.yaml"
            ).experiment()
            var run = try ExperimentRun(experiment)
            var variables = try #require(run.trainer.state?.variables)
            try variables.setValue(variables.paths[0], Tensor.full([1, 1], 0.7))
            run.trainer.load(variables)
            try run.begin(in: "\(path)/run")
            let error = #expect(throws: TrainingError.self) { try run.train() }
            #expect(error?.failureKind == .diverged && error?.description.contains("no weight changed in") == true)
            #expect(run.record.state == .diverged)
        }
    }

    @Test func filesOfTheRunAreItsOwn() throws {
        let text = message { try ExperimentRun(moonsFile().setting("callbacks=[{csv: run.json}]").experiment()) }
        #expect(text.contains("events and csv both write"))
        #expect(
            message { try ExperimentRun(moonsFile().setting("callbacks=[csv, csv]").experiment()) }.contains(
                "csv and csv"))
        #expect(
            message { try moonsFile().setting("metrics=[accuracy, accuracy]").experiment() }.contains(
                "two metrics are called accuracy"))
        #expect(
            message { try ExperimentRun(moonsFile().setting("callbacks=[{checkpoint: {monitor: loos}}]").experiment()) }
                .contains("checkpoint watches loos, which this training does not measure"))
    }
}
