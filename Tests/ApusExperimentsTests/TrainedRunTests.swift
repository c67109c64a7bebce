import Apus
import ApusConfiguration
import ApusExperiments
import ApusFormats
import ApusTestKit
import Foundation
import Testing

/// A run that was trained, opened by its folder alone.
@Suite struct TrainedRunTests {
    private func run(_ text: String, in folder: String) throws -> ExperimentRun {
        var run = try ExperimentRun(try Experiment(yaml: text, path: "e.yaml"))
        try run.begin(in: "\(folder)/run")
        try run.train()
        return run
    }

    /// With and without averages, a best epoch and the last.
    @Test(arguments: ["adam", "{adam: {}, average: 0.9}"]) func theFolderIsEnough(optimizer: String) throws {
        try withTemporaryFolder { folder in
            for callbacks in ["[]", "[{checkpoint: {keepBest: 0}}]"] {
                let text = """
                    model: [{dense: 4}, batchNorm, {activation: tanh}, {dense: 2}]
                    data: {source: {moons: {count: 60, noise: 0.1}}}
                    optimizer: \(optimizer)
                    schedule: constant
                    batchSize: 8
                    epochs: 3
                    callbacks: \(callbacks)
                    """
                let trained = try run(text, in: folder)
                let (kept, path) = (try #require(trained.folder), "\(folder)/run")
                let (alone, through) = (try TrainedModel(path), try TrainedModel(run: kept))
                let samples = Tensor([0, 0, 1, 0.5, -1, 0.25, 2, -0.5] as [Float], shape: [4, 2])
                #expect(try alone(samples).scalars == through(samples).scalars)
                #expect(try alone(samples).scalars == trained.kept(kept).predict(samples).scalars)
                #expect(alone.details.inputs == through.details.inputs && alone.classNames == ["0", "1"])
                #expect(alone.meaning == .classes(areProbabilities: false))
                #expect(alone.variables.paths == through.variables.paths)
                #expect(alone.preprocessing == trained.data.training.preprocessing && alone.precision == .float32)
                try FileManager.default.removeItem(atPath: path)
            }
        }
    }

    /// Losses that take one number for an answer.
    @Test func meaningsAreThoseOfTheLoss() throws {
        try withTemporaryFolder { folder in
            let text = """
                model: [{dense: 1}]
                data: {source: {moons: {count: 40}}}
                loss: binaryCrossEntropy
                precision: mixedBFloat16
                epochs: 1
                """
            _ = try run(text, in: folder)
            let model = try TrainedModel("\(folder)/run")
            #expect(model.meaning == .yesOrNo(isProbability: false) && model.precision == .mixedBFloat16)
            #expect(try model.predict(Tensor.zeros([1, 2]))[0].classes.count == 2)
        }
    }

    /// Rows and files of a run that was trained on a table.
    @Test func tables() throws {
        try withTemporaryFolder { folder in
            let rows = (0..<60).map {
                "\($0 == 7 ? "" : "\($0),25");\($0 % 2 == 0 ? "red" : "blue");\($0 % 3 == 0 ? "a" : "b")"
            }
            try Data((["price;color;y"] + rows).joined(separator: "\n").utf8).write(
                to: URL(filePath: "\(folder)/t.csv"))
            let text = """
                model: [{dense: 2}]
                data: {directory: \(folder), source: {csv: {file: t.csv, label: y, separator: semicolon}}}
                epochs: 1
                """
            let trained = try run(text, in: folder)
            let model = try TrainedModel("\(folder)/run")
            let fromFile = try model.predict(csv: "\(folder)/t.csv")
            let fromRows = try model.predict(
                rows: (0..<60).map {
                    ["price": $0 == 7 ? .missing : .number(Double($0) + 0.25), "color": $0 % 2 == 0 ? "red" : "blue"]
                })
            #expect(fromFile.map(\.outputs) == fromRows.map(\.outputs) && fromFile.count == 60)
            // What is missing is the mean of the training part.
            let features = try #require(model.details.inputs[0].features)
            #expect(features.map(\.name) == ["price", "color=blue", "color=red"])
            let data = trained.data.training
            let mean =
                (0..<data.count).reduce(0) { $0 + data.features(at: $1).scalars(as: Double.self)[0] }
                / Double(data.count)
            #expect(abs(features[0].mean - mean) < 1e-9)
            let (missing, average) = (
                try model.predict(row: ["price": nil, "color": "red"]),
                try model.predict(row: ["price": .number(features[0].mean), "color": "red"])
            )
            #expect(missing == average)
            // A file knows as much of the table as the folder.
            try model.write(to: "\(folder)/m.apus")
            let read = try TrainedModel("\(folder)/m.apus")
            #expect(read.details.columns == model.details.columns && read.details.table == model.details.table)
            #expect(try read.predict(csv: "\(folder)/t.csv") == fromFile)
        }
    }

    /// Files of models that are trained in Swift know the columns, too.
    @Test func tablesOfTrainers() throws {
        try withTemporaryFolder { folder in
            try Data(
                ("x,color,y\n" + (0..<40).map { "\($0),\($0 % 2 == 0 ? "red" : "blue"),\($0 % 2)\n" }.joined()).utf8
            )
            .write(to: URL(filePath: "\(folder)/t.csv"))
            let data = try Dataset.csv("\(folder)/t.csv", target: "y")
            var trainer = Trainer(Sequential { Dense(2) }, loss: .softmaxCrossEntropy, optimizer: .adam())
            try trainer.fit(data, epochs: 1, batchSize: 8)
            try trainer.trained().write(to: "\(folder)/m.apus")
            let model = try TrainedModel("\(folder)/m.apus")
            #expect(model.details.inputs[0].features?.map(\.mean) == [19.5, 0.5, 0.5])
            #expect(
                try model.predict(row: ["x": 3, "color": "red"]).outputs
                    == model.predict(Tensor([3, 0, 1] as [Float], shape: [1, 3]))[0].outputs)
        }
    }

