import ApusModels
import ApusNN
import ApusTensor
import Testing

@Suite struct GPTTests {
    /// 124,439,808 weights of GPT-2, and those of the output.
    @Test func hasTheSizeOfGPT2() throws {
        let summary = try GPT.gpt2.model().summary(inputs: Signature([16], .int32))
        #expect(summary.parameterCount == 124_439_808 + 50_257 * 768)
    }

    @Test func names() throws {
        let model = GPT(vocabulary: 5, width: 4, layers: 2, heads: 2, context: 3).model()
        let weights = try model.initialized(inputs: Signature([3], .int32), seed: 1)
        #expect(
            weights.paths.filter { !$0.hasPrefix("h/0") && !$0.contains("attention") } == [
                "wte/embeddings", "wpe/embeddings", "h/1/norm1/gamma", "h/1/norm1/beta", "h/1/norm2/gamma",
                "h/1/norm2/beta", "h/1/dense1/kernel", "h/1/dense1/bias", "h/1/dense2/kernel", "h/1/dense2/bias",
                "ln_f/gamma", "ln_f/beta", "lm_head/kernel",
            ])
        #expect(weights.paths.contains("h/0/attention/query/kernel"))
        #expect(model(Tensor([[1, 4], [0, 2]], type: .int32), weights).shape == [2, 2, 5])
        let spread = try GPT().model().initialized(inputs: Signature([8], .int32), seed: 1)["h/0/dense1/kernel"]!
        #expect(abs(spread.standardDeviation().item() - 0.02) < 5e-4)
    }
}
