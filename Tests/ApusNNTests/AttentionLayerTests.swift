import ApusFixtures
import ApusGraph
import ApusNN
import ApusTensor
import ApusTestKit
import Testing

/// Layers of attention beside their fixtures: other sequences, masks, positions, what they refuse.
@Suite struct AttentionLayerTests {
    /// Attends from `queries` to `keys`, of which the first of each sample count.
    private struct Cross: Model {
        var attention: MultiHeadAttention
        func outputs(for inputs: Values, in context: Context) -> Values {
            let keys = inputs["keys"]
            let keyMask =
                inputs.contains("lengths") ? Tensor.sequenceMask(inputs["lengths"], length: keys.shape[1]) : nil
            let mask = inputs.contains("mask") ? inputs["mask"] : nil
            return Values(attention(inputs["queries"], keys: keys, mask: mask, keyMask: keyMask, in: context))
        }
    }

    @Test func otherSequencesFollowPyTorch() throws {
        let item = try #require(try FixtureCase.all("attention").first { $0.name == "cross" })
        let paths = item.names("variables")
        let variables = try Dictionary(uniqueKeysWithValues: paths.map { ($0, try item["variables/\($0)"]) })
        let inputs: Values = [
            "queries": Tensor(try item["queries"].node), "keys": Tensor(try item["keys"].node),
            "lengths": try item["lengths"],
        ]
        let traced = TracedModel(
            Cross(attention: MultiHeadAttention(heads: 2)), inputs, mode: .training, key: Tensor([1, 2]),
            variables: variables)
        try traced.validate()
        let y = traced.output
        let leaves = [inputs["queries"], inputs["keys"]] + paths.map { variables[$0]! }
        let gradients = gradient(of: (y * (try item["r"])).sum(), withRespectTo: leaves)
        try expectClose(y, item["output"], .layer, "output")
        for (name, gradient) in zip(["queries", "keys"] + paths.map { "variables/\($0)" }, gradients) {
            try expectClose(gradient, item["gradient/\(name)"], .layer, name)
        }
    }

    /// A mask of one's own and one of keys hold together; what is hidden makes no difference.
    @Test func masksJoin() throws {
        let model = Cross(attention: MultiHeadAttention(heads: 2))
        let signature: Signature = ["queries": [3, 4], "keys": [5, 4]]
        let weights = try model.initialized(inputs: signature, seed: 3)
        let key = RandomKey(seed: 1)
        let (q, k) = (Tensor.normal([2, 3, 4], key: key.child(1)), Tensor.normal([2, 5, 4], key: key.child(2)))
        let mask = tril(Tensor.ones([3, 5], type: .bool), diagonal: 1)
        func output(_ keys: Tensor) throws -> [Float] {
            let inputs: Values = ["queries": q, "keys": keys, "lengths": Tensor([2, 5]), "mask": mask]
            return try model.applied(to: inputs, with: weights, mode: .inference).outputs.only.evaluated().scalars
        }
        let whole = try output(k)
        // Key 4 is beyond the diagonal for everybody; key 2 does not count in the first sample, but in the second.
        let places = Tensor([0.0, 0, 0, 0, 1]).reshaped(to: [1, 5, 1])
        #expect(try output(k + places) == whole)
        let second = Tensor([0.0, 0, 1, 0, 0]).reshaped(to: [1, 5, 1])
        let changed = try output(k + second)
        #expect(Array(changed[..<12]) == Array(whole[..<12]) && Array(changed[12...]) != Array(whole[12...]))
    }