    /// Runs of the first version are opened through their experiment.
    @Test(arguments: ["run", "former/run"]) func runsOfTheFirstVersion(_ name: String) throws {
        let path = "\(GoldenFiles.folder)/\(name)"
        #expect(
            message { try TrainedModel(path) }
                == "\(path)/inputs.json: the model was written in another version of the format. Expected version 2; received version 1. "
                + "Train again, or open it with TrainedModel(run:) of ApusExperiments.")
        let model = try TrainedModel(run: RunFolder(existing: path))
        #expect(model.inputs.names == [""] && model.classNames == ["0", "1"])
        // It is written in the version of today.
        try withTemporaryFolder { folder in
            try model.write(to: "\(folder)/m.apus")
            #expect(
                try TrainedModel("\(folder)/m.apus")(GoldenFiles.samples).scalars == model(GoldenFiles.samples).scalars)
        }
    }

    /// Networks of the zoo have as many outputs as the first version noted.
    @Test func networksOfTheZooInTheFirstVersion() throws {
        try withTemporaryFolder { folder in
            let trained = try run("{model: mlp, data: {source: {moons: {count: 40}}}, epochs: 1}", in: folder)
            let (kept, sample) = (try #require(trained.folder), Tensor([0.5, -1] as [Float], shape: [1, 2]))
            let expected = try TrainedModel(run: kept)(sample).scalars
            try kept.write(
                "inputs.json",
                """
                {"version": 1, "shape": [2], "elementType": "float32", "classNames": ["0", "1"], "outputs": 2,
                 "normalization": \(try FileJSON.text(trained.data.training.preprocessing))}
                """)
            let model = try TrainedModel(run: kept)
            #expect(try model(sample).scalars == expected && model.meaning == .classes(areProbabilities: false))
            for damage in ["[2]", "[0]"] {
                try kept.write("inputs.json", "{\"version\": 1, \"shape\": \(damage)}")
                #expect(
                    message { try TrainedModel(run: kept) }.hasPrefix(
                        "\(kept.path)/inputs.json: the description of the model's samples can't be read. Received "))
            }
        }
    }

    // MARK: Models of several inputs

    /// A run made in Swift, as experiments make theirs.
    @Test func severalInputsAndOutputs() throws {
        try withTemporaryFolder { folder in
            let (run, trainer) = try GoldenFiles.makeDescribed("\(folder)/run")
            let model = try TrainedModel(run.path, kinds: [GoldenTowers.self])
            #expect(model.details.outputs == (try trainer.trained()).details.outputs)
            let samples = GoldenFiles.pairs
            #expect(try model.predict(samples) == trainer.trained().predict(samples))
            // A kind that is neither registered nor given is left out.
            try run.write(model.details)
            #expect(
                message { try TrainedModel(run.path, kinds: [GoldenTowers.self]) }.contains(
                    "the run does not hold its model, for files do not know its kind"))
        }
    }

    @Test func theGoldenRunIsRead() throws {
        for path in ["described", "described/model.apus"] {
            let model = try TrainedModel("\(GoldenFiles.folder)/\(path)", kinds: [GoldenTowers.self])
            #expect(model.model as? GoldenTowers == GoldenTowers(units: 3))
            #expect(model.inputs == ["left": .init([2], .float32), "right": .init([2], .uint8)])
            #expect(
                model.details.outputs == [
                    .init("distance", meaning: .numbers),
                    .init("kind", classNames: ["near", "far"], meaning: .classes(areProbabilities: false)),
                ])
            #expect(model.preprocessing == Preprocessing(named: ["right": .unitRange]))
            let outputs = try model(GoldenFiles.pairs)
            let expected: [String: [Float]] = try JSONDecoder().decode(
                [String: [Float]].self,
                from: Data(contentsOf: URL(filePath: "\(GoldenFiles.folder)/described/outputs.json")))
            for (name, output) in outputs {
                let numbers = try #require(expected[name])
                #expect(
                    zip(output.scalars, numbers).allSatisfy { abs($0 - $1) < 1e-5 } && numbers.count == output.count)
            }
        }
    }
}
