public import ApusConfiguration
public import ApusTensor

/// A trained vector for each position, added to the input: y[n, t] = x[n, t] + E[t].
///
/// Shapes: x and y [N, T, C] with T ≤ length, E [length, C]. Gehring et al. (2017).
///
/// ```swift
/// let net = Sequential {
///     Embedding(vocabulary: 1000, 64)
///     PositionEmbedding(length: 128)   // [20, 64] → [20, 64]
///     TransformerBlock(heads: 4)
/// }
/// ```
public struct PositionEmbedding: CheckedLayer, Configurable {
    /// The greatest number of positions.
    public var length: Int
    /// The start values.
    public var initializer: Initializer
    /// A penalty on the weights.
    public var regularizer: Regularizer?

    /// A trained vector for each position, added to the input; x and y [N, T, C].
    ///
    /// - Parameters:
    ///   - length: The greatest number of positions, at least 1.
    ///   - initializer: The start values of the table.
    ///   - regularizer: A penalty on the table that is added to the loss.
    public init(length: Int, initializer: Initializer = .uniform(), regularizer: Regularizer? = nil) {
        self.length = length
        self.initializer = initializer
        self.regularizer = regularizer
    }

    public static let schema = Schema(
        PositionEmbedding(length: 0), .leading("length", \.length, isLabelled: true),
        .optional("initializer", \.initializer), .optional("regularizer", \.regularizer))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("length", length)
        check.expectSequences()
        check.expectInput(
            x.shape[1] <= length,
            "expected at most \(length) positions (axis 1) but received \(x.shape[1]) in shape \(x.shape)")
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let table = context.parameter(
            "embeddings", shape: [length, x.shape[2]], initializer: initializer, regularizer: regularizer)
        if let place = context.tokenPlace {
            return x + table.gathered(place.position, axis: 0).cast(to: x.elementType)
        }
        return x + table[0..<x.shape[1]].cast(to: x.elementType)
    }
}
