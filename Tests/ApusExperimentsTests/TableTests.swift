import Apus
import ApusExperiments
import ApusInference
import ApusFormats
import ApusReport
import ApusTestKit
import Foundation
import Testing

/// Tables that people really have, from the file to predictions.
@Suite struct TableTests {
    private func write(_ text: String, _ folder: String, _ name: String = "t.csv") throws {
        try Data(text.utf8).write(to: URL(filePath: "\(folder)/\(name)"))
    }

    private func load(_ source: String, _ folder: String, _ more: String = "") throws -> LoadedData {
        var data = try Experiment(
            yaml: "{model: mlp, data: {source: {csv: {file: t.csv, \(source)}}\(more)}}", path: "e.yaml"
        ).data
        data.directory = folder
        return try data.load(seed: 3)
    }

    private func table(_ header: String, _ rows: Int, _ row: (Int) -> String) -> String {
        ([header] + (0..<rows).map(row)).joined(separator: "\n") + "\n"
    }

    @Test func oneOddCellIsAnError() throws {
        try withTemporaryFolder { folder in
            try write(table("x,y", 60) { "\($0 == 40 ? "12a" : "\($0).5"),\($0 % 2)" }, folder)
            #expect(
                message { try load("target: y", folder) }
                    == "\(folder)/t.csv: line 42 holds \"12a\" in the column x. Expected numbers, as in 59 of its 60 cells. Correct the "
                    + "cell; or say that it means a missing value (missing: [\"12a\"]), that the column holds words (words: [x]), or "
                    + "leave the column out (ignore: [x]).")
            #expect(try load("target: y, missing: [12a]", folder).featureNames == ["x"])
            #expect(try load("target: y, words: [x]", folder).featureNames?.count == 60)
            for word in ["-", "n.a.", "None", "NA", "null", "?"] {
                try write(table("x,y", 60) { "\($0 == 40 ? word : "\($0).5"),\($0 % 2)" }, folder)
                let data = try load("target: y", folder)
                #expect(data.featureNames == ["x"])
                #expect(data.remarks.contains { $0.hasPrefix("column x (feature): numbers; 1 value is missing") })
            }
        }
    }

    @Test func whatColumnsAreIsSaid() throws {
        try withTemporaryFolder { folder in
            try write(
                table("price;day;color;n;y", 40) {
                    "\($0),5 €;\($0 % 28 + 1).02.2024;\($0 % 2 == 0 ? "red" : "blue");\($0);\($0 % 2 == 0 ? "a" : "b")"
                }, folder)
            let data = try load("target: y", folder)
            #expect(data.featureNames == ["price", "day", "color=blue", "color=red", "n"])
            #expect(
                data.remarks == [
                    "column y (label): 2 words: a, b",
                    "column price (feature): numbers with a decimal comma (1,5 is one and a half), with €",
                    "column day (feature): dates with the day first, as days since 1970-01-01",
                    "column color (feature): 2 words: blue, red; one feature a word", "1 column of numbers: n",
                ])
            var report = RunReport(Experiment(name: "a", model: "mlp"))
            report.columns = data.columns
            #expect(report.html.contains("dates with the day first"))
        }
    }

    @Test func namesOfRowsAreNoFeatures() throws {
        try withTemporaryFolder { folder in
            try write(table("name,x,y", 40) { "n\($0),\($0),\($0 % 2)" }, folder)
            #expect(
                message { try load("target: y", folder) }.contains(
                    "nearly every row has another word in the column name"))
            #expect(try load("target: y, ignore: [name]", folder).featureNames == ["x"])
            #expect(try load("target: y, words: [name]", folder).featureNames?.count == 41)
            #expect(
                message { try load("target: name", folder) }.contains(
                    "nearly every row has another class in the column name"))
        }
    }

    @Test func headersAndLabels() throws {
        try withTemporaryFolder { folder in
            try write("x,x,label\n1,2,a\n3,4,b\n", folder)
            #expect(message { try load("target: label", folder) }.contains("two columns have the name \"x\""))
            try write(
                "\u{feff}"
                    + table("x y", 44) { "\($0)   class\($0 % 11)" }.replacing("class", with: "").replacing(
                        "\n", with: "\r\n"), folder)
            #expect(try load("target: y", folder).classNames == (0...10).map { "\($0)" })
            #expect(try load("target: y", folder).remarks.first == "column y (label): whole numbers, as classes")
            #expect(try load("target: y, words: [y]", folder).classNames == (0...10).map { "\($0)" })
        }
    }

    @Test func rareClassesAreNoted() throws {
        try withTemporaryFolder { folder in
            try write(table("x,y", 50) { "\($0),\($0 == 7 ? "rare" : $0 % 2 == 0 ? "a" : "b")" }, folder)
            let notes = (0..<8).flatMap { seed in
                (try? load("target: y", folder, ", seed: \(seed)").notes) ?? ["failed"]
            }
            #expect(notes.count == 8 && notes.allSatisfy { $0.contains("class rare has") })
        }
    }

    /// Seconds of this century are one apart; float32 knows no such numbers.
    @Test func timestampsKeepTheirDigits() throws {
        try withTemporaryFolder { folder in
            try write(table("t,z,y", 200) { "\(1_700_000_000 + $0),\($0),\($0 % 2 == 0 ? "a" : "b")" }, folder)
            let data = try load("target: y", folder)
            #expect(data.training.elementType == .float64)
            let values = (0..<data.training.count).map { index in
                let sample = data.training.features(at: index)
                return data.training.preprocessing(sample).scalars
            }
            #expect(Set(values.map { $0[0] }).count == data.training.count)
            // Both columns are the same numbers but for where they begin.
            #expect(values.allSatisfy { abs($0[0] - $0[1]) < 1e-4 })
            #expect(data.columns.contains { $0.name == "t" && $0.remark?.contains("float64") == true })
            // Ordinary tables stay as they were.
            try write(table("t,y", 200) { "\(Double($0) / 10),\($0 % 2)" }, folder)
            #expect(try load("target: y", folder).training.elementType == .float32)
        }
    }

    /// Training and prediction see the same numbers.
    @Test func predictionsReadTheSame() throws {
        try withTemporaryFolder { folder in
            try write(
                table("t;price;color;y", 60) {
                    "\(1_700_000_000 + $0);\($0),25;\($0 % 2 == 0 ? "red" : "1");\($0 % 3 == 0 ? "a" : "b")"
                }, folder)
            let text = """
                model: [{dense: 2}]
                data: {directory: \(folder), source: {csv: {file: t.csv, target: y, separator: semicolon, words: [color]}}, test: 0.2}
                schedule: constant
                epochs: 1
                """
            var run = try ExperimentRun(try Experiment(yaml: text, path: "e.yaml"))
            try run.begin(in: "\(folder)/run")
            try run.train()
            let inputs = try #require(run.folder).modelDescription()
            let data = run.data
            // Columns in another order, and more of them.
            let rows = (0..<data.training.count).map { data.training.features(at: $0).scalars(as: Double.self) }
            let lines = rows.map { row in
                "\(row[2] == 1 ? "1" : "red");extra;\(String(row[1]).replacing(".", with: ","));\(Int(row[0]))"
            }
            try write((["color;more;price;t"] + lines).joined(separator: "\n"), folder, "p.csv")
            let read = try PredictionInput.read(["\(folder)/p.csv"], for: inputs)
            #expect(read[0].samples.only.elementType == .float64)
            #expect(read[0].samples.only.scalars(as: Double.self) == rows.flatMap { $0 })
            let model = try TrainedModel(run: try #require(run.folder))
            #expect(try model.predict(read[0].samples).allSatisfy { !$0.classes.isEmpty })
            // What is missing is the mean of the training part.
            try write("color;price;t\nred;;1700000000\n", folder, "p.csv")
            let filled = try PredictionInput.read(["\(folder)/p.csv"], for: inputs)[0].samples.only.scalars(
                as: Double.self)
            #expect(abs(filled[1] - rows.map { $0[1] }.reduce(0, +) / Double(rows.count)) < 1e-12)
            #expect(filled[0] == 1_700_000_000 && filled[2...] == [0, 1])
            // New words, missing columns, infinite numbers.
            try write("color;price;t\ngreen;1,5;1700000000\n", folder, "p.csv")
            let new = try PredictionInput.read(["\(folder)/p.csv"], for: inputs)
            #expect(new[0].samples.only.scalars(as: Double.self) == [1_700_000_000, 1.5, 0, 0])
            #expect(
                new[0].remark?.contains("the column color holds \"green\", which the training did not have") == true)
            try write("price;t\n1,5;1700000000\n", folder, "p.csv")
            #expect(
                message { try PredictionInput.read(["\(folder)/p.csv"], for: inputs) }.contains(
                    "the file lacks the column color"))
            try write("color;price;t\nred;1,5;1\nred;inf;2\n", folder, "p.csv")
            #expect(
                message { try PredictionInput.read(["\(folder)/p.csv"], for: inputs) }.contains(
                    "line 3 holds \"inf\" in the column price"))
            try write("color;price;t\nred;1.5;1\n", folder, "p.csv")
            #expect(
                message { try PredictionInput.read(["\(folder)/p.csv"], for: inputs) }.contains(
                    "line 2 holds \"1.5\" in the column \"price\""))
        }
    }

    /// Indices are no measurements.
    @Test func embeddingsTakeIndicesAsTheyAre() throws {
        try withTemporaryFolder { folder in
            try write(table("a,b,y", 40) { "\($0 % 7),\($0 % 5),\($0 % 2)" }, folder)
            func data(_ vocabulary: Int) throws -> LoadedData {
                let text = """
                    model: [{embedding: {vocabulary: \(vocabulary), units: 3}}, flatten, {dense: 2}]
                    data: {directory: \(folder), source: {csv: {file: t.csv, target: y}}}
                    """
                return try Experiment(yaml: text, path: "e.yaml").loadedData()
            }
            #expect(try data(7).training.preprocessing == .identity)
            #expect(
                message { try data(6) }.hasPrefix(
                    "0.embedding (embedding) has a vocabulary of 6, but a sample of the training part holds the index 6"
                ))
        }
    }

    /// Patterns that match nothing change nothing, so they are mistakes.
    @Test func patternsMustMatch() throws {
        let file = try moonsFile()
        func problem(_ pattern: String) -> String {
            message { try ExperimentRun(try file.freezing([pattern]).experiment()) }
        }
        #expect(
            problem("0.dense/*") == "no error" && problem("?.dense/b*") == "no error" && problem("*/bias") == "no error"
        )
        #expect(
            problem("0.dens/kernel")
                == "no variable matches the pattern 0.dens/kernel of the optimizer's groups, or of what is frozen (did you mean 0.dense/kernel?)"
        )
        #expect(problem("nosuch*").contains("known are 0.dense/kernel, 0.dense/bias"))
        #expect(problem("").contains("no variable matches"))
        #expect(problem(String(repeating: "*a", count: 60)).contains("no variable matches"))
    }

    /// Batches and epochs as great as numbers are.
    @Test func extremes() throws {
        let moons = try moonsFile().setting("batchSize", to: "\(Int.max)").experiment()
        var run = try ExperimentRun(moons)
        try withTemporaryFolder { folder in
            try run.begin(in: "\(folder)/a")
            let history = try run.train()
            #expect(history.epochs.last?.step == 3)
        }
        let data = Dataset.moons(count: 20, seed: 1)
        #expect(Array(data.batches(of: .max, epoch: 0, seed: 1, ahead: .max)).map(\.count) == [20])
        #expect(data.batches(of: .max, epoch: 0, seed: 1, dropsRemainder: true, startingAt: .max).count == 0)
        #expect(
            message { try moonsFile().setting("epochs", to: "\(Int.max)").experiment() }
                == "moons.yaml: the setting".replacing("moons.yaml: ", with: "")
                + " epochs=9223372036854775807: expected a whole number up to 1073741824 but found 9223372036854775807 at epochs"
        )
        var trainer = Trainer(Sequential { Dense(2) }, loss: .softmaxCrossEntropy, optimizer: .sgd(), seed: 1)
        #expect(
            message { try trainer.fit(data, epochs: .max, batchSize: .max) }
                == "epochs must be at most 1073741824, received 9223372036854775807")
        for text in ["count", "features", "classes"] {
            for value in [Int.max, -1, 0] {
                #expect(throws: (any Error).self) {
                    try Experiment(yaml: "{model: mlp, data: {source: {blobs: {\(text): \(value)}}}}", path: "e.yaml")
                        .data.load(seed: 1)
                }
            }
        }
        for value in [Int.max, Int.min, -1, 0, 1] {
            #expect(throws: DatasetError.self) { try data.folds(value, seed: 1) }
        }
        for value in [2, -1, .nan, .infinity] {
            #expect(throws: DatasetError.self) { try data.split(validation: value, seed: 1) }
        }
    }
}
