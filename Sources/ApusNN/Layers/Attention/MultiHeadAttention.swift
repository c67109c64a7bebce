public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// Attention of several heads: each position gathers from all others what fits its query.
///
/// y = W_o · concat over heads of softmax(q kᵀ / √keySize + mask) v, with q = x W_q + b_q, k and v likewise. Shapes: x [N, T, C],
/// y [N, T, C]; W_q [C, heads·keySize], W_k and W_v [C, keyValueHeads·keySize], W_o [heads·keySize, C]. Children are named `query`,
/// `key`, `value` and `output`. Vaswani et al. (2017); fewer heads of keys and values: Ainslie et al. (2023).
///
/// ```swift
/// let block = Residual { LayerNorm(); MultiHeadAttention(heads: 4, isCausal: true) }   // [20, 64] → [20, 64]
/// ```
///
/// In a list it attends to its own input. A model of one's own also gives it others to look at, and masks:
///
/// ```swift
/// struct Decoder: Model {
///     func outputs(for inputs: Values, in context: Context) -> Values {
///         let mask = Tensor.sequenceMask(inputs["lengths"], length: inputs["memory"].shape[1])
///         return Values(
///             MultiHeadAttention(heads: 4)(
///                 inputs["x"], keys: inputs["memory"], keyMask: mask, in: context["cross"]))
///     }
/// }
/// ```
public struct MultiHeadAttention: Layer, Configurable {
    /// The number of heads.
    public var heads: Int
    /// The size of each head's queries, keys and values; that of the input divided by the heads if `nil`.
    public var keySize: Int?
    /// The number of heads of keys and values, each for a group of queries' heads; `heads` if `nil`.
    public var keyValueHeads: Int?
    /// Whether a position sees itself and earlier ones alone.
    public var isCausal: Bool
    /// What attention knows of positions.
    public var positions: AttentionPositions
    /// The base of the angles of rotary positions.
    public var rotaryBase: Double
    /// The probability that a weight becomes 0 in training.
    public var dropout: Double
    /// Whether the four maps have offsets.
    public var useBias: Bool
    /// The start values of the four kernels.
    public var kernelInitializer: Initializer
    /// A penalty on the four kernels.
    public var kernelRegularizer: Regularizer?

    /// Attention of several heads; x and y [N, T, C].
    ///
    /// - Parameters:
    ///   - heads: The number of heads, at least 1.
    ///   - keySize: The size of each head's queries, keys and values; C / heads if `nil`.
    ///   - keyValueHeads: The number of heads of keys and values, which divides `heads`; as many if `nil`, 1 is multi-query attention.
    ///   - isCausal: Whether a position sees itself and earlier ones alone.
    ///   - positions: Whether queries and keys are turned by their positions (`.rotary`).
    ///   - rotaryBase: The base of the angles of rotary positions.
    ///   - dropout: The probability that a weight becomes 0 in training, in 0..<1.
    ///   - useBias: Whether the four maps have offsets.
    ///   - kernelInitializer: The start values of the four kernels.
    ///   - kernelRegularizer: A penalty on the four kernels that is added to the loss.
    public init(
        heads: Int, keySize: Int? = nil, keyValueHeads: Int? = nil, isCausal: Bool = false,
        positions: AttentionPositions = .none, rotaryBase: Double = 10_000, dropout: Double = 0, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, kernelRegularizer: Regularizer? = nil
    ) {
        self.heads = heads
        self.keySize = keySize
        self.keyValueHeads = keyValueHeads
        self.isCausal = isCausal
        self.positions = positions
        self.rotaryBase = rotaryBase
        self.dropout = dropout
        self.useBias = useBias
        self.kernelInitializer = kernelInitializer
        self.kernelRegularizer = kernelRegularizer
    }

    public static let schema = Schema(
        MultiHeadAttention(heads: 0), .leading("heads", \.heads, isLabelled: true), .optional("keySize", \.keySize),
        .optional("keyValueHeads", \.keyValueHeads), .optional("isCausal", \.isCausal),
        .optional("positions", \.positions), .optional("rotaryBase", \.rotaryBase), .optional("dropout", \.dropout),
        .optional("useBias", \.useBias), .optional("kernelInitializer", \.kernelInitializer),
        .optional("kernelRegularizer", \.kernelRegularizer))

    /// The positions of a sequence attend to each other.
    public func output(for x: Tensor, in context: Context) -> Tensor {
        outputs(for: Values(x), in: context).only
    }

