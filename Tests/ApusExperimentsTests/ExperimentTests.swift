import ApusData
import ApusExperiments
import ApusNN
import ApusOptimizers
import ApusTraining
import ApusTestKit
import Foundation
import Testing

@Suite struct ExperimentTests {
    private let experiment = Experiment(
        name: "run", seed: .max,
        data: DataSource(
            directory: "/data", validation: DataSource.Validation(fraction: 0.25, stratified: false)),
        model: "lenet5", loss: .meanSquaredError, metrics: [.accuracy, .meanAbsoluteError],
        optimizer: .sgd(learningRate: 0.1 + 0.2, momentum: 0.9, nesterov: true), schedule: .cosine(warmupSteps: 200),
        batchSize: 32, epochs: 3)

    @Test func survivesYAML() throws {
        #expect(try Experiment(yaml: try experiment.yaml(), path: "a.yaml") == experiment)
        let byDefault = Experiment(name: "b", model: "mlp")
        #expect(try Experiment(yaml: try byDefault.yaml(), path: "b.yaml") == byDefault)
    }

    @Test func survivesJSON() throws {
        // Every JSON text is YAML.
        let text = String(decoding: try JSONEncoder().encode(experiment), as: UTF8.self)
        #expect(try Experiment(yaml: text, path: "a.json") == experiment)
    }

    /// What is left out is at its default, in the form in which people write files.
    @Test func filesMayBeShort() throws {
        func read(_ text: String) throws -> Experiment { try Experiment(yaml: text, path: "e.yaml") }
        let byDefault = Experiment(name: "a", model: "mlp")
        #expect(try read("{name: a, model: mlp}") == byDefault)
        let text = """
            name: a
            model: mlp
            data: {validation: {fraction: 0.2}}
            metrics: []
            optimizer: {sgd: {momentum: 0.9}}
            schedule: {cosine: {warmupSteps: 200}}
            """
        var expected = byDefault
        expected.data.validation.fraction = 0.2
        expected.metrics = []
        expected.optimizer = .sgd(momentum: 0.9)
        expected.schedule = .cosine(warmupSteps: 200)
        #expect(try read(text) == expected)
        expected.optimizer = .adam()
        expected.schedule = .constant
        #expect(
            try read(
                text.replacing("{sgd: {momentum: 0.9}}", with: "adam").replacing(
                    "{cosine: {warmupSteps: 200}}", with: "constant")) == expected)
    }
}

@Suite struct RunFolderTests {
    @Test func foldersAreNumbered() throws {
        try withTemporaryFolder { parent in
            let runs = "\(parent)/runs"
            #expect(try RunFolder(named: "lenet5", in: runs).path == "\(runs)/lenet5-1")
            #expect(try RunFolder(named: "lenet5", in: runs).path == "\(runs)/lenet5-2")
            #expect(try RunFolder(named: "mlp", in: runs).path == "\(runs)/mlp-1")
            try FileManager.default.removeItem(atPath: "\(runs)/lenet5-1")
            #expect(try RunFolder(named: "lenet5", in: runs).path == "\(runs)/lenet5-1")
            // A file of that name counts as taken, too.
            try "".write(toFile: "\(runs)/lenet5-3", atomically: true, encoding: .utf8)
            #expect(try RunFolder(named: "lenet5", in: runs).path == "\(runs)/lenet5-4")
        }
    }

    @Test func aRunIsNeverOverwritten() throws {
        try withTemporaryFolder { parent in
            let folder = try RunFolder(named: "x", path: "\(parent)/mine/run")
            try folder.write("summary.txt", "first")
            #expect(
                message { try RunFolder(named: "x", path: "\(parent)/mine/run") }
                    == "the folder \(parent)/mine/run exists and is not empty; a run never overwrites another: choose a new name"
            )
            #expect(try String(contentsOfFile: "\(folder.path)/summary.txt", encoding: .utf8) == "first")
            // An empty folder holds nothing that could be lost.
            try FileManager.default.createDirectory(atPath: "\(parent)/empty", withIntermediateDirectories: false)
            #expect(try RunFolder(named: "x", path: "\(parent)/empty").path == "\(parent)/empty")
        }
    }

    @Test func metricsAreRecorded() throws {
        try withTemporaryFolder { parent in
            let folder = try RunFolder(named: "x", in: parent)
            var trainer = Trainer(
                Sequential { Dense(2) }, loss: .softmaxCrossEntropy, optimizer: .sgd(), metrics: [.accuracy], seed: 1)
            let data = Dataset.moons(count: 40, seed: 1)
            let history = try trainer.fit(
                data, validation: data, epochs: 2, batchSize: 16, callbacks: [.csv()],
                folder: folder.path)
            let lines = try String(contentsOfFile: "\(folder.path)/metrics.csv", encoding: .utf8).split(separator: "\n")
            #expect(
                lines[0]
                    == "epoch,step,training.loss,training.accuracy,validation.loss,validation.accuracy,learningRate,seconds,samplesPerSecond"
            )
            #expect(lines.count == 3)
            let fields = lines[2].split(separator: ",").map { Double($0) }
            let last = try #require(history.epochs.last)
            #expect(fields[0] == 2 && fields[1] == 6)
            #expect(fields[2] == last.training.loss && fields[5] == last.validation?[.accuracy])
        }
    }

    @Test func experimentsAreFoundAgain() throws {
        try withTemporaryFolder { parent in
            #expect(
                message { try RunFolder(existing: parent) }.hasPrefix(
                    "\(parent) is not the folder of a run: it has no experiment.yaml."))
            let folder = try RunFolder(named: "x", in: parent)
            let experiment = Experiment(name: "x", model: "mlp")
            try folder.write(experiment)
            #expect(try RunFolder(existing: folder.path).experiment() == experiment)
            #expect(folder.weights == "\(folder.path)/checkpoints/last/state.safetensors")
        }
    }
}
