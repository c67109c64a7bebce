public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// A block of a transformer: attention, then two dense layers at each position, both with a sum of what went in.
///
/// Normalization before: x = x + attention(norm1(x)), y = x + dense2(act(dense1(norm2(x)))). After: x = norm1(x + attention(x)),
/// y = norm2(x + dense2(act(dense1(x)))). Shapes: x and y [N, T, C]. Children are named `norm1`, `attention`, `norm2`, `dense1` and
/// `dense2`. Vaswani et al. (2017); normalization before: Xiong et al. (2020).
///
/// ```swift
/// let gpt = Sequential {
///     Embedding(vocabulary: 256, 128)
///     for _ in 0..<4 { TransformerBlock(heads: 4, isCausal: true, positions: .rotary) }
///     LayerNorm(); Dense(256)
/// }   // [64] → [64, 256]
/// ```
public struct TransformerBlock: CheckedLayer, Configurable {
    /// Where a block normalizes.
    public enum Normalization: String, Sendable, Hashable, Codable, CaseIterable {
        /// The input of attention and of the dense layers.
        case before
        /// The sums.
        case after
    }

    /// The number of heads.
    public var heads: Int
    /// The number of outputs of the first dense layer; four times the channels if `nil`.
    public var hidden: Int?
    /// The size of each head's queries, keys and values; that of the input divided by the heads if `nil`.
    public var keySize: Int?
    /// The number of heads of keys and values; `heads` if `nil`.
    public var keyValueHeads: Int?
    /// Whether a position sees itself and earlier ones alone.
    public var isCausal: Bool
    /// What attention knows of positions.
    public var positions: AttentionPositions
    /// The base of the angles of rotary positions.
    public var rotaryBase: Double
    /// The function between the dense layers.
    public var activation: Activation
    /// Where the block normalizes.
    public var normalization: Normalization
    /// The probability that an element becomes 0 in training: of attention's weights and of the results of attention and dense layers.
    public var dropout: Double
    /// A small number that keeps the normalizations' divisors from 0.
    public var epsilon: Double
    /// Whether attention and dense layers have offsets.
    public var useBias: Bool
    /// The start values of all kernels.
    public var kernelInitializer: Initializer

    /// A block of a transformer; x and y [N, T, C].
    ///
    /// - Parameters:
    ///   - heads: The number of heads, at least 1.
    ///   - hidden: The number of outputs of the first dense layer; 4·C if `nil`.
    ///   - keySize: The size of each head's queries, keys and values; C / heads if `nil`.
    ///   - keyValueHeads: The number of heads of keys and values, which divides `heads`; as many if `nil`.
    ///   - isCausal: Whether a position sees itself and earlier ones alone.
    ///   - positions: Whether queries and keys are turned by their positions (`.rotary`).
    ///   - rotaryBase: The base of the angles of rotary positions.
    ///   - activation: The function between the dense layers.
    ///   - normalization: Whether the block normalizes before attention and dense layers, or after the sums.
    ///   - dropout: The probability that an element becomes 0 in training, in 0..<1.
    ///   - epsilon: ε of the normalizations, a positive number.
    ///   - useBias: Whether attention and dense layers have offsets.
    ///   - kernelInitializer: The start values of all kernels.
    public init(
        heads: Int, hidden: Int? = nil, keySize: Int? = nil, keyValueHeads: Int? = nil, isCausal: Bool = false,
        positions: AttentionPositions = .none, rotaryBase: Double = 10_000, activation: Activation = .gelu(),
        normalization: Normalization = .before, dropout: Double = 0, epsilon: Double = 1e-5, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform
    ) {
        self.heads = heads
        self.hidden = hidden
        self.keySize = keySize
        self.keyValueHeads = keyValueHeads
        self.isCausal = isCausal
        self.positions = positions
        self.rotaryBase = rotaryBase
        self.activation = activation
        self.normalization = normalization
        self.dropout = dropout
        self.epsilon = epsilon
        self.useBias = useBias
        self.kernelInitializer = kernelInitializer
    }

    public static let schema = Schema(
        TransformerBlock(heads: 0), .leading("heads", \.heads, isLabelled: true), .optional("hidden", \.hidden),
        .optional("keySize", \.keySize), .optional("keyValueHeads", \.keyValueHeads),
        .optional("isCausal", \.isCausal), .optional("positions", \.positions), .optional("rotaryBase", \.rotaryBase),
        .optional("activation", \.activation), .optional("normalization", \.normalization),
        .optional("dropout", \.dropout), .optional("epsilon", \.epsilon), .optional("useBias", \.useBias),
        .optional("kernelInitializer", \.kernelInitializer))

    func check(_ check: inout Check, _ x: Tensor) {
        if let hidden { check.expectPositive("hidden", hidden) }
        check.expectRate(dropout)
        check.expectSequences()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        func normalized(_ x: Tensor, _ name: String) -> Tensor { LayerNorm(epsilon: epsilon)(x, in: context[name]) }
        func dropped(_ x: Tensor) -> Tensor { x.dropped(dropout, x.shape, context) }
        func attended(_ x: Tensor) -> Tensor {
            let attention = MultiHeadAttention(
                heads: heads, keySize: keySize, keyValueHeads: keyValueHeads, isCausal: isCausal, positions: positions,
                rotaryBase: rotaryBase, dropout: dropout, useBias: useBias, kernelInitializer: kernelInitializer)
            return dropped(attention(x, in: context["attention"]))
        }
        func transformed(_ x: Tensor) -> Tensor {
            let first = Dense(
                hidden ?? 4 *| x.shape[2], activation: activation, useBias: useBias,
                kernelInitializer: kernelInitializer)
            let second = Dense(x.shape[2], useBias: useBias, kernelInitializer: kernelInitializer)
            return dropped(second(dropped(first(x, in: context["dense1"])), in: context["dense2"]))
        }
        switch normalization {
        case .before:
            let sum = x + attended(normalized(x, "norm1"))
            return sum + transformed(normalized(sum, "norm2"))
        case .after:
            let sum = normalized(x + attended(x), "norm1")
            return normalized(sum + transformed(sum), "norm2")
        }
    }
}

extension TransformerBlock: Container {
    var label: String { description }
}
