import Apus
import ApusExperiments
import ApusTestKit
import Foundation
import Testing

/// Trainings that start from weights of elsewhere.
@Suite struct InitializationTests {
    /// A run of the moons, and the weights that it ended with.
    private func withRun(_ body: (String, Variables) throws -> Void) throws {
        try withTemporaryFolder { folder in
            var run = try ExperimentRun(try moonsFile().setting("epochs=1").experiment())
            try run.begin(in: "\(folder)/first")
            try run.train()
            try body(folder, try #require(run.trainer.state).variables)
        }
    }

    private func file(_ start: String, _ settings: String...) throws -> ExperimentFile {
        try settings.reduce(moonsFile().setting("init", to: start).setting("seed=3")) { try $0.setting($1) }
    }

    private func values(_ run: ExperimentRun) throws -> Variables { try #require(run.trainer.state).variables }

    private static let otherClasses = "model=[{dense: {units: 8, activation: tanh}}, {dense: 3}]"

    @Test func aRunOrAFile() throws {
        try withRun { folder, weights in
            try weights.write(to: "\(folder)/w.npz")
            for start in ["\(folder)/first", "{from: \(folder)/w.npz}"] {
                var run = try ExperimentRun(try file(start).experiment())
                let now = try values(run)
                #expect(weights.paths.allSatisfy { now[$0]?.scalars == weights[$0]?.scalars })
                #expect(run.initialWeights?.loaded == weights.paths)
                let kept = try #require(try run.begin(in: "\(folder)/\(start.count)").record().initialWeights)
                #expect(kept.from == run.experiment.initialization?.from && kept.from.hasPrefix(folder))
                #expect(kept.fingerprint.hasPrefix("xxh3:"))
                #expect(kept.report == "4 of 4 variables loaded from \(kept.from)")
                #expect(try run.folder?.experiment() == run.experiment)
            }
            let drawn = try ExperimentRun(try moonsFile().setting("seed=3").experiment())
            #expect(drawn.initialWeights == nil && drawn.record.initialWeights == nil)
            #expect(try values(drawn)["0.dense/kernel"]?.scalars != weights["0.dense/kernel"]?.scalars)
        }
    }

    /// What is excepted keeps the values that the seed draws.
    @Test(arguments: ["except: [1.dense]", "replaceHead: true", "mode: partial"])
    func aHeadOfOtherClasses(_ key: String) throws {
        try withRun { folder, weights in
            let run = try ExperimentRun(
                try file("{from: \(folder)/first, \(key)}", Self.otherClasses).experiment())
            let drawn = try ExperimentRun(try moonsFile().setting("seed=3").setting(Self.otherClasses).experiment())
            let (now, before) = (try values(run), try values(drawn))
            for name in ["kernel", "bias"] {
                #expect(now["0.dense/\(name)"]?.scalars == weights["0.dense/\(name)"]?.scalars)
                #expect(now["1.dense/\(name)"]?.scalars == before["1.dense/\(name)"]?.scalars)
            }
            #expect(run.initialWeights?.loaded == ["0.dense/kernel", "0.dense/bias"])
            #expect(run.record.initialWeights?.report.hasPrefix("2 of 4 variables loaded from") == true)
        }
    }

    /// The head is what is replaced, also where it would fit, and nothing else is.
    @Test func aHeadThatWouldFit() throws {
        try withRun { folder, weights in
            let run = try ExperimentRun(try file("{from: \(folder)/first, replaceHead: true}").experiment())
            #expect(run.initialWeights?.excepted == ["1.dense/kernel", "1.dense/bias"])
            #expect(
                run.initialWeights.map { "\($0)" } == """
                    2 of 4 variables loaded from \(folder)/first
                    kept as they were: 1.dense/kernel, 1.dense/bias
                    """)
            #expect(try values(run)["1.dense/kernel"]?.scalars != weights["1.dense/kernel"]?.scalars)
        }
    }

    @Test func whatDoesNotFit() throws {
        try withRun { folder, _ in
            let first = "the weights in \(folder)/first do not belong to this model: "
            func text(_ start: String, _ settings: String) throws -> String {
                let experiment = try file(start, settings).experiment()
                let said = message { try ExperimentRun(experiment) }
                // What is found by trying is what is found by running.
                #expect(message { try experiment.tryOut() } == said)
                return said
            }
            let head = try text("\(folder)/first", Self.otherClasses)
            #expect(
                head == first
                    + "other shapes: 1.dense/kernel has shape [8, 2], the model expects [8, 3]; "
                    + "1.dense/bias has shape [2], the model expects [3]; "
                    + "for a head of other classes say replaceHead: true or except: [1.dense] at init")
            let middle = try text(
                "{from: \(folder)/first, replaceHead: true}", "model=[{dense: 8}, {dense: 3}, {dense: 2}]")
            #expect(
                middle == first
                    + "other shapes: 1.dense/kernel has shape [8, 2], the model expects [8, 3]; "
                    + "1.dense/bias has shape [2], the model expects [3]; "
                    + "to keep the drawn values there say except: [1.dense] at init")
            let name = try text("{from: \(folder)/first, except: [2.dense]}", Self.otherClasses)
            #expect(
                name.hasPrefix(
                    "no variable of the model or of \(folder)/first begins with 2.dense, which is to be excepted "))
            let known = try text("mobilenetV2-imagnet", "epochs=1")
            #expect(
                known == "there are no weights mobilenetV2-imagnet: it is neither a file, nor the folder of a run, "
                    + "nor a name (did you mean mobilenetV2-imagenet?)")
            #expect(throws: (any Error).self) { try ExperimentRun(try file("\(folder)/nothing.npz").experiment()) }
        }
    }

    @Test func severalOutputsHaveNoOneHead() throws {
        try withRun { folder, _ in
            let file = try file(
                "{from: \(folder)/first, replaceHead: true}",
                "model={a: {from: input, layers: [{dense: 2}]}, b: {from: input, layers: [{dense: 2}]}}",
                "losses={a: softmaxCrossEntropy, b: softmaxCrossEntropy}", "metrics={a: [accuracy]}")
            #expect(
                message { try ExperimentRun(try file.experiment()) }
                    == "init.replaceHead needs a model of one output; this one has a, b: name what begins anew in init.except"
            )
        }
    }

    /// A run with checkpoints needs the file no more; one without asks for the same file.
    @Test func resuming() throws {
        try withRun { folder, weights in
            let path = "\(folder)/w.safetensors"
            try weights.write(to: path)
            let experiment = try file(path).experiment()
            func state(_ name: String) -> Data? {
                FileManager.default.contents(atPath: "\(folder)/\(name)/checkpoints/last/state.safetensors")
            }
            for (name, end) in [("whole", 9), ("cut", 1)] {
                var run = try ExperimentRun(experiment)
                try run.begin(in: "\(folder)/\(name)")
                try run.train(callbacks: [Interruption(after: end).callback])
            }
            var bare = try ExperimentRun(experiment)
            let folderOfBare = try bare.begin(in: "\(folder)/bare")
            bare = try ExperimentRun(experiment)
            var again = try ExperimentRun(resuming: folderOfBare)
            try again.train()
            #expect(state("whole") != nil && state("bare") == state("whole"))
            var other = try ExperimentRun(experiment)
            let folderOfOther = try other.begin(in: "\(folder)/other")
            other = try ExperimentRun(experiment)
            try weights.mapValues { $1 + 1 }.write(to: path)
            #expect(
                message { try ExperimentRun(resuming: folderOfOther) }.hasPrefix(
                    "the run \(folder)/other has no checkpoint yet, and the weights in \(path) are not those that it began with"
                ))
            try FileManager.default.removeItem(atPath: path)
            var resumed = try ExperimentRun(resuming: RunFolder(existing: "\(folder)/cut"))
            #expect(resumed.initialWeights == nil && resumed.record.initialWeights?.from == path)
            try resumed.train()
            #expect(state("cut") == state("whole"))
        }
    }

    /// Files write it in both ways and read what they wrote; searches of before go on.
    @Test func files() throws {
        let short = try Experiment(yaml: "{model: mlp, init: runs/a}", path: "e.yaml")
        #expect(short.initialization == Initialization(from: "runs/a"))
        let long = try Experiment(
            yaml: "{model: mlp, init: {from: w.h5, map: {backbone: ''}, except: [head], mode: partial}}", path: "e.yaml"
        )
        #expect(
            long.initialization
                == Initialization(from: "w.h5", map: ["backbone": ""], except: ["head"], mode: .partial))
        #expect(try Experiment(yaml: long.yaml(), path: "e.yaml") == long)
        #expect(
            message { try Experiment(yaml: "{model: mlp, init: {from: a, mode: loose}}", path: "e.yaml") }
                == "e.yaml:1: expected one of strict, partial but found \"loose\" at init.mode")
        #expect(try ExperimentFile(model: "mlp").setting("init.from=a").experiment().initialization?.from == "a")
        #expect(long.settings["init.except[0]"] == "head")
        let plain = try Experiment(yaml: "model: mlp", path: "e.yaml")
        #expect(!plain.settings.keys.contains { $0.hasPrefix("init") })
    }

    /// MobileNetV2 of ImageNet for five classes, where `make models` has brought it: all but its head.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: KnownWeights.mobilenetV2Imagenet.path)))
    func weightsOfImageNet() throws {
        let known = KnownWeights.mobilenetV2Imagenet
        #expect(ZooNetwork(known.network) != nil)
        let model = try ModelSource.name(known.network).model(outputs: 5, input: [64, 64, 3])
        var variables = try model.initialized(inputs: Signature([64, 64, 3]), seed: 1)
        let before = variables
        let report = try Initialization(from: known.rawValue, replaceHead: true).load(into: &variables)
        #expect(report.loaded.count == 260 && report.excepted == ["classifier/1/kernel", "classifier/1/bias"])
        #expect(variables["classifier/1/kernel"]?.scalars == before["classifier/1/kernel"]?.scalars)
        let text = message { try Initialization(from: known.rawValue).load(into: &variables) }
        #expect(text.hasSuffix("say replaceHead: true or except: [classifier/1] at init"), "\(text)")
    }
}
