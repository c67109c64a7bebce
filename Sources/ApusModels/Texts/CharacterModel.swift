public import ApusConfiguration
public import ApusNN

/// A language model with a memory: an embedding, layers of LSTM, and a dense layer that says which token comes next.
///
/// It takes tokens [N, T] and yields logits [N, T, vocabulary]. Graves (2013), “Generating sequences with recurrent neural networks”.
///
/// ```swift
/// let small = CharacterModel(units: 128).model(vocabulary: 80)
/// print(try small.summary(inputs: Signature([100], .int32)).parameterCount)   // 114256
/// ```
public struct CharacterModel: Configurable {
    /// The size of the state of each layer.
    public var units: Int
    /// The number of channels of the embedding.
    public var embedding: Int
    /// The number of layers of LSTM.
    public var layers: Int
    /// The probability that an element between layers becomes 0 in training.
    public var dropout: Double

    /// Creates a value; arguments set the properties of their names.
    public init(units: Int = 256, embedding: Int = 64, layers: Int = 1, dropout: Double = 0) {
        self.units = units
        self.embedding = embedding
        self.layers = layers
        self.dropout = dropout
    }

    public static let schema = Schema(
        CharacterModel(), .optional("units", \.units), .optional("embedding", \.embedding),
        .optional("layers", \.layers), .optional("dropout", \.dropout))

    /// The model for a number of different tokens.
    public func model(vocabulary: Int) -> Sequential {
        var parts: [any Layer] = [Embedding(vocabulary: vocabulary, embedding)]
        for _ in 0..<Swift.max(0, layers) {
            parts.append(LSTM(units, returnsSequences: true))
            if dropout > 0 { parts.append(Dropout(dropout)) }
        }
        return Sequential(parts + [Dense(vocabulary)])
    }
}
