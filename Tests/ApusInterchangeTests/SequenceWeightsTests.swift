import Apus
import ApusBackend
import ApusFormats
import ApusGraph
import ApusInference
import ApusInterchange
import ApusNN
import ApusTensor
import ApusTestKit
import Foundation
import Testing

/// Weights of recurrent layers and attention from files of PyTorch and Keras, and back.
@Suite struct SequenceWeightsTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Fixtures/sequences").path
    private static let torch = ["tagger", "gru", "rnn", "attention", "encoder", "order"]
    private static let keras = ["keras-all.weights.h5", "keras-two.h5", "keras-two.keras"]

    /// A network of the fixtures: layers, a batch, and what PyTorch or Keras computes of it.
    private struct Network {
        let layers: Sequential
        let input: Tensor
        let output: Tensor

        init(_ name: String) throws {
            let file = try SafetensorsFile("\(SequenceWeightsTests.folder)/sequences.safetensors")
            layers = try JSONDecoder().decode(Sequential.self, from: Data(try #require(file.metadata[name]).utf8))
            input = try file.tensor("\(name)/input")
            output = try file.tensor("\(name)/output")
        }

        var signature: Signature {
            Signature(Shape(Array(input.shape.dimensions.dropFirst())), input.elementType)
        }

        func trained(_ seed: UInt64) throws -> TrainedModel {
            let variables = try layers.initialized(inputs: signature, seed: seed)
            return TrainedModel(layers, variables: variables, inputs: signature, meaning: .numbers)
        }
    }

    private func distance(_ a: Tensor, _ b: Tensor) throws -> Double {
        #expect(a.shape == b.shape)
        return try zip(a.evaluated().scalars(as: Double.self), b.evaluated().scalars(as: Double.self))
            .map { abs($0 - $1) }.max() ?? .infinity
    }

    @Test(arguments: torch) func ofPyTorch(_ name: String) throws {
        let network = try Network("torch-\(name)")
        var weights = try network.layers.initialized(inputs: network.signature, seed: 1)
        let report = try weights.load("\(SequenceWeightsTests.folder)/torch-\(name).pth")
        #expect(report.isComplete)
        #expect("\(report)".contains(name == "order" ? "by their order" : "by PyTorch's names"))
        let output = network.layers.applied(to: Values(network.input), with: weights, mode: .inference).output
        #expect(try distance(output, network.output) < 1e-5)
    }

    @Test(arguments: keras) func ofKeras(_ file: String) throws {
        let network = try Network(String(file.prefix { $0 != "." }))
        var weights = try network.layers.initialized(inputs: network.signature, seed: 1)
        let report = try weights.load("\(SequenceWeightsTests.folder)/\(file)")
        #expect(report.isComplete && "\(report)".contains("by Keras's names"))
        let output = network.layers.applied(to: Values(network.input), with: weights, mode: .inference).output
        #expect(try distance(output, network.output) < 1e-5)
    }

    /// Attention to sequences of other channels has three kernels of its own in PyTorch.
    @Test func attentionToOthers() throws {
        struct Looking: Model {
            func outputs(for inputs: Values, in context: Context) -> Values {
                Values(
                    MultiHeadAttention(heads: 2)(
                        inputs["input"], keys: inputs["keys"], values: inputs["values"], in: context["look"]))
            }
        }
        let file = try SafetensorsFile("\(SequenceWeightsTests.folder)/sequences.safetensors")
        let inputs = Values(
            try ["input", "keys", "values"].map { (name: $0, tensor: try file.tensor("torch-looking/\($0)")) })
        let signature: Signature = ["input": [5, 4], "keys": [3, 3], "values": [3, 5]]
        var weights = try Looking().initialized(inputs: signature, seed: 1)
        try weights.load("\(SequenceWeightsTests.folder)/torch-looking.pth")
        let output = Looking().applied(to: inputs, with: weights, mode: .inference).output
        #expect(try distance(output, file.tensor("torch-looking/output")) < 1e-5)
        #expect(
            weights.pyTorchArrays.map(\.part.name) == [
                "look.q_proj_weight", "look.k_proj_weight", "look.v_proj_weight", "look.in_proj_bias",
                "look.out_proj.weight", "look.out_proj.bias",
            ])
    }

    /// What Apus writes has the names and the shapes of the files that PyTorch wrote, in their order.
    @Test(arguments: torch.filter { $0 != "order" }) func backToPyTorch(_ name: String) throws {
        let network = try Network("torch-\(name)")
        let expected = try PyTorchFile("\(SequenceWeightsTests.folder)/torch-\(name).pth")
        try withTemporaryFolder { folder in
            let path = "\(folder)/a.pth"
            try network.trained(7).export(to: path, with: ExportFormat.pyTorch.exporter(images: .channelsLast))
            let written = try PyTorchFile(path)
            #expect(written.names == expected.names)
            for name in expected.names where written.names.contains(name) {
                #expect(try written.type(of: name).shape == expected.type(of: name).shape, "\(name)")
            }
        }
    }

    @Test(arguments: ["keras-all.weights.h5"]) func backToKeras(_ name: String) throws {
        let network = try Network(String(name.prefix { $0 != "." }))
        let expected = try KerasFile("\(SequenceWeightsTests.folder)/\(name)")
        try withTemporaryFolder { folder in
            let path = "\(folder)/a.weights.h5"
            try network.trained(7).export(to: path, with: ExportFormat.keras.exporter(images: .channelsLast))
            let written = try KerasFile(path)
            #expect(written.names == expected.names)
            for name in expected.names where written.names.contains(name) {
                #expect(try written.type(of: name).shape == expected.type(of: name).shape, "\(name)")
            }
        }
    }

    /// What PyTorch's layers do not compute is said, both ways.
    @Test func whatPyTorchHasNot() throws {
        func message(_ layer: any Layer) throws -> String {
            let net = Sequential([layer.named("gru")])
            let variables = try net.initialized(input: [5, 3], seed: 1)
            let trained = TrainedModel(net, variables: variables, input: [5, 3], meaning: .numbers)
            return ApusTestKit.message {
                try trained.export(to: "/tmp/a.pth", with: ExportFormat.pyTorch.exporter(images: .channelsLast))
            }
        }
        #expect(
            try message(GRU(4, resetsAfter: false)) == """
                /tmp/a.pth: the gru gru resets the state before the product, and PyTorch's nn.GRU after it. Make the layer with \
                resetsAfter: true; weights learned with false can't be turned into such.
                """)
        #expect(
            try message(LSTM(4, isReversed: true)) == """
                /tmp/a.pth: the lstm gru begins with the last step, and PyTorch's nn.LSTM with the first. Let the layer be the second \
                direction of a Bidirectional, or reverse sequences before a layer with isReversed: false.
                """)
        #expect(
            try message(SimpleRNN(4, activation: .sigmoid)) == """
                /tmp/a.pth: the simpleRNN gru applies sigmoid, and PyTorch's nn.RNN tanh or relu. Make the layer with tanh or relu.
                """)
        let net = Sequential {
            GRU(4, resetsAfter: false).named("gru"); Dense(2).named("head")
        }
        var weights = try net.initialized(input: [5, 3], seed: 1)
        let text = ApusTestKit.message { try weights.load("\(SequenceWeightsTests.folder)/torch-gru.pth") }
        #expect(text.contains("the weights are not those of the model's layer: the gru gru resets the state before"))
    }

    /// Attention with turned positions, or fewer heads of keys, is none of PyTorch's: its four maps keep their names.
    @Test func attentionOfOurOwn() throws {
        for layer in [
            MultiHeadAttention(heads: 2, keyValueHeads: 1), MultiHeadAttention(heads: 2, positions: .rotary),
            MultiHeadAttention(heads: 2, keySize: 3),
        ] {
            let net = Sequential([layer.named("look")])
            let weights = try net.initialized(input: [5, 8], seed: 1)
            #expect(
                weights.pyTorchArrays.map(\.part.name) == [
                    "look.query.weight", "look.query.bias", "look.key.weight", "look.key.bias", "look.value.weight",
                    "look.value.bias", "look.output.weight", "look.output.bias",
                ])
        }
    }

    /// A file of PyTorch's attention is not taken for another one.
    @Test func attentionThatPyTorchHasNot() throws {
        func message(_ layer: MultiHeadAttention) throws -> String {
            let net = Sequential([layer.named("attention")])
            var weights = try net.initialized(input: [5, 4], seed: 1)
            let path = "\(SequenceWeightsTests.folder)/torch-attention.pth"
            return ApusTestKit.message { try weights.load(path) }.replacing(path, with: "a.pth")
        }
        #expect(
            try message(MultiHeadAttention(heads: 2, positions: .rotary)) == """
                a.pth: the weights are not those of the model's layer: the attention attention turns queries and keys by their \
                positions, and PyTorch's nn.MultiheadAttention does not. Make the layer without positions, keyValueHeads and \
                keySize, or take other weights.
                """)
        #expect(
            try message(MultiHeadAttention(heads: 2, keyValueHeads: 1)).contains(
                "has 1 heads of keys and values for 2 of queries, and PyTorch's nn.MultiheadAttention as many"))
        #expect(
            try message(MultiHeadAttention(heads: 2, keySize: 3)).contains(
                "has 2 heads of 3 for 4 channels, and PyTorch's nn.MultiheadAttention divides the channels"))
    }

    /// Layers that are not alike are no list of PyTorch's; one alone is.
    @Test func listsOfLayers() throws {
        func names(_ layers: [any Layer]) throws -> [String] {
            let net = Sequential([Sequential(layers).named("r")])
            let names = try net.initialized(input: [5, 3], seed: 1).pyTorchArrays.map(\.part.name)
            return names.filter { $0.contains("weight_ih") }
        }
        #expect(try names([LSTM(3)]) == ["r.weight_ih_l0"])
        #expect(
            try names([LSTM(3, returnsSequences: true), Dropout(0.1), LSTM(3)]) == ["r.weight_ih_l0", "r.weight_ih_l1"])
        #expect(
            try names([LSTM(3, returnsSequences: true), LSTM(4)]) == [
                "r.0.lstm.weight_ih_l0", "r.1.lstm.weight_ih_l0",
            ])
        #expect(
            try names([GRU(3, returnsSequences: true), Dense(3)]) == ["r.0.gru.weight_ih_l0"])
    }

    /// Random weights, and what Apus computes with them, for check_sequence_weights.py.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["APUS_WRITTEN_SEQUENCES"] != nil))
    func filesForTheScript() throws {
        let folder = ProcessInfo.processInfo.environment["APUS_WRITTEN_SEQUENCES"]!
        let cases =
            SequenceWeightsTests.torch.filter { $0 != "order" }.map { ("torch-\($0)", ExportFormat.pyTorch, "pth") }
            + [("keras-all", .keras, "weights.h5"), ("keras-two", .keras, "weights.h5")]
        for (name, format, ending) in cases {
            let network = try Network(name)
            let trained = try network.trained(7)
            try trained.export(to: "\(folder)/\(name).\(ending)", with: format.exporter(images: .channelsLast))
            let output = network.layers.applied(
                to: Values(network.input), with: trained.variables, mode: .inference
            ).output
            try SafetensorsFile.write(
                [("input", try NumericArray(network.input)), ("output", try NumericArray(output))],
                to: "\(folder)/\(name).safetensors")
        }
    }
}

extension SafetensorsFile {
    fileprivate func tensor(_ name: String) throws -> Tensor {
        let type = try type(of: name)
        let buffer = Buffer(byteCount: type.byteCount)
        try read(name, into: buffer.mutableBytes)
        return Tensor(buffer, type)
    }
}
