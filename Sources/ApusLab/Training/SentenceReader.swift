import Apus

/// A network that says of a sentence whether it praises: a way to read words, and a dense layer of two classes.
struct SentenceReader: Layer {
    enum Way: String, Codable, CaseIterable {
        /// Which words occur, and a dense layer.
        case multiHot
        /// The mean of the words' vectors, and a dense layer.
        case mean
        /// The state of an LSTM after the last word.
        case lstm
        /// A transformer block over words and places, and the mean.
        case transformer
    }

    var way: Way
    var vocabulary: Int
    var units = 16
    var dropout = 0.3

    /// The network for sentences x: which words occur [N, vocabulary], or the numbers of the words [N, T], 0 behind the last.
    func output(for x: Tensor, in context: Context) -> Tensor {
        let features =
            way == .multiHot
            ? Dense(units, activation: .relu)(x.cast(to: .float32), in: context["words"]) : read(x, in: context)
        return Dense(2)(Dropout(dropout)(features, in: context["dropout"]), in: context["classes"])
    }

    private func read(_ x: Tensor, in context: Context) -> Tensor {
        let isWord = x .!= 0
        let words = Embedding(vocabulary: vocabulary, units)(x, in: context["words"])
        switch way {
        case .lstm: return LSTM(units)(words, mask: isWord, in: context["lstm"])
        case .transformer: return mean(block(words, isWord, in: context["block"]), of: isWord)
        case .mean, .multiHot: return Dense(units, activation: .relu)(mean(words, of: isWord), in: context["dense"])
        }
    }

    /// A block of a transformer that does not look at what is no word; `TransformerBlock` has no mask.
    private func block(_ words: Tensor, _ isWord: Tensor, in context: Context) -> Tensor {
        let placed = PositionEmbedding(length: words.shape[1])(words, in: context["positions"])
        let sum =
            placed
            + MultiHeadAttention(heads: 2)(
                LayerNorm()(placed, in: context["norm1"]), keyMask: isWord, in: context["attention"])
        let hidden = Dense(2 * units, activation: .gelu())(
            LayerNorm()(sum, in: context["norm2"]), in: context["dense1"])
        return sum + Dense(units)(hidden, in: context["dense2"])
    }

    /// The mean over the words of a sentence, [N, T, C] → [N, C].
    private func mean(_ x: Tensor, of isWord: Tensor) -> Tensor {
        let weights = isWord.cast(to: .float32).expandingShape(at: 2)
        return (x * weights).sum(axes: [1]) / maximum(weights.sum(axes: [1]), 1)
    }
}
