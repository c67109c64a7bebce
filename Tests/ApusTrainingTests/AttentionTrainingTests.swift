import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import Testing

/// Models of attention learn what they must look back for.
@Suite struct AttentionTrainingTests {
    /// The next byte of words that repeat: after the first of them, it stands one word back.
    private static func repeated(_ count: Int, word: Int, length: Int) throws -> Dataset {
        let words = Tensor.integers([count, word], in: 0..<256, key: RandomKey(seed: 1))
        let text = words.tiled([1, (length + 1 + word - 1) / word])
        return try Dataset(
            inputs: text[TensorSlice.all, 0..<length], labels: text[TensorSlice.all, 1...length])
    }

    @Test func languageModel() throws {
        let gpt = Sequential {
            Embedding(vocabulary: 256, 128)
            for _ in 0..<4 { TransformerBlock(heads: 4, isCausal: true, positions: .rotary) }
            LayerNorm(); Dense(256)
        }
        let data = try Self.repeated(64, word: 4, length: 16)
        var trainer = Trainer(
            gpt, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 2e-3), metrics: [.accuracy], seed: 7)
        let history = try trainer.fit(data, epochs: 12, batchSize: 16)
        let losses = history["training.loss"]
        // log 256 = 5.5 by chance; the first word can't be known but by heart, the other 13 bytes of 16 can.
        #expect(losses[0] > 4 && losses.last! < 2.5, "\(losses)")
        #expect(history["training.accuracy"].last! > 0.6)
    }
}
