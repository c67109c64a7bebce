public import ApusConfiguration
public import ApusTensor

/// A vector for each of `vocabulary` numbers: y[…] = E[x[…]].
///
/// Shapes: x integers in 0..<vocabulary [...], E [vocabulary, units], y [..., units]. Inputs of another type are cut to integers. With `padding`,
/// layers behind it in a `Sequential` pass over the entries of that number: Keras's `mask_zero` for 0.
///
/// ```swift
/// let net = Sequential {
///     Embedding(vocabulary: 10_000, 32)          // [20] → [20, 32]
///     GlobalAveragePool()                        // [20, 32] → [32]
///     Dense(1)
/// }
/// let weights = try net.initialized(inputs: Signature([20], .int32), seed: 7)
/// ```
public struct Embedding: CheckedLayer, Configurable {
    /// The number of different integers.
    public var vocabulary: Int
    /// The number of outputs.
    public var units: Int
    /// The start values.
    public var initializer: Initializer
    /// A penalty on the weights.
    public var regularizer: Regularizer?
    /// A set that the weights are kept in.
    public var constraint: Constraint?
    /// The number that stands where a sequence has ended; `nil` if there is none.
    public var padding: Int?

    /// A table of `vocabulary` vectors: integers [...] → [..., units].
    ///
    /// - Parameters:
    ///   - vocabulary: The number of different integers: inputs are in 0..<vocabulary.
    ///   - units: The length of each vector.
    ///   - initializer: The start values of the table.
    ///   - regularizer: A penalty on the table that is added to the loss.
    ///   - constraint: A set that the table is kept in after every step.
    ///   - padding: The number that stands where a sequence has ended, and does not count behind the layer; every number counts if `nil`.
    public init(
        vocabulary: Int, _ units: Int, initializer: Initializer = .uniform(), regularizer: Regularizer? = nil,
        constraint: Constraint? = nil, padding: Int? = nil
    ) {
        self.vocabulary = vocabulary
        self.units = units
        self.initializer = initializer
        self.regularizer = regularizer
        self.constraint = constraint
        self.padding = padding
    }

    public static let schema = Schema(
        Embedding(vocabulary: 0, 0), .required("vocabulary", \.vocabulary),
        .required("units", \.units, isLabelled: false),
        .optional("initializer", \.initializer), .optional("regularizer", \.regularizer),
        .optional("constraint", \.constraint), .optional("padding", \.padding))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("vocabulary", vocabulary)
        check.expectPositive("units", units)
        if let padding {
            check.expect(
                (0..<max(0, vocabulary)).contains(padding),
                "padding must be one of the \(vocabulary) numbers of the vocabulary, received \(padding)")
        }
        check.expectInput(x.rank >= 1, "expected a batch of integers [N, ...] but received a scalar")
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let embeddings = context.parameter(
            "embeddings", shape: [vocabulary, units], initializer: initializer, regularizer: regularizer,
            constraint: constraint)
        return embeddings.gathered(numbers(x), axis: 0)
    }

    private func numbers(_ x: Tensor) -> Tensor { x.elementType.isInteger ? x : x.cast(to: .int64) }
}

extension Embedding: Padded {
    func mask(of x: Tensor) -> Tensor? {
        guard let padding, x.rank == 2 else { return nil }
        return numbers(x) .!= Tensor(padding)
    }
}