    /// Queries attend to keys; what may be seen is masked.
    ///
    /// Inputs are `queries` (or one without a name), and as wanted `keys` (the queries unless given), `values` (the keys unless given),
    /// `mask` and `keyMask`.
    public func outputs(for inputs: Values, in context: Context) -> Values {
        let queries = inputs.contains("queries") ? inputs["queries"] : inputs.contains("") ? inputs[""] : inputs.only
        let keys = inputs.contains("keys") ? inputs["keys"] : queries
        let values = inputs.contains("values") ? inputs["values"] : keys
        var check = Check(kind, queries)
        self.check(&check, queries, keys, values)
        var mask = inputs.contains("mask") ? inputs["mask"] : nil
        // Of others than the queries, the caller knows which count; numbers that are added say it themselves.
        let ofQueries =
            inputs.contains("keys") || mask.map { $0.elementType != .bool } ?? false ? nil : context.mask(for: queries)
        if let keyMask = inputs.contains("keyMask") ? inputs["keyMask"] : ofQueries {
            check.expectInput(
                keyMask.elementType == .bool && keys.rank == 3 && keyMask.shape == [keys.shape[0], keys.shape[1]],
                "expected a key mask bool[N, S] for keys [N, S, C] = \(keys.shape) but received "
                    + "\(keyMask.elementType)\(keyMask.shape)")
            check.expectInput(
                mask == nil || mask!.elementType == .bool,
                "a key mask goes with a mask of bool, not of numbers; add −∞ to the mask where keys do not count")
            let seen = keyMask.rank == 2 ? keyMask.expandingShape(at: 1).expandingShape(at: 1) : keyMask
            mask = mask.map { $0 .& seen } ?? seen
        }
        guard check.passed else { return Values([keys, values].reduce(check.failure, Tensor.failing)) }
        return Values(attended(queries, keys, values, mask, in: context))
    }

    /// Queries attend to the keys of another sequence: x [N, T, C], keys and values [N, S, C′] → [N, T, C].
    ///
    /// - Parameters:
    ///   - queries: What looks.
    ///   - keys: What is looked at; the queries themselves if `nil`.
    ///   - values: What is found; the keys if `nil`.
    ///   - mask: Broadcast to [N, heads, T, S]: bool, what may be seen, or numbers that are added to the products.
    ///   - keyMask: Which keys count, bool [N, S]; see `Tensor.sequenceMask`.
    ///   - context: Where the layer is.
    public func callAsFunction(
        _ queries: Tensor, keys: Tensor? = nil, values: Tensor? = nil, mask: Tensor? = nil, keyMask: Tensor? = nil,
        in context: Context
    ) -> Tensor {
        let others = [("keys", keys), ("values", values), ("mask", mask), ("keyMask", keyMask)]
        var inputs = Values(queries)
        for case (let name, let tensor?) in others { inputs[name] = tensor }
        return context.call(self, inputs).only
    }

    private func check(_ check: inout Check, _ queries: Tensor, _ keys: Tensor, _ values: Tensor) {
        check.expectPositive("heads", heads)
        if let keySize { check.expectPositive("keySize", keySize) }
        if let keyValueHeads {
            check.expectPositive("keyValueHeads", keyValueHeads)
            check.expect(
                keyValueHeads <= 0 || heads % keyValueHeads == 0,
                "heads must be a multiple of keyValueHeads: \(keyValueHeads) does not divide \(heads)")
        }
        check.expectRate(dropout)
        check.expect(rotaryBase > 1 && rotaryBase.isFinite, "rotaryBase must be a number > 1, received \(rotaryBase)")
        check.expect(
            positions == .none || keySize.map { $0 % 2 == 0 } ?? true,
            "rotary positions turn pairs of features: keySize must be even, received \(keySize ?? 0)")
        check.expectSequences()
        if keySize == nil {
            let multiple = positions == .none ? heads : 2 *| heads
            check.expectInput(
                queries.shape[2] % multiple == 0,
                "expected a multiple of \(multiple) channels (axis 2), "
                    + "\(positions == .none ? "one part" : "a part of even size") for each head, but received "
                    + "\(queries.shape[2]) in shape \(queries.shape); or give keySize")
        }
        check.expectInput(
            keys.rank == 3 && values.rank == 3 && keys.shape[0] == queries.shape[0]
                && keys.shape.dimensions.dropLast() == values.shape.dimensions.dropLast(),
            "expected keys and values [N, S, C] of \(queries.shape[0]) samples but received shapes \(keys.shape) and "
                + "\(values.shape)")
    }

    private func attended(
        _ queries: Tensor, _ keys: Tensor, _ values: Tensor, _ mask: Tensor?, in context: Context
    ) -> Tensor {
        let size = keySize ?? queries.shape[2] / heads
        func map(_ units: Int) -> Dense {
            Dense(
                units, useBias: useBias, kernelInitializer: kernelInitializer, kernelRegularizer: kernelRegularizer)
        }
        func divided(_ x: Tensor, _ name: String, _ heads: Int) -> Tensor {
            map(heads *| size)(x, in: context[name]).reshaped(to: [x.shape[0], x.shape[1], heads, size])
        }
        let groups = keyValueHeads ?? heads
        var inputs: Values = [
            "queries": divided(queries, "query", heads), "keys": divided(keys, "key", groups),
            "values": divided(values, "value", groups),
        ]
        if let mask { inputs["mask"] = mask }
        let each = HeadsAttention(
            isCausal: isCausal, positions: positions, rotaryBase: rotaryBase, dropout: dropout)
        let found = each(inputs, in: context["heads"]).only
        return map(queries.shape[2])(
            found.reshaped(to: [queries.shape[0], queries.shape[1], heads *| size]), in: context["output"])
    }
}

extension MultiHeadAttention: Container {
    var label: String { description }
}
