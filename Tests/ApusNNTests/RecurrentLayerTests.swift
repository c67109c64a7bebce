import ApusGraph
import ApusNN
import ApusTensor
import Testing

/// Recurrent layers: masks, directions, and what does not fit. Their numbers are in `LayerFixtureTests`.
@Suite struct RecurrentLayerTests {
    private static let layers: [any RecurrentLayer] = [
        SimpleRNN(3, returnsSequences: true), LSTM(3, returnsSequences: true), GRU(3, returnsSequences: true),
        GRU(3, returnsSequences: true, resetsAfter: false),
    ]

    private func applied(_ layer: any Model, _ inputs: Values) throws -> Tensor {
        let signature = Signature(
            inputs.map { name, tensor in
                (
                    name: name,
                    input: Signature.Input(Shape(Array(tensor.shape.dimensions.dropFirst())), tensor.elementType)
                )
            })
        let weights = try layer.initialized(inputs: signature, seed: 3)
        return try layer.applied(to: inputs, with: weights, mode: .inference).output.evaluated()
    }

    /// Steps that do not count leave the state as it is: the result is that of the shorter sequence.
    @Test(arguments: layers.indices, [false, true]) func masks(_ index: Int, _ isReversed: Bool) throws {
        var layer = RecurrentLayerTests.layers[index]
        layer.options.isReversed = isReversed
        let x = Tensor.normal([2, 5, 4], key: RandomKey(seed: 1))
        let mask = Tensor.sequenceMask(Tensor([3, 5] as [Int32]), length: 5)
        let whole = try applied(layer, ["x": x, "mask": mask])
        let short = try applied(layer, ["x": x[0..<1, 0..<3]])
        let long = try applied(layer, ["x": x[1..<2]])
        #expect(try whole[0..<1, 0..<3].evaluated().scalars == short.scalars)
        #expect(try whole[1..<2].evaluated().scalars == long.scalars)
        if !isReversed {
            // The state after the last step that counts is what the last step has.
            #expect(try whole[0, 4].evaluated().scalars == whole[0, 2].evaluated().scalars)
        }
    }

    /// The last state is the last entry of all states; of a reversed layer the first.
    @Test(arguments: layers.indices) func theLastState(_ index: Int) throws {
        var layer = RecurrentLayerTests.layers[index]
        let x = Tensor.normal([2, 5, 4], key: RandomKey(seed: 1))
        let all = try applied(layer, Values(x))
        layer.options.returnsSequences = false
        #expect(try applied(layer, Values(x)).scalars == all[0..., 4].evaluated().scalars)
        layer.options.isReversed = true
        let last = try applied(layer, Values(x))
        layer.options.returnsSequences = true
        #expect(try last.scalars == applied(layer, Values(x))[0..., 0].evaluated().scalars)
    }

    @Test func startValues() throws {
        let weights = try Sequential {
            LSTM(2); Dense(1)
        }.initialized(input: [5, 3], seed: 1)
        #expect(
            weights.paths == [
                "0.lstm/kernel", "0.lstm/recurrentKernel", "0.lstm/bias", "1.dense/kernel", "1.dense/bias",
            ])
        #expect(weights["0.lstm/bias"]?.scalars == [0, 0, 1, 1, 0, 0, 0, 0])
        let kernel = try #require(weights["0.lstm/recurrentKernel"])
        let product = try kernel.matmul(kernel.transposed()).evaluated().scalars
        #expect(zip(product, [1, 0, 0, 1]).allSatisfy { abs($0 - $1) < 1e-5 })
    }

    @Test func whatDoesNotFit() throws {
        func message(_ layer: some Layer, _ shape: Shape) -> String {
            do { _ = try Sequential { layer }.initialized(input: shape, seed: 1) } catch { return "\(error)" }
            return "nothing"
        }
        #expect(message(LSTM(4), [5]).contains("expected"))
        #expect(message(LSTM(0), [5, 3]).contains("units must be positive, received 0"))
        var both = Bidirectional(layer: LSTM(4))
        both.layer = AnyLayer(Dense(4))
        #expect(
            message(both, [5, 3]).contains("expected a recurrent layer (simpleRNN, lstm, gru) but received dense"))
    }
}
