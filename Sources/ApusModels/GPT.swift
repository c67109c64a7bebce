public import ApusConfiguration
public import ApusNN

/// A language model that reads from left to right: blocks of causal attention behind embeddings of tokens and of positions.
///
/// It takes tokens [N, T] with T ≤ context, and yields logits of the next one, [N, T, vocabulary]. As GPT-2 but for its output, which has
/// weights of its own: normalization before attention, learned positions, GELU by tanh, start values N(0, 0.02²). Its layers are called
/// `wte`, `wpe`, `h/0`, …, `ln_f` and `lm_head`. Radford et al. (2019).
///
/// ```swift
/// let small = GPT(vocabulary: 256, width: 128, layers: 4, heads: 4, context: 64)
/// print(try small.model().summary(inputs: Signature([64], .int32)).parameterCount)   // 867072
/// ```
public struct GPT: Configurable {
    /// The number of different tokens.
    public var vocabulary: Int
    /// The number of channels.
    public var width: Int
    /// The number of blocks.
    public var layers: Int
    /// The number of heads of each block, which divides the width.
    public var heads: Int
    /// The greatest number of tokens that are read at once.
    public var context: Int
    /// The probability that an element becomes 0 in training.
    public var dropout: Double

    /// The sizes of a language model.
    ///
    /// - Parameters:
    ///   - vocabulary: The number of different tokens; 256 for bytes.
    ///   - width: The number of channels.
    ///   - layers: The number of blocks.
    ///   - heads: The number of heads of each block, which divides the width.
    ///   - context: The greatest number of tokens that are read at once.
    ///   - dropout: The probability that an element becomes 0 in training, in 0..<1; GPT-2 has 0.1.
    public init(
        vocabulary: Int = 256, width: Int = 128, layers: Int = 4, heads: Int = 4, context: Int = 128,
        dropout: Double = 0
    ) {
        self.vocabulary = vocabulary
        self.width = width
        self.layers = layers
        self.heads = heads
        self.context = context
        self.dropout = dropout
    }

    /// Files give the sizes; the number of tokens and the context follow from the data.
    public static let schema = Schema(
        GPT(), .optional("width", \.width), .optional("layers", \.layers), .optional("heads", \.heads),
        .optional("dropout", \.dropout))

    /// The smallest GPT-2: 12 blocks of 768 channels, 163,037,184 weights with an output of its own.
    public static let gpt2 = GPT(
        vocabulary: 50_257, width: 768, layers: 12, heads: 12, context: 1024, dropout: 0.1)

    /// The model.
    public func model() -> Sequential {
        let start = Initializer.normal(standardDeviation: 0.02)
        let block = TransformerBlock(
            heads: heads, isCausal: true, activation: .gelu(approximate: true), dropout: dropout,
            kernelInitializer: start)
        return modules([
            "wte": Embedding(vocabulary: vocabulary, width, initializer: start),
            "wpe": PositionEmbedding(length: context, initializer: start), "drop": Dropout(dropout),
            "h": numbered(Array(repeating: block, count: Swift.max(0, layers))), "ln_f": LayerNorm(epsilon: 1e-5),
            "lm_head": Dense(vocabulary, useBias: false, kernelInitializer: start),
        ])
    }
}
