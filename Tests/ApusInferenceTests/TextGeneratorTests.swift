import ApusInference
import ApusModels
import ApusTestKit
import ApusText
import Foundation
import Testing

/// y[n, t] is the mean of x[n, 0] … x[n, t]: it can't be read token by token, for it remembers nothing.
private struct CausalMean: Layer {
    func output(for x: Tensor, in context: Context) -> Tensor {
        let mask = tril(Tensor.ones([x.shape[1], x.shape[1]]))
        return (mask / mask.sum(axes: [1], keepingAxes: true)).matmul(x)
    }
}

/// Texts that language models write.
@Suite struct TextGeneratorTests {
    private static let letters = "abcdefghijk"
    /// Padding, unknown and eleven letters.
    private static let vocabulary = 13
    private static let tokenizer = FittedTokenizer.characters(CharacterTokenizer(Vocabulary(letters.map { "\($0)" })))

    private static func trained(_ model: Sequential, length: Int) throws -> TrainedModel {
        var variables = try model.initialized(inputs: Signature([length], .int32), seed: 3)
        // Far apart, so that texts are lively, and the most probable token is the same however sums are rounded.
        for path in variables.paths where path.hasSuffix("embeddings") || path.lowercased().hasSuffix("kernel") {
            try variables.setValue(path, variables[path]! * (path.hasSuffix("kernel") ? 3 : 20))
        }
        return TrainedModel(model, variables: variables, inputs: Signature([length], .int32), meaning: .numbers)
    }

    /// The most probable tokens one after the other; each time all of them are read that count.
    private func written(
        _ model: TrainedModel, after prompt: String, length: Int, seen: (Int) -> Int
    ) throws -> String {
        var tokens = try TextGeneratorTests.tokenizer.encode(prompt)
        for _ in 0..<length {
            let part = tokens.suffix(seen(tokens.count)).map(Int32.init)
            let output = try model(Tensor(part, shape: [1, part.count]))
            let last = Array(output.scalars.suffix(TextGeneratorTests.vocabulary))
            tokens.append((2..<last.count).max { (last[$0], $1) < (last[$1], $0) }!)
        }
        return TextGeneratorTests.tokenizer.decode(Array(tokens.dropFirst(prompt.count)))
    }

    private static func network(_ body: any Layer...) -> Sequential {
        Sequential([Embedding(vocabulary: vocabulary, 8)] + body + [Dense(vocabulary)])
    }

    // MARK: Token by token

    private static let prompts = ["ab", "kjihgfedcbabcd", "aaaa", "ekekd", "cfci", "bdhgjakc"]

    /// What follows depends on what was read.
    private func checkVariety(_ generator: TextGenerator) throws {
        let texts = try TextGeneratorTests.prompts.map {
            try generator.text(after: $0, length: 12, sampling: Sampling(temperature: 0))
        }
        #expect(Set(texts).count > 3, "\(texts)")
    }

    static let recurrent: [Sequential] = [
        network(LSTM(10, returnsSequences: true), Dropout(0.5), GRU(9, returnsSequences: true)),
        network(GRU(10, returnsSequences: true, resetsAfter: false), LayerNorm()),
        network(Residual { SimpleRNN(8, returnsSequences: true) }, Dense(12, activation: .relu)),
    ]

    /// States go on from token to token, far beyond the windows of the training.
    @Test(arguments: recurrent) func recurrentLayersKeepTheirState(_ network: Sequential) throws {
        let model = try TextGeneratorTests.trained(network, length: 6)
        let generator = try TextGenerator(model, tokenizer: TextGeneratorTests.tokenizer)
        #expect(generator.readsTokens && generator.window == nil)
        for prompt in TextGeneratorTests.prompts {
            let text = try generator.text(after: prompt, length: 25, sampling: Sampling(temperature: 0))
            #expect(try text == written(model, after: prompt, length: 25) { $0 })
        }
        try checkVariety(generator)
    }

    static let attention: [Sequential] = [
        GPT(vocabulary: vocabulary, width: 8, layers: 2, heads: 2, context: 8).model(),
        network(
            TransformerBlock(heads: 4, keyValueHeads: 2, isCausal: true, positions: .rotary),
            LSTM(8, returnsSequences: true)),
        network(SinusoidalEncoding(), Residual { MultiHeadAttention(heads: 2, isCausal: true) }),
        network(PositionEmbedding(length: 8), TransformerBlock(heads: 2, isCausal: true, normalization: .after)),
    ]

