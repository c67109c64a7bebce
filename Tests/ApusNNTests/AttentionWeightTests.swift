import ApusNN
import ApusTensor
import ApusTestKit
import Foundation
import Testing

/// Where attention looks, as a tensor.
@Suite struct AttentionWeightTests {
    private static let mistake =
        "multiHeadAttention (MultiHeadAttention(heads: 3)): multiHeadAttention: expected a multiple of 3 channels (axis 2), one "
        + "part for each head, but received 4 in shape [1, 5, 4]; or give keySize"

    /// Products of ln 3 on the diagonal and 0 beside it: weights of 3/4 and 1/4.
    @Test func byHand() throws {
        let layer = MultiHeadAttention(heads: 1, useBias: false)
        var weights = try layer.initialized(input: [2, 2], seed: 1)
        let one = Tensor.identity(2)
        try weights.setValue("query/kernel", one * (2.0.squareRoot() * Foundation.log(3.0)))
        try weights.setValue("key/kernel", one)
        let looks = layer.attentionWeights(for: one.reshaped(to: [1, 2, 2]), weights)
        #expect(looks.names == [""] && looks[""].shape == [1, 1, 2, 2])
        for (found, expected) in zip(looks[""].scalars, [0.75, 0.25, 0.25, 0.75] as [Float]) {
            #expect(abs(found - expected) < 1e-6)
        }
    }

    static let layers = [
        MultiHeadAttention(heads: 2), MultiHeadAttention(heads: 2, isCausal: true),
        MultiHeadAttention(heads: 2, positions: .rotary), MultiHeadAttention(heads: 4, keySize: 6, keyValueHeads: 2),
        MultiHeadAttention(heads: 2, dropout: 0.5),
    ]

    /// Values added up with the weights, and the last map, are what the layer yields.
    @Test(arguments: layers) func outputsAreWeighedValues(_ layer: MultiHeadAttention) throws {
        let (count, length, channels) = (3, 5, 8)
        let variables = try layer.initialized(input: [length, channels], seed: 2)
        let x = Tensor.normal([count, length, channels], key: RandomKey(seed: 3))
        let looks = layer.attentionWeights(for: x, variables).only
        #expect(looks.shape == [count, layer.heads, length, length])
        for sum in looks.sum(axes: [3]).scalars { #expect(abs(sum - 1) < 1e-5) }
        let (groups, size) = (layer.keyValueHeads ?? layer.heads, layer.keySize ?? channels / layer.heads)
        func variable(_ path: String) throws -> Tensor { try #require(variables[path]) }
        let values = x.matmul(try variable("value/kernel")) + (try variable("value/bias"))
        let rows = values.reshaped(to: [count, length, groups, size]).transposed([0, 2, 1, 3])
        let each = Tensor.concatenated(
            (0..<layer.heads).map { head in
                let group = head * groups / layer.heads
                return looks[0..., head..<head + 1].matmul(rows[0..., group..<group + 1])
            }, axis: 1)
        let joined = each.transposed([0, 2, 1, 3]).reshaped(to: [count, length, layer.heads * size])
        let expected = joined.matmul(try variable("output/kernel")) + (try variable("output/bias"))
        let output = layer.applied(to: x, with: variables, mode: .inference).output
        #expect(abs(output - expected).max().item() < 1e-5)
        if layer.isCausal { #expect(looks.scalars == tril(looks).scalars) }
    }

    /// A model that looks from one sequence at another one, whose end does not count.
    private struct Cross: Model {
        func outputs(for inputs: Values, in context: Context) -> Values {
            let mask =
                inputs.contains("lengths")
                ? Tensor.sequenceMask(inputs["lengths"], length: inputs["keys"].shape[1]) : nil
            return Values(
                MultiHeadAttention(heads: 2)(
                    inputs["x"], keys: inputs["keys"], keyMask: mask, in: context["cross"]))
        }
    }

    @Test func masksHide() throws {
        let variables = try Cross().initialized(inputs: ["x": [3, 4], "keys": [5, 4]], seed: 1)
        let key = RandomKey(seed: 4)
        let inputs: Values = [
            "x": Tensor.normal([2, 3, 4], key: key.child(1)), "keys": Tensor.normal([2, 5, 4], key: key.child(2)),
            "lengths": Tensor([2, 5]),
        ]
        let looks = Cross().attentionWeights(for: inputs, variables)
        #expect(looks.names == ["cross"] && looks["cross"].shape == [2, 2, 3, 5])
        #expect(looks["cross"][0, 0..., 0..., 2...].scalars.allSatisfy { $0 == 0 })
        #expect(looks["cross"].scalars.filter { $0 > 0 }.count == 2 * 3 * (2 + 5))
    }

    @Test func everyAttentionOfANetwork() throws {
        let net = Sequential {
            Embedding(vocabulary: 9, 8)
            for _ in 0..<2 { TransformerBlock(heads: 2, dropout: 0.1) }
            Residual {
                LayerNorm(); MultiHeadAttention(heads: 4)
            }
        }
        let weights = try net.initialized(input: [5], seed: 1)
        let looks = net.attentionWeights(for: Tensor([[1, 2, 3, 4, 5]]), weights)
        #expect(
            looks.names == [
                "1.transformerBlock/attention", "2.transformerBlock/attention", "3.residual/body/1.multiHeadAttention",
            ])
        #expect(looks.map(\.tensor.shape) == [[1, 2, 5, 5], [1, 2, 5, 5], [1, 4, 5, 5]])
        let dense = Dense(3)
        #expect(dense.attentionWeights(for: Tensor.ones([1, 2]), try dense.initialized(input: [2], seed: 1)).isEmpty)
    }

    @Test func whatDoesNotFitIsSaid() throws {
        let layer = MultiHeadAttention(heads: 3)
        let problems = layer.attentionWeights(for: Tensor.ones([1, 5, 4]), Variables()).only.problems
        #expect(problems.map(\.description) == [Self.mistake])
        let two = MultiHeadAttention(heads: 2)
        let missing = two.attentionWeights(for: Tensor.ones([1, 5, 4]), Variables()).only.problems
        #expect(
            missing.first?.description
                == "parameter: the model asks for the variable query/kernel [4, 4], which it was not given")
        #expect(missing.count == 8)
    }
}
