import ApusData
import ApusExperiments
import ApusGraph
import ApusModels
import ApusNN
import ApusTensor
import ApusTestKit
import Foundation
import Testing

/// Networks of the zoo that read texts.
@Suite struct TextNetworkTests {
    private func weights(_ model: Sequential, _ length: Int) throws -> Int {
        try model.summary(inputs: Signature([length], .int32)).trainableCount
    }

    /// LSTM: 4 u (e + u + 1) weights, dense layers (n + 1) m.
    @Test func sizes() throws {
        #expect(
            try weights(CharacterModel(units: 6, embedding: 4, layers: 2).model(vocabulary: 10), 7)
                == 40 + 4 * 6 * 11 + 4 * 6 * 13 + 70)
        #expect(try weights(TextClassifier(embedding: 4).model(vocabulary: 10, classes: 3), 7) == 40 + 15)
        #expect(
            try weights(
                TextClassifier(embedding: 4, units: 6, hidden: 5, dropout: 0.1).model(vocabulary: 10, classes: 3), 7)
                == 40 + 2 * 4 * 6 * 11 + 13 * 5 + 18)
        #expect(
            CharacterModel(layers: 2, dropout: 0.2).model(vocabulary: 9).layers.map(\.kind) == [
                "embedding", "lstm", "dropout", "lstm", "dropout", "dense",
            ])
    }

    /// What the data say: tokens, length, classes.
    @Test func dataDecide() throws {
        for network in TextNetwork.all {
            let outputs = network.isLanguageModel ? 11 : 3
            let model = try ModelSource.text(network).model(outputs: outputs, input: [5], vocabulary: 11)
            let summary = try #require(model as? Sequential).summary(inputs: Signature([5], .int32))
            #expect(summary.rows.last?.outputShape == (network.isLanguageModel ? [5, 11] : [3]), "\(network.name)")
            #expect(
                try ModelSource.name(network.name).model(outputs: outputs, input: [5], vocabulary: 11) as? Sequential
                    == model as? Sequential)
        }
        #expect(TextNetwork("lenet5") == nil)
        #expect(
            message { try ModelSource.name("charactermodel").model() }
                == "there is no network charactermodel (did you mean characterModel?)")
    }

    /// A shorter text is told as if nothing stood behind it; the data say what does.
    @Test(arguments: [0, 3]) func paddingDoesNotCount(units: Int) throws {
        let network = TextNetwork.textClassifier(TextClassifier(embedding: 4, units: units))
        func outputs(_ tokens: [Int32], padding: Int?) throws -> [Float] {
            let source = ModelSource.text(network)
            let model = try #require(
                try source.model(outputs: 2, input: [tokens.count], vocabulary: 6, padding: padding) as? Sequential)
            let weights = try model.initialized(inputs: Signature([tokens.count], .int32), seed: 3)
            let x = Tensor(tokens, shape: [1, tokens.count])
            return try model.applied(to: x, with: weights, mode: .inference).output.evaluated().scalars
        }
        func distance(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).map { abs($0 - $1) }.max() ?? 0 }
        let alone = try outputs([3, 1, 4], padding: 0)
        #expect(distance(alone, try outputs([3, 1, 4, 0, 0], padding: 0)) < 1e-6)
        #expect(distance(alone, try outputs([3, 1, 4, 0, 0], padding: nil)) > 1e-4)
        let experiment = Experiment(
            name: "t",
            data: DataSource(source: .text(TextSource(file: "lines.txt")), validation: .init(fraction: 0), test: 0),
            model: .text(network))
        try withTemporaryFolder { folder in
            try Data("a b\na\nb\nb a\n".utf8).write(to: URL(filePath: "\(folder)/lines.txt"))
            var data = experiment.data
            data.directory = folder
            let model = try experiment.network(for: data.load(seed: 1).training) as? Sequential
            #expect((model?.layers.first as? Embedding)?.padding == 0)
        }
    }

    @Test(arguments: [
        ("gpt", "gpt", TextNetwork.gpt(GPT())),
        ("{gpt: {width: 64, layers: 2}}", "{gpt: {width: 64, layers: 2}}", .gpt(GPT(width: 64, layers: 2))),
        ("{characterModel: {units: 32}}", "{characterModel: {units: 32}}", .characterModel(CharacterModel(units: 32))),
        ("{textClassifier: {}}", "textClassifier", .textClassifier(TextClassifier())),
    ])
    func files(_ yaml: String, _ written: String, _ network: TextNetwork) throws {
        let experiment = try Experiment(yaml: "{name: t, model: \(yaml)}", path: "t.yaml")
        #expect(experiment.model.textNetwork == network)
        let again = try Experiment(yaml: experiment.yaml(), path: "t.yaml")
        #expect(again.model.textNetwork == network)
        let set = try ExperimentFile(yaml: "{name: t, model: {gpt: {width: 64}}}", path: "t.yaml").setting(
            "model.gpt.layers", to: "3")
        #expect(try set.experiment().model == .text(.gpt(GPT(width: 64, layers: 3))))
        // Files above each other: the same network keeps its sizes, another one or parts take its place.
        let file = try ExperimentFile(yaml: "{name: t, model: {gpt: {width: 64}}}", path: "t.yaml")
        func merged(_ model: String) throws -> ModelSource {
            try file.merging(ExperimentFile(yaml: "{name: t, model: \(model)}", path: "o.yaml")).experiment().model
        }
        #expect(try merged("{gpt: {heads: 2}}") == .text(.gpt(GPT(width: 64, heads: 2))))
        #expect(try merged("{characterModel: {units: 3}}") == .text(.characterModel(CharacterModel(units: 3))))
        #expect(try merged("lenet5") == .name("lenet5"))
        #expect(
            try ExperimentFile(model: "gpt").setting("model.gpt.width", to: "32").experiment().model
                == .text(.gpt(GPT(width: 32))))
        let parts = try ExperimentFile(
            yaml: "{name: t, model: {gpt: {from: input, layers: [{dense: 2}]}, b: {from: gpt, layers: [{dense: 3}]}}}",
            path: "t.yaml"
        ).setting("model.gpt.layers.0.dense.units", to: "7").setting("model.b.layers.0.dense.units", to: "9")
        #expect(try parts.experiment().yaml().contains("7") && parts.experiment().yaml().contains("9"))
        // A part of that name is a part.
        let graph = try Experiment(
            yaml: "{name: t, model: {gpt: {from: input, layers: [{dense: 2}]}}}", path: "t.yaml"
        ).model
        #expect(graph.textNetwork == nil)
    }

    @Test func refusals() throws {
        #expect(
            message { try Experiment(yaml: "{name: t, model: {gpt: {with: 64}}}", path: "t.yaml") }.contains(
                "did you mean width?"))
        let experiment = Experiment(
            name: "t", data: DataSource(source: .generated(.moons(count: 40))), model: .name("gpt"))
        #expect(
            message { try experiment.network(for: experiment.loadedData().training) }
                == "gpt reads tokens of texts, but a sample of the data is float32[2]; give data: {source: {corpus: …}}"
        )
    }
}
