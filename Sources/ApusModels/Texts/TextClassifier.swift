public import ApusConfiguration
public import ApusNN

/// Tells classes of texts: an embedding, the mean over its tokens or the last state of an LSTM, and a dense layer.
///
/// It takes tokens [N, T] and yields logits [N, classes]. Joulin et al. (2017), “Bag of tricks for efficient text classification”, for the
/// mean.
///
/// ```swift
/// let reviews = TextClassifier(embedding: 32).model(vocabulary: 5000, classes: 2)
/// print(try reviews.summary(inputs: Signature([100], .int32)).parameterCount)   // 160066
/// ```
public struct TextClassifier: Configurable {
    /// The number of channels of the embedding.
    public var embedding: Int
    /// The size of the state of an LSTM that reads the tokens in both directions; 0 for the mean in its place.
    public var units: Int
    /// The number of outputs of a dense layer before the last; 0 for none.
    public var hidden: Int
    /// The probability that an element before the last layer becomes 0 in training.
    public var dropout: Double

    /// Creates a value; arguments set the properties of their names.
    public init(embedding: Int = 32, units: Int = 0, hidden: Int = 0, dropout: Double = 0) {
        self.embedding = embedding
        self.units = units
        self.hidden = hidden
        self.dropout = dropout
    }

    public static let schema = Schema(
        TextClassifier(), .optional("embedding", \.embedding), .optional("units", \.units),
        .optional("hidden", \.hidden), .optional("dropout", \.dropout))

    /// The model for texts of some vocabulary.
    ///
    /// - Parameters:
    ///   - vocabulary: The number of different tokens.
    ///   - classes: The number of classes.
    ///   - padding: The token that fills texts which are shorter, and does not count: neither in the mean nor in the state. Every token
    ///     counts if `nil`.
    public func model(vocabulary: Int, classes: Int, padding: Int? = nil) -> Sequential {
        var parts: [any Layer] = [Embedding(vocabulary: vocabulary, embedding, padding: padding)]
        parts.append(units == 0 ? GlobalAveragePool() : Bidirectional(layer: LSTM(units)))
        if hidden != 0 { parts.append(Dense(hidden, activation: .relu)) }
        if dropout > 0 { parts.append(Dropout(dropout)) }
        return Sequential(parts + [Dense(classes)])
    }
}