    /// Keys and values are kept; at the end of the window the last half of it is read anew.
    @Test(arguments: attention) func attentionKeepsKeysAndValues(_ network: Sequential) throws {
        let model = try TextGeneratorTests.trained(network, length: 8)
        let generator = try TextGenerator(model, tokenizer: TextGeneratorTests.tokenizer)
        #expect(generator.readsTokens && generator.window == 8)
        for prompt in TextGeneratorTests.prompts {
            let text = try generator.text(after: prompt, length: 21, sampling: Sampling(temperature: 0))
            let start = min(prompt.count, 8)
            #expect(
                try text
                    == written(model, after: prompt, length: 21) { count in
                        let read = count - prompt.count + start
                        return read <= 8 ? read : 4 + (read - 9) % 5
                    })
        }
        try checkVariety(generator)
    }

    /// A layer of one's own remembers nothing: the window is read again.
    @Test func otherModelsReadWindows() throws {
        let model = try TextGeneratorTests.trained(TextGeneratorTests.network(CausalMean()), length: 5)
        let generator = try TextGenerator(model, tokenizer: TextGeneratorTests.tokenizer)
        #expect(!generator.readsTokens && generator.window == 5)
        for prompt in TextGeneratorTests.prompts {
            let text = try generator.text(after: prompt, length: 12, sampling: Sampling(temperature: 0))
            #expect(try text == written(model, after: prompt, length: 12) { min($0, 5) })
        }
        try checkVariety(generator)
    }

    // MARK: Chance

    /// Whatever was read, the next token is one of five by given numbers.
    private func constant(_ logits: [Float]) throws -> TextGenerator {
        let rows = Array(repeating: [9, 9] + logits, count: logits.count + 2).flatMap { $0 }
        let count = logits.count + 2
        let model = Sequential { Embedding(vocabulary: count, count) }
        var variables = try model.initialized(inputs: Signature([4], .int32), seed: 1)
        try variables.setValue("0.embedding/embeddings", Tensor(rows, shape: [count, count]))
        let letters = Vocabulary(TextGeneratorTests.letters.prefix(logits.count).map { "\($0)" })
        return try TextGenerator(
            TrainedModel(model, variables: variables, inputs: Signature([4], .int32), meaning: .numbers),
            tokenizer: FittedTokenizer.characters(CharacterTokenizer(letters)))
    }

    /// How tokens of the probabilities 0.1, 0.2, 0.3 and 0.4 are chosen, and what the new ones are in proportion to.
    static let samplings: [(Sampling, [Double])] = [
        (Sampling(), [1, 2, 3, 4]), (Sampling(temperature: 0.5), [1, 4, 9, 16]),
        (Sampling(topK: 2), [0, 0, 3, 4]), (Sampling(topP: 0.69), [0, 0, 3, 4]),
        (Sampling(topP: 0.71), [0, 2, 3, 4]), (Sampling(topK: 3, topP: 0.5), [0, 0, 3, 4]),
        (Sampling(topK: 9, topP: 1), [1, 2, 3, 4]), (Sampling(temperature: 0), [0, 0, 0, 1]),
        (Sampling(topK: 1), [0, 0, 0, 1]), (Sampling(topP: 0.3), [0, 0, 0, 1]),
    ]

    /// How often each letter comes in 20 000, within four standard deviations.
    @Test(arguments: samplings)
    func frequencies(_ sampling: Sampling, _ expected: [Double]) throws {
        let generator = try constant([1, 2, 3, 4].map { Float(Foundation.log(Double($0))) })
        let count = 20_000
        let text = try generator.text(length: count, sampling: sampling, seed: 5)
        let sum = expected.reduce(0, +)
        for (letter, part) in zip("abcd", expected) {
            let probability = part / sum
            let found = Double(text.count { $0 == letter }) / Double(count)
            let deviation = (probability * (1 - probability) / Double(count)).squareRoot()
            #expect(abs(found - probability) <= 4 * deviation, "\(letter) \(found)")
        }
        #expect(text.count == count)
    }

    @Test func seeds() throws {
        let generator = try constant([0, 0, 0, 0, 0])
        var pieces: [String] = []
        let text = try generator.text(length: 40, seed: 1) { pieces.append($0) }
        #expect(pieces.count == 40 && pieces.joined() == text)
        #expect(try generator.text(length: 40, seed: 1) == text)
        #expect(try generator.text(length: 40, seed: 2) != text)
        // A longer text begins in the same way.
        #expect(try generator.text(length: 50, seed: 1).hasPrefix(text))
        #expect(try generator.text(length: 0) == "")
    }

    /// Letters of several bytes come when they are complete.
    @Test func bytesBecomeCharacters() throws {
        let subwords = try BytePairTokenizer(trainedOn: ["é😀 ab"], vocabularySize: 257, specialTokens: ["<pad>"])
            .subwords
        let tokens = try subwords.encode("é😀 ab")
        let count = subwords.vocabularySize
        // At each place the next byte of the text is the most probable one.
        let model = Sequential {
            Embedding(vocabulary: count, 2); PositionEmbedding(length: 16); Dense(count)
        }
        var variables = try model.initialized(inputs: Signature([16], .int32), seed: 1)
        try variables.setValue("0.embedding/embeddings", Tensor.zeros([count, 2]))
        let angles = (0..<16).map { Float($0) * 0.39 }
        try variables.setValue(
            "1.positionEmbedding/embeddings",
            Tensor(angles.flatMap { [Foundation.cos($0), Foundation.sin($0)] }, shape: [16, 2]))
        var kernel = Array(repeating: Float(0), count: 2 * count)
        for (place, token) in tokens.enumerated() {
            kernel[token] = 100 * Foundation.cos(angles[place])
            kernel[count + token] = 100 * Foundation.sin(angles[place])
        }
        try variables.setValue("2.dense/kernel", Tensor(kernel, shape: [2, count]))
        let generator = try TextGenerator(
            TrainedModel(model, variables: variables, inputs: Signature([16], .int32), meaning: .numbers),
            tokenizer: FittedTokenizer.subwords(subwords))
        var pieces: [String] = []
        try generator.text(after: "a", length: 9, sampling: Sampling(temperature: 0)) { pieces.append($0) }
        #expect(pieces == ["é", "😀", " ", "a", "b"])
    }

    // MARK: Refusals

    @Test func noLanguageModels() throws {
        func refusal(_ model: Sequential, length: Int = 4) -> String {
            message {
                try TextGenerator(
                    TextGeneratorTests.trained(model, length: length), tokenizer: TextGeneratorTests.tokenizer)
            }
        }
        let remedy = "Train one on a text: data: {source: {corpus: FILE}}, see Text.md."
        #expect(
            refusal(
                Sequential {
                    Embedding(vocabulary: 13, 8); LSTM(8); Dense(13)
                }) == """
                    the model is no language model. Expected a number for each of 13 tokens at each position, [N, 4, 13]; received [N, 13]. \
                    \(remedy)
                    """)
        #expect(
            refusal(TextGeneratorTests.network(Bidirectional(layer: LSTM(4, returnsSequences: true)))) == """
                the model is no language model. Expected a model whose answer for a position depends on that token and earlier ones; \
                received one that looks at later tokens. Train one with recurrent layers that go forward, or with attention that is causal.
                """)
        #expect(
            message { try TextGenerator(doubling()) }
                == "the model is no language model. Expected a model that was trained on a text; received one that was not. \(remedy)"
        )
        #expect(
            message { try TextGenerator(TwoWays.trained(), tokenizer: TextGeneratorTests.tokenizer) } == """
                the model is no language model. Expected an input of tokens [N, T]; received "left" [N, 2], "right" [N, 3]. \(remedy)
                """)
    }

    @Test func impossibleNumbers() throws {
        let generator = try constant([0, 0])
        func refusal(_ sampling: Sampling, _ length: Int = 3) -> String {
            message { try generator.text(length: length, sampling: sampling) }
        }
        let end = ". Expected numbers that a text can be made with. Correct the number."
        #expect(
            refusal(Sampling(temperature: -1)) == "the temperature must be a number of at least 0, received -1.0" + end)
        #expect(refusal(Sampling(topK: 0)) == "topK must be at least 1, received 0" + end)
        #expect(
            refusal(Sampling(topP: 1.5)) == "topP is a probability above 0 and at most 1, received 1.5" + end)
        #expect(refusal(Sampling(), -1) == "the length can't be negative, received -1" + end)
        #expect(
            message { try constant([.nan, .nan]).text(length: 3) }
                == "the model's answer is no number. Expected finite logits; received NaN or infinity. Its training diverged: train again with a smaller learning rate."
        )
    }

    @Test func unknownTokens() throws {
        let generator = try constant([0, 0])
        var remarks: [String] = []
        try generator.text(after: "a?b!", length: 2, report: { remarks.append($0) })
        #expect(
            remarks == [
                "the beginning has 2 tokens that the training did not have: the model guesses what they stand for"
            ])
        try generator.text(after: "ab", length: 2, report: { remarks.append($0) })
        #expect(remarks.count == 1)
    }
}
