import Apus
import ApusConfiguration
import ApusExperiments
import ApusFormats
import ApusReport
import ApusSearch
import ApusTestKit
import Foundation
import Testing

/// Experiments of models with several inputs and outputs.
@Suite struct SeveralOutputsTests {
    /// Pairs of points: whether they are of one kind, of which kind the first is, and how far it is from the origin.
    private static let towers = """
        name: towers
        data:
          source:
            csv:
              file: pairs.csv
              inputs: {left: [lx, ly], right: [rx, ry]}
              targets: {match: same, kind: kind, radius: {column: radius, task: regression}}
        model:
          a: {from: left, layers: [{dense: {units: 32, activation: relu}}, {dense: 8}]}
          b: {from: right, sharing: a}
          match: {from: [a, b], merge: subtract, layers: [{dense: {units: 8, activation: relu}}, {dense: 1}]}
          kind: {from: a, layers: [{dense: 3}]}
          radius: {from: a, layers: [{dense: 1}]}
        losses: {match: binaryCrossEntropy, kind: {softmaxCrossEntropy: {weight: 0.5}}, radius: meanSquaredError}
        metrics: {match: [binaryAccuracy], kind: [accuracy], radius: [meanAbsoluteError]}
        optimizer: {adam: {learningRate: 0.02}}
        schedule: constant
        batchSize: 32
        epochs: 4
        """

    private func file(_ folder: String) throws -> ExperimentFile {
        var random = SeededGenerator(seed: 1)
        func point(_ kind: Int) -> (Double, Double) {
            let (angle, radius) = (Double.random(in: 0..<2 * .pi, using: &random), Double(kind + 1))
            return (radius * cos(angle), radius * sin(angle))
        }
        let rows = (0..<240).map { row in
            let (kind, other) = (row % 3, row / 3 % 3)
            let (a, b) = (point(kind), point(other))
            return "\(a.0),\(a.1),\(b.0),\(b.1),\(kind == other ? "yes" : "no"),ring\(kind),\(kind + 1)"
        }
        try ("lx,ly,rx,ry,same,kind,radius\n" + rows.joined(separator: "\n")).write(
            toFile: "\(folder)/pairs.csv", atomically: true, encoding: .utf8)
        return try ExperimentFile(yaml: Self.towers, path: "towers.yaml").setting("data.directory", to: folder)
    }

    @Test func theRunTellsOfEveryOutput() throws {
        try withTemporaryFolder { folder in
            let file = try file(folder).setting("epochs", to: "12")
            var run = try ExperimentRun(file.experiment())
            try run.begin(in: "\(folder)/a")
            let history = try run.train()
            let names = [
                "loss", "kind.loss", "kind.accuracy", "match.loss", "match.binaryAccuracy", "radius.loss",
                "radius.meanAbsoluteError",
            ]
            #expect(history.epochs.allSatisfy { $0.training.names == names && $0.validation?.names == names })
            let (first, last) = (history.epochs[0].training, history.epochs[11].training)
            #expect(last.loss < 0.5 * first.loss && last["match.binaryAccuracy"] ?? 0 > 0.8)
            // What the folder says is what was trained.
            let kept = try RunFolder(existing: "\(folder)/a")
            #expect(try kept.experiment() == run.experiment)
            let (finished, test) = (try FinishedRun(kept), try #require(run.data.test))
            #expect(try finished.trainer.evaluate(test) == run.record.test)
            let evaluation = try Evaluation(finished.trainer, on: test)
            #expect(evaluation.outputs.map(\.name) == ["kind", "match", "radius"])
            #expect(evaluation.outputs[0].classification?.classNames == ["ring0", "ring1", "ring2"])
            #expect(evaluation.outputs[1].classification?.classNames == ["no", "yes"])
            let accuracies = evaluation.outputs.map { $0.classification?.accuracy }
            #expect(
                abs((accuracies[0] ?? 9) - (run.record.test?["kind.accuracy"] ?? 0)) < 1e-6
                    && abs((accuracies[1] ?? 9) - (run.record.test?["match.binaryAccuracy"] ?? 0)) < 1e-6)
            #expect(
                abs(
                    (evaluation.outputs[2].regression?.outputs.first?.meanAbsoluteError ?? 9)
                        - (run.record.test?["radius.meanAbsoluteError"] ?? 0)) < 1e-6)
            #expect(try FileJSON.decoder().decode(Evaluation.self, from: evaluation.json()) == evaluation)
            // The report has every output.
            try run.writeReport()
            let page = try String(contentsOfFile: "\(folder)/a/report.html", encoding: .utf8)
            for text in ["Output kind", "Output match", "Output radius", "Confusion matrix: kind", "Residuals: radius"]
            {
                #expect(page.contains(text), "\(text)")
            }
            for plot in ["confusion-matrix-match", "predictions-radius", "kind.accuracy", "match.loss"] {
                #expect(FileManager.default.fileExists(atPath: "\(folder)/a/plots/\(plot).svg"), "\(plot)")
            }
            // A model that is used needs nothing of the experiment.
            let model = try TrainedModel("\(folder)/a")
            let samples: Values = ["left": Tensor([[1.0, 0]]), "right": Tensor([[0.0, 3]])]
            let (outputs, expected) = (try model(samples), try finished.trainer.predict(samples))
            for name in ["kind", "match", "radius"] { #expect(outputs[name].scalars == expected[name].scalars) }
        }
    }

