import Apus
import ApusConfiguration
import ApusExperiments
import ApusTestKit
import Foundation
import Testing

/// Runs on texts: the tokenizer travels with them.
@Suite struct TextRunTests {
    private func reviews(_ folder: String) throws {
        let rows = (0..<60).map { $0 % 2 == 0 ? "a good film \($0),yes" : "a bad film \($0),no" }
        try Data((["review,label"] + rows).joined(separator: "\n").utf8).write(to: URL(filePath: "\(folder)/r.csv"))
    }

    @Test(arguments: [
        "{tokenizer: words, vocabulary: 8, encoding: multiHot}", "{tokenizer: characters, length: 12}",
        "{tokenizer: {bytePair: {vocabulary: 300}}, length: 8, keeping: end}",
    ]) func predictionsReadAsTheTraining(_ settings: String) throws {
        try withTemporaryFolder { folder in
            try reviews(folder)
            let isHot = settings.contains("multiHot")
            let text = """
                model: [\(isHot ? "" : "{embedding: {vocabulary: 300, units: 4}}, flatten, "){dense: {units: 8, activation: relu}}, {dense: 2}]
                data:
                  directory: \(folder)
                  source: {text: {file: r.csv, column: review, target: label, \(settings.dropFirst())}
                optimizer: {adam: {learningRate: 0.02}}
                schedule: constant
                batchSize: 8
                epochs: 20
                """
            var run = try ExperimentRun(try Experiment(yaml: text, path: "e.yaml"))
            try run.begin(in: "\(folder)/run")
            try run.train()
            let model = try TrainedModel("\(folder)/run")
            let answers = try model.predict(
                texts: ["A GOOD film 3", "a bad film 4"].map { isHot ? $0 : $0.lowercased() })
            #expect(answers.map { $0.top(1)[0].name } == ["yes", "no"])
            // Texts of the training give the numbers that the network gave there.
            let sample = run.data.training
            let rows = try String(contentsOfFile: "\(folder)/r.csv", encoding: .utf8).split(separator: "\n").dropFirst()
            let reading = try #require(model.details.text)
            let texts = rows.map { String($0.split(separator: ",")[0]) }
            let samples = try reading.samples(of: texts)
            for place in 0..<sample.count {
                let numbers = sample.features(at: place).scalars
                #expect((0..<texts.count).contains { samples[$0].scalars == numbers })
            }
            // Files: the column of a table, lines, and a model's own file.
            let lines = "a good film\na bad film\n"
            try Data(lines.utf8).write(to: URL(filePath: "\(folder)/new.txt"))
            try model.write(to: "\(folder)/model.apus")
            let alone = try TrainedModel("\(folder)/model.apus")
            let some = try alone.predict(files: ["\(folder)/r.csv", "\(folder)/new.txt"], samples: 61)
            #expect(some.count == 61)
            #expect(some[60].top(1)[0].name == "yes")
            #expect(some[0].input == "\(folder)/r.csv#0")
        }
    }

    @Test func otherModelsTakeNoTexts() throws {
        var run = try ExperimentRun(try moonsFile().experiment())
        try withTemporaryFolder { folder in
            try run.begin(in: "\(folder)/run")
            try run.train()
            let model = try TrainedModel("\(folder)/run")
            #expect(
                message { try model.predict(texts: ["a"]) } == """
                    the model was not trained on texts. Expected [N, 2]; received a text. Give samples as a tensor: model.predict(samples).
                    """)
            #expect(try model.predict(texts: []).isEmpty)
        }
    }

    @Test func settingsAreChecked() throws {
        let text = """
            model: [{dense: 2}]
            data: {source: {text: {file: r.csv, column: review, target: label, tokenizer: {bytePair: {vocabulary: 100}}}}}
            """
        #expect(
            message { try Experiment(yaml: text, path: "e.yaml") }.contains(
                "bytePair needs a vocabulary of 257…16777216, for there are 256 bytes and a padding, received 100"))
        #expect(
            message { try Experiment(yaml: "model: [{dense: 2}]\ndata: {source: {text: r.txt}}", path: "e.yaml") }
                .contains("the texts need the column to predict: file, column and target; or a folder of classes"))
    }
}
