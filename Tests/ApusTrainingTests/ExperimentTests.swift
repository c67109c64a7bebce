import ApusTraining
import Foundation
import Testing

@Suite struct ExperimentTests {
    private let experiment = Experiment(
        name: "run", seed: .max, data: Experiment.DataSource(directory: "/data", validation: Experiment.Validation(fraction: 0.25, stratified: false)),
        model: "lenet5", loss: .meanSquaredError, metrics: [.accuracy, .meanAbsoluteError],
        optimizer: .sgd(learningRate: 0.1 + 0.2, momentum: 0.9, nesterov: true), schedule: .cosine(warmupSteps: 200), batchSize: 32, epochs: 3)

    @Test func survivesYAML() throws {
        #expect(try Experiment(yaml: try experiment.yaml(), path: "a.yaml") == experiment)
        let standard = Experiment(name: "b", model: "mlp")
        #expect(try Experiment(yaml: try standard.yaml(), path: "b.yaml") == standard)
    }

    @Test func survivesJSON() throws {
        // Every JSON text is YAML.
        let text = String(decoding: try JSONEncoder().encode(experiment), as: UTF8.self)
        #expect(try Experiment(yaml: text, path: "a.json") == experiment)
    }

    @Test func mistakes() throws {
        func problem(_ text: String) -> String { message { try Experiment(yaml: text, path: "e.yaml") } }
        let text = try experiment.yaml()
        #expect(text.contains("learningRate: 0.30000000000000004\n"))
        #expect(problem("").hasPrefix("e.yaml is not"))
        #expect(problem("a: [").hasPrefix("e.yaml is not YAML: "))
        #expect(problem(text.replacing("name: run\n", with: "")) == "e.yaml is not an experiment: the key name is missing")
        #expect(problem(text.replacing("epochs: 3", with: "epochs: many")).hasPrefix("e.yaml is not an experiment: expected Int at epochs"))
        #expect(
            problem(text.replacing("loss: meanSquaredError", with: "loss: mse"))
                == "e.yaml is not an experiment: Cannot initialize Loss from invalid String value mse at loss")
        #expect(problem(text.replacing("momentum: 0.9", with: "momentum: much")).contains("at optimizer.sgd.momentum"))
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
                    == "the folder \(parent)/mine/run exists and is not empty; a run never overwrites another: choose a new name")
            #expect(try String(contentsOfFile: "\(folder.path)/summary.txt", encoding: .utf8) == "first")
            // An empty folder holds nothing that could be lost.
            try FileManager.default.createDirectory(atPath: "\(parent)/empty", withIntermediateDirectories: false)
            #expect(try RunFolder(named: "x", path: "\(parent)/empty").path == "\(parent)/empty")
        }
    }

    @Test func experimentsAreFoundAgain() throws {
        try withTemporaryFolder { parent in
            #expect(message { try RunFolder(existing: parent) }.hasPrefix("\(parent) is not the folder of a run: it has no experiment.yaml."))
            let folder = try RunFolder(named: "x", in: parent)
            let experiment = Experiment(name: "x", model: "mlp")
            try folder.write("experiment.yaml", experiment.yaml())
            #expect(try RunFolder(existing: folder.path).experiment() == experiment)
            #expect(folder.weights == "\(folder.path)/checkpoints/last/state.safetensors")
        }
    }
}