    @Test func resumedBitForBit() throws {
        try withTemporaryFolder { folder in
            let experiment = try file(folder).experiment()
            var whole = try ExperimentRun(experiment)
            try whole.begin(in: "\(folder)/whole")
            try whole.train()
            var first = try ExperimentRun(experiment)
            try first.begin(in: "\(folder)/cut")
            try first.train(callbacks: [Interruption(after: 2).callback])
            var second = try ExperimentRun(resuming: RunFolder(existing: "\(folder)/cut"))
            try second.train()
            let weights = ["whole", "cut"].map {
                FileManager.default.contents(atPath: "\(folder)/\($0)/checkpoints/last/state.safetensors")
            }
            #expect(weights[0] != nil && weights[0] == weights[1] && second.record.test == whole.record.test)
        }
    }

    @Test func searchesWatchAnOutput() throws {
        try withTemporaryFolder { folder in
            let search = Search(
                space: [
                    "losses.kind.softmaxCrossEntropy.weight": .choice([0.1, 1.0]),
                    "model.a.layers.0.dense.units": .choice([4, 16]),
                ],
                strategy: .grid(),
                objective: .maximize(metric: "validation.kind.accuracy"))
            let tuning = try Tuning(
                try file(folder), search, name: "towers", in: TrialStore(path: "\(folder)/runs.sqlite"),
                folder: "\(folder)/towers")
            #expect(try tuning.run())
            let trials = try tuning.study.trials()
            #expect(trials.count == 4 && Set(trials.compactMap(\.score)).count > 1)
            let best = try #require(try tuning.study.best())
            let run = try RunFolder(existing: try #require(best.folder))
            #expect(try run.history().epochs.last?.value("validation.kind.accuracy") == best.score)
            let wrong = Search(
                space: ["batchSize": .choice([8])],
                strategy: .grid(),
                objective: .maximize(metric: "validation.accuracy"))
            let found = message {
                try Tuning(
                    try file(folder), wrong, name: "wrong", in: TrialStore(path: "\(folder)/runs.sqlite"),
                    folder: "\(folder)/wrong")
            }
            #expect(found.contains("validation.accuracy, which this training does not measure"), "\(found)")
        }
    }

    @Test func foldsMeasureEveryOutput() throws {
        try withTemporaryFolder { folder in
            let result = try CrossValidation.run(try file(folder).experiment(), folds: 3, in: "\(folder)/folds")
            #expect(result.scores.count == 3 && result.summary("match.binaryAccuracy") != nil)
        }
    }

    @Test(arguments: [
        ("losses.match", "none", "there is no loss none"),
        ("metrics", "{kindd: [accuracy]}", "the output \"kindd\" has metrics or a target but no loss"),
        (
            "losses", "{nothing: meanSquaredError}",
            "there is no value \"nothing\"; there are \"kind\", \"match\", \"radius\""
        ),
        ("targets", "{kind: species}", "there is no value \"species\"; there are \"kind\", \"match\", \"radius\""),
        ("model.kind.from", "c", "there is no part or input c"),
        (
            "callbacks", "[{earlyStopping: {monitor: validation.accuracy}}]",
            "which this training does not measure (known are training.loss, training.kind.loss"
        ),
        (
            "data.source.csv.target", "kind",
            "give target, or targets by name, but not both"
        ),
        ("data.source.csv.targets", "{}", "the table needs the column to predict"),
        ("data.source.csv.targets.kind", "spezies", "the table has no column \"spezies\""),
    ])
    func mistakesAreFound(_ path: String, _ value: String, _ expected: String) throws {
        try withTemporaryFolder { folder in
            let base = try file(folder).setting("metrics", to: "{}")
            let found = message { try base.setting(path, to: value).experiment().tryOut() }
            #expect(found.contains(expected), "\(found)")
        }
    }

    /// Dictionaries are written in one order, so that the same experiment is the same file.
    @Test func filesAreInOrder() throws {
        try withTemporaryFolder { folder in
            let experiment = try file(folder).experiment()
            let text = try experiment.yaml()
            #expect(try Experiment(yaml: text, path: "e.yaml") == experiment)
            // The parts of the model, then the losses, each in the order of the alphabet.
            let parts = [
                "model:\n  a:", "\n  b:", "\n  kind:", "\n  match:", "\n  radius:", "\nlosses:\n  kind:", "\n  match:",
            ]
            var rest = text[...]
            for part in parts {
                let range = try #require(rest.firstRange(of: part), "\(part)")
                rest = rest[range.upperBound...]
            }
            #expect(try (0..<5).allSatisfy { _ in try experiment.yaml() == text })
        }
    }

    // MARK: Data

    /// A column of paths is an input of images, in memory or decoded when they are needed.
    @Test func imagesBesideATable() throws {
        try withTemporaryFolder { folder in
            try FileManager.default.createDirectory(atPath: "\(folder)/data/photos", withIntermediateDirectories: true)
            var rows = ["photo,age,weight,class"]
            for row in 0..<40 {
                let shade = UInt8(row % 2 == 0 ? 20 + row : 200 + row)
                try Image(height: 4, width: 6, channels: 1, pixels: Array(repeating: shade, count: 24)).writePNG(
                    to: "\(folder)/data/photos/\(row).png")
                rows.append(
                    "photos/\(row).png,\(row),\(row % 5 == 0 ? "" : "\(2 * row)"),\(row % 2 == 0 ? "dark" : "light")")
            }
            try rows.joined(separator: "\n").write(toFile: "\(folder)/data/t.csv", atomically: true, encoding: .utf8)
            let text = """
                name: photos
                data:
                  directory: \(folder)
                  source:
                    csv:
                      file: data/t.csv
                      target: class
                      inputs: {facts: [age, weight], photo: {images: photo, height: 2, width: 3, channels: 1}}
                model:
                  seen: {from: photo, layers: [flatten, {dense: {units: 4, activation: relu}}]}
                  class: {from: [seen, facts], layers: [{dense: 2}]}
                optimizer: {adam: {learningRate: 0.05}}
                schedule: constant
                batchSize: 8
                epochs: 20
                """
            let file = try ExperimentFile(yaml: text, path: "photos.yaml")
            let data = try file.experiment().loadedData()
            #expect(data.training.inputNames == ["facts", "photo"])
            #expect(data.training.inputType(of: "photo").description == "uint8[2, 3, 1]")
            for sample in 0..<data.training.count {
                let (age, pixels) = (
                    Int(data.training.input("facts", at: sample).scalars[0]),
                    data.training.input("photo", at: sample).scalars
                )
                #expect(pixels == Array(repeating: Float(age % 2 == 0 ? 20 + age : 200 + age), count: 6))
                #expect(data.training.label(at: sample) == age % 2)
            }
            let streamed = try file.setting("data.source.csv.inputs.photo.streams", to: "true")
            var weights: [[Float]] = []
            for (name, file) in [("memory", file), ("streamed", streamed)] {
                var run = try ExperimentRun(file.experiment())
                #expect(run.data.training.isInMemory == (name == "memory"))
                try run.begin(in: "\(folder)/\(name)")
                try run.train()
                #expect(run.record.test?["accuracy"] == 1)
                weights.append(run.trainer.state?.variables["class/0.dense/kernel"]?.scalars ?? [])
            }
            #expect(weights[0] == weights[1] && !weights[0].isEmpty)
            // Predictions read the images beside the table, too.
            let model = try TrainedModel("\(folder)/memory")
            let predictions = try model.predict(files: ["\(folder)/data/t.csv"])
            #expect(predictions.count == 40)
            for (row, prediction) in predictions.enumerated() {
                #expect(prediction.top(1).first?.name == (row % 2 == 0 ? "dark" : "light"))
            }
            let photo = TableValue.text("\(folder)/data/photos/6.png")
            #expect(
                try model.predict(row: ["photo": photo, "age": 6, "weight": .missing]).top(1).first?.name == "dark")
            #expect(
                message { try model.predict(row: ["age": 6, "weight": 12]) }.contains(
                    "there is no column photo, which holds the paths of images"))
            try rows.dropLast().joined(separator: "\n").appending("\n,1,2,dark\n").write(
                toFile: "\(folder)/data/t.csv", atomically: true, encoding: .utf8)
            let found = message { try file.experiment().loadedData() }
            #expect(
                found.contains("the column photo has no image in row 40. Expected a path in every row."), "\(found)")
        }
    }

    /// Arrays of an archive as inputs and targets by name; whole numbers that go to an embedding stay as they are.
    @Test func namedArrays() throws {
        try withTemporaryFolder { folder in
            let words = try NumericArray(shape: [30, 3], elements: (0..<90).map { Int32($0 % 7) })
            let numbers = try NumericArray(shape: [30, 2], elements: (0..<60).map { Float($0) })
            let labels = try NumericArray(shape: [30], elements: (0..<30).map { Int64($0 % 3) })
            let sums = try NumericArray(shape: [30], elements: (0..<30).map { Double($0) / 30 })
            try NPZFile.write(
                [("w", words), ("n", numbers), ("l", labels), ("s", sums)].map { (name: $0.0, array: $0.1) },
                to: "\(folder)/a.npz")
            let text = """
                name: arrays
                data:
                  directory: \(folder)
                  source: {npz: {file: a.npz, inputs: {text: w, table: n}, targets: {kind: l, sum: s}}}
                model:
                  words: {from: text, layers: [{embedding: {vocabulary: 7, units: 4}}, flatten]}
                  kind: {from: [words, table], layers: [{dense: 3}]}
                  sum: {from: [words, table], layers: [{dense: 1}]}
                losses: {kind: softmaxCrossEntropy, sum: meanSquaredError}
                batchSize: 8
                epochs: 1
                """
            let file = try ExperimentFile(yaml: text, path: "arrays.yaml")
            let data = try file.experiment().tryOut().training
            #expect(data.inputNames == ["table", "text"] && data.targetNames == ["kind", "sum"])
            #expect(data.preprocessing["text"] == .identity && data.preprocessing["table"].scales.count == 2)
            #expect(data.classNames(of: "kind") == ["0", "1", "2"] && !data.isClassification(of: "sum"))
            #expect(data.targetType(of: "sum").shape == [1])
            let found = message {
                try file.setting("model.words.layers.0.embedding.vocabulary", to: "6").experiment().tryOut()
            }
            #expect(found.hasPrefix("words/0.embedding (embedding) has a vocabulary of 6"), "\(found)")
            let half = try file.setting("data.source.npz.testInputs", to: "{text: w}")
            #expect(
                message { try half.experiment() }.contains("needs both testInputs and testTargets, or none of them"))
            #expect(
                message { try half.setting("data.source.npz.testTargets", to: "{kind: l, sum: s}").experiment() }
                    .contains("needs testInputs and testTargets of the same names as inputs and targets"))
        }
    }

    // MARK: Heads and autoencoders

    @Test func anAutoencoderIsComparedWithItsInput() throws {
        try withTemporaryFolder { folder in
            let text = """
                name: autoencoder
                data: {source: {blobs: {count: 200}}, normalize: standardize}
                model: [{dense: 8}, {dense: 2}]
                loss: meanSquaredError
                target: input
                metrics: []
                optimizer: {adam: {learningRate: 0.05}}
                schedule: constant
                epochs: 30
                """
            var run = try ExperimentRun(Experiment(yaml: text, path: "a.yaml"))
            try run.begin(in: "\(folder)/a")
            try run.train()
            let test = try #require(run.data.test)
            #expect(run.record.test?.loss ?? 9 < 0.01)
            // Both coordinates, as the model receives them.
            let evaluation = try Evaluation(run.trainer, on: test)
            let regression = try #require(evaluation.regression)
            #expect(regression.outputs.count == 2 && regression.outputs.allSatisfy { $0.r2 > 0.98 })
        }
    }

    /// Nothing is predicted but the table itself; any other model needs something to be compared with.
    @Test func anAutoencoderOfATableNeedsNoTarget() throws {
        try withTemporaryFolder { folder in
            let rows = (0..<120).map { "\($0 % 7),\(2 * ($0 % 7)),\($0 % 5)" }
            try ("a,b,c\n" + rows.joined(separator: "\n")).write(
                toFile: "\(folder)/t.csv", atomically: true, encoding: .utf8)
            let text = """
                name: autoencoder
                data: {source: {csv: {file: \(folder)/t.csv}}}
                model: [{dense: 2}, {dense: 3}]
                loss: meanSquaredError
                target: input
                metrics: []
                optimizer: {adam: {learningRate: 0.05}}
                schedule: constant
                batchSize: 16
                epochs: 60
                """
            var run = try ExperimentRun(Experiment(yaml: text, path: "a.yaml"))
            #expect("\(run.data)" == "96 rows of 3 features, no targets" && !run.data.training.hasTargets)
            try run.begin(in: "\(folder)/a")
            try run.train()
            // The second column is twice the first: two numbers are enough.
            #expect(run.record.test?.loss ?? 9 < 0.01)
            try run.writeReport()
            #expect(try TrainedModel("\(folder)/a").predict(row: ["a": 1, "b": 2, "c": 3]).numbers.count == 3)
            let found = message { try Experiment(yaml: text.replacing("target: input\n", with: ""), path: "a.yaml") }
            #expect(found.contains("the table needs the column to predict: target, or targets by name"), "\(found)")
        }
    }

    /// What older files say is read, and written as it is called now.
    @Test func formerNamesAreRead() throws {
        let former = """
            name: a
            model: mlp
            data: {source: {csv: {file: a.csv, label: b}}}
            optimizer: {sgd: {}, clip: {norm: 1}, accumulate: 2, skipNonFinite: true, groups: [{match: "*/bias", frozen: true}]}
            """
        let now = """
            name: a
            model: mlp
            data: {source: {csv: {file: a.csv, target: b}}}
            optimizer: {sgd: {}, clipping: {norm: 1}, accumulation: 2, skipsNonFinite: true, groups: [{pattern: "*/bias", isFrozen: true}]}
            """
        let experiment = try Experiment(yaml: former, path: "a.yaml")
        #expect(try experiment == Experiment(yaml: now, path: "a.yaml"))
        let text = try experiment.yaml()
        for name in ["label:", "clip:", "accumulate:", "skipNonFinite:", "match:", "frozen:"] {
            #expect(!text.contains(" \(name)"), "\(name)")
        }
    }
}
