import ApusGraph
import ApusNN
import ApusTensor
import Testing

/// What stands behind the end of a sequence does not count.
@Suite struct PaddingTests {
    /// A number of a vocabulary of 6, of which 0 is the padding.
    private static func tokens(_ rows: [[Int32]]) -> Tensor {
        Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count])
    }

    private static let layers: [(name: String, layers: [any Layer])] = [
        ("mean", [GlobalAveragePool()]), ("mean, axes kept", [GlobalAveragePool(keepsAxes: true), Flatten()]),
        ("maximum", [GlobalMaxPool()]), ("maximum, axes kept", [GlobalMaxPool(keepsAxes: true), Flatten()]),
        ("rnn", [SimpleRNN(3)]), ("gru", [GRU(3, returnsSequences: true), GlobalMaxPool()]),
        ("reversed", [LSTM(3, isReversed: true)]), ("both directions", [Bidirectional(layer: LSTM(3))]),
        ("stacked", [LSTM(3, returnsSequences: true), Dropout(0.5), Dense(5), LSTM(2)]),
        ("attention", [MultiHeadAttention(heads: 2), GlobalAveragePool()]),
        ("causal attention", [MultiHeadAttention(heads: 2, isCausal: true), GlobalAveragePool()]),
        ("block", [TransformerBlock(heads: 2), GlobalAveragePool()]),
        ("block of 2017", [TransformerBlock(heads: 2, normalization: .after), GlobalMaxPool()]),
        (
            "inside",
            [
                Sequential {
                    Dense(4, activation: .tanh); LSTM(3)
                }.named("inside")
            ]
        ),
        ("around", [Residual { GRU(4, returnsSequences: true) }, GlobalAveragePool()]),
    ]

    private func outputs(_ model: Sequential, _ x: Tensor) throws -> Tensor {
        let weights = try model.initialized(inputs: Signature([x.shape[1]], .int32), seed: 3)
        return try model.applied(to: x, with: weights, mode: .inference).output.evaluated()
    }

    @Test(arguments: layers.indices, [false, true]) func aPaddedSequenceGivesWhatItGivesAlone(
        _ index: Int, _ isNamed: Bool
    ) throws {
        let (name, layers) = Self.layers[index]
        let embedding = Embedding(vocabulary: 6, 4, initializer: .normal(standardDeviation: 1), padding: 0)
        let model = Sequential([isNamed ? embedding.named("words") : embedding] + layers)
        let padded = try outputs(model, Self.tokens([[3, 1, 4, 0, 0], [2, 5, 1, 1, 2]]))
        let (short, long) = (
            try outputs(model, Self.tokens([[3, 1, 4]])), try outputs(model, Self.tokens([[2, 5, 1, 1, 2]]))
        )
        let expected = try short.evaluated().scalars + long.evaluated().scalars
        #expect(padded.shape[0] == 2 && padded.scalars.count == expected.count)
        for (a, b) in zip(padded.scalars, expected) { #expect(abs(a - b) < 1e-5, "\(name): \(a), \(b)") }
        // Without padding all numbers count.
        var without = embedding
        without.padding = nil
        let counted = try outputs(Sequential([without] + layers), Self.tokens([[3, 1, 4, 0, 0]]))
        let differs = zip(counted.scalars, short.scalars).contains { abs($0 - $1) > 1e-4 }
        // A maximum need not be where the padding is.
        #expect(differs || layers.contains { $0 is GlobalMaxPool }, "\(name)")
    }

    /// Behind a layer that changes the steps nobody knows which count.
    @Test func theMaskGoesWithItsAxes() throws {
        func model(_ padding: Int?) -> Sequential {
            Sequential {
                Embedding(vocabulary: 6, 4, padding: padding); Conv1D(filters: 3, kernelSize: 2); GlobalAveragePool()
            }
        }
        let x = Self.tokens([[3, 1, 4, 0, 0]])
        #expect(try outputs(model(0), x).scalars == outputs(model(nil), x).scalars)
    }

    @Test func aSequenceOfPaddingAloneIsZero() throws {
        for layer in [GlobalAveragePool() as any Layer, GlobalMaxPool(), LSTM(4)] {
            let model = Sequential([Embedding(vocabulary: 6, 4, padding: 0), layer])
            #expect(try outputs(model, Self.tokens([[0, 0]])).scalars == [0, 0, 0, 0], "\(layer)")
        }
    }

    @Test func thePaddingIsANumberOfTheVocabulary() throws {
        let model = Sequential {
            Embedding(vocabulary: 6, 4, padding: 6); LSTM(4)
        }
        let error = #expect(throws: (any Error).self) { try model.initialized(inputs: Signature([3], .int32), seed: 1) }
        #expect(
            "\(error.map { "\($0)" } ?? "")".contains(
                "padding must be one of the 6 numbers of the vocabulary, received 6"))
    }
}