    /// No position sees a later one, through a whole network.
    @Test(arguments: [AttentionPositions.none, .rotary]) func nothingSeesLaterPositions(_ positions: AttentionPositions)
        throws
    {
        let net = Sequential {
            Conv1D(filters: 8, kernelSize: 3, padding: .causal, dilation: 2)
            for _ in 0..<2 { TransformerBlock(heads: 2, isCausal: true, positions: positions) }
            TransformerBlock(heads: 2, isCausal: true, normalization: .after)
            LayerNorm(); Dense(3)
        }
        let weights = try net.initialized(input: [6, 4], seed: 1)
        let x = Tensor.normal([1, 6, 4], key: RandomKey(seed: 2))
        let change = Tensor([0.0, 0, 0, 1, 0, 0]).reshaped(to: [1, 6, 1])
        let (a, b) = (net(x, weights).scalars, net(x + change, weights).scalars)
        #expect(Array(a[..<9]) == Array(b[..<9]) && zip(a[9...], b[9...]).allSatisfy { $0 != $1 })
    }

    /// Products of turned vectors depend on the distance of their positions alone.
    @Test func rotationsKeepDistances() throws {
        let (a, b) = (Tensor([0.3, -1, 2, 0.7]), Tensor([1.0, 0.5, -0.2, 0.4]))
        func turned(_ x: Tensor) -> Tensor { x.broadcast(to: [1, 9, 1, 4]).rotated().reshaped(to: [9, 4]) }
        let products = turned(a).matmul(turned(b).transposed()).scalars
        for (i, j) in [(2, 5), (4, 1), (8, 8)] {
            let moved = i > j ? (i - j) * 9 : j - i
            #expect(abs(products[i * 9 + j] - products[moved]) < 1e-5)
        }
        #expect(turned(a)[0].scalars == a.scalars)
        #expect(abs(products[0] - products[5]) > 0.1)
        #expect(
            Tensor.zeros([1, 2, 1, 3]).rotated().problems.map(\.description) == [
                "invalid: expected vectors [N, T, heads, D] of an even size D and a base above 1 but received "
                    + "float32[1, 2, 1, 3] and 10000.0"
            ])
    }

    /// With weights dropped, the mean over many draws is what there is without.
    @Test func dropsWeights() throws {
        let layer = MultiHeadAttention(heads: 1, dropout: 0.3)
        let weights = try layer.initialized(input: [4, 3], seed: 1)
        let x = Tensor.normal([1, 4, 3], key: RandomKey(seed: 2)).broadcast(to: [4000, 4, 3])
        func output(_ mode: Mode) throws -> Tensor {
            try layer.applied(to: x, with: weights, mode: mode, key: RandomKey(seed: 9)).output.evaluated()
        }
        let (exact, drawn) = (try output(.inference), try output(.training))
        #expect(drawn[0].scalars != drawn[1].scalars)
        let distances = (drawn.mean(axes: [0]) - exact[0]).scalars.map(abs)
        #expect(distances.allSatisfy { $0 < 0.05 }, "\(distances)")
    }

    static let mistakes: [(layer: any Layer, input: Shape, message: String)] = [
        (
            MultiHeadAttention(heads: 0, keySize: 0), [5, 4],
            "2 problems:\n- multiHeadAttention (MultiHeadAttention(heads: 0, keySize: 0)): multiHeadAttention: heads must "
                + "be positive, received 0\n- multiHeadAttention (MultiHeadAttention(heads: 0, keySize: 0)): "
                + "multiHeadAttention: keySize must be positive, received 0"
        ),
        (
            MultiHeadAttention(heads: 3), [5, 4],
            "multiHeadAttention (MultiHeadAttention(heads: 3)): multiHeadAttention: expected a multiple of 3 channels "
                + "(axis 2), one part for each head, but received 4 in shape [1, 5, 4]; or give keySize"
        ),
        (
            MultiHeadAttention(heads: 2, positions: .rotary), [5, 6],
            "multiHeadAttention (MultiHeadAttention(heads: 2, positions: .rotary)): multiHeadAttention: expected a multiple "
                + "of 4 channels (axis 2), a part of even size for each head, but received 6 in shape [1, 5, 6]; or give "
                + "keySize"
        ),
        (
            MultiHeadAttention(heads: 4, keyValueHeads: 3), [5, 4],
            "multiHeadAttention (MultiHeadAttention(heads: 4, keyValueHeads: 3)): multiHeadAttention: heads must be a "
                + "multiple of keyValueHeads: 3 does not divide 4"
        ),
        (
            TransformerBlock(heads: 2, hidden: -1, dropout: 1), [5],
            "2 problems:\n- transformerBlock (TransformerBlock(heads: 2, hidden: -1, dropout: 1.0)): transformerBlock: "
                + "hidden must be positive, received -1\n- transformerBlock (TransformerBlock(heads: 2, hidden: -1, "
                + "dropout: 1.0)): transformerBlock: the rate must be in 0..<1, received 1.0"
        ),
        (
            TransformerBlock(heads: 2), [4],
            "transformerBlock (TransformerBlock(heads: 2)): transformerBlock: expected sequences [N, L, C] but received "
                + "shape [1, 4]"
        ),
        (
            PositionEmbedding(length: 4), [5, 2],
            "positionEmbedding (PositionEmbedding(length: 4)): positionEmbedding: expected at most 4 positions (axis 1) but "
                + "received 5 in shape [1, 5, 2]"
        ),
        (
            SinusoidalEncoding(), [5, 3],
            "sinusoidalEncoding (SinusoidalEncoding()): sinusoidalEncoding: expected an even number of channels (axis 2), a "
                + "sine and a cosine each, but received 3 in shape [1, 5, 3]"
        ),
        (
            Conv2D(filters: 2, kernelSize: 3, padding: .causal), [4, 4, 1],
            "conv2D (Conv2D(filters: 2, kernelSize: 3, padding: .causal)): conv2D: causal padding is for sequences, of images "
                + "no side is the past; try .same or .explicit"
        ),
        (
            Conv1DTranspose(filters: 2, kernelSize: 3, padding: .causal), [4, 1],
            "conv1DTranspose (Conv1DTranspose(filters: 2, kernelSize: 3, padding: .causal)): conv1DTranspose: a transposed "
                + "convolution has no causal padding; try .same, or crop its output"
        ),
        (
            MaxPool1D(2, padding: .causal), [4, 1],
            "maxPool1D (MaxPool1D(2, padding: .causal)): maxPool1D: only convolutions over sequences have causal padding; "
                + "try .same or .explicit"
        ),
    ]

    @Test(arguments: mistakes.indices) func words(_ index: Int) {
        let (layer, input, expected) = Self.mistakes[index]
        #expect(message { try layer.initialized(input: input, seed: 1) } == expected)
    }

    @Test func wordsOfMasks() {
        let model = Cross(attention: MultiHeadAttention(heads: 1))
        #expect(
            message { try model.initialized(inputs: ["queries": [3, 4], "keys": [4]], seed: 1) }.contains(
                "expected keys and values [N, S, C] of 1 samples but received shapes [1, 4] and [1, 4]"))
    }

    /// The rows of a summary are the four maps and the layer around them.
    @Test func summaries() throws {
        let summary = try TransformerBlock(heads: 2).summary(input: [5, 8])
        #expect(
            summary.rows.map(\.path) == [
                "norm1", "attention/query", "attention/key", "attention/value", "attention/heads", "attention/output",
                "norm2", "dense1", "dense2", "transformerBlock",
            ])
        #expect(summary.parameterCount == 4 * (8 * 8 + 8) + 2 * 16 + 8 * 32 + 32 + 32 * 8 + 8)
        let row = try #require(summary.rows.first { $0.path == "attention/heads" })
        #expect(row.layer == "dot products" && row.parameterCount == 0)
        // Two products of 5 × 5 positions and 8 features, and what lies between them.
        #expect(row.flops >= 2 * 2 * 5 * 5 * 8)
        let svg = try ModelDiagram(
            Sequential {
                Dense(8); TransformerBlock(heads: 2); MultiHeadAttention(heads: 2)
            }, input: [5, 3]
        ).svg
        for text in [
            "TransformerBlock(heads: 2)", ">872 parameters<", "MultiHeadAttention(heads: 2)", ">288 parameters<",
        ] {
            #expect(svg.contains(text), "\(text)")
        }
    }
}
