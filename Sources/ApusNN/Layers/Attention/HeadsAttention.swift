import ApusGraph
import ApusTensor

/// What attention does between its maps, with a row of its own in summaries: queries [N, T, heads, size], keys and values likewise.
struct HeadsAttention: Model, Container, CustomStringConvertible {
    var isCausal: Bool
    var positions: AttentionPositions
    var rotaryBase: Double
    var dropout: Double

    func outputs(for inputs: Values, in context: Context) -> Values {
        if let place = context.tokenPlace {
            return Values(next(inputs, place.position, window: place.window, in: context))
        }
        return Values(attended(inputs, weights: dropout > 0 ? { $0.dropped(dropout, $0.shape, context) } : nil))
    }

    /// The weights with which values are added up at inference, [N, heads, T, S].
    func weights(for inputs: Values) -> Tensor {
        var seen: Tensor?
        let sums = attended(inputs) {
            seen = $0
            return $0
        }
        return seen ?? sums
    }

    private func attended(_ inputs: Values, weights change: ((Tensor) -> Tensor)?) -> Tensor {
        var (q, k) = (inputs["queries"], inputs["keys"])
        if positions == .rotary { (q, k) = (q.rotated(base: rotaryBase), k.rotated(base: rotaryBase)) }
        return dotProductAttention(
            q, k, inputs["values"], mask: inputs.contains("mask") ? inputs["mask"] : nil, isCausal: isCausal,
            scale: nil, weights: change)
    }

    /// What the token at a position finds among those that are remembered, itself included.
    private func next(_ inputs: Values, _ position: Tensor, window: Int, in context: Context) -> Tensor {
        var (q, k) = (inputs["queries"], inputs["keys"])
        if positions == .rotary {
            let place = position.reshaped(to: [1, 1])
            (q, k) = (q.rotated(base: rotaryBase, at: place), k.rotated(base: rotaryBase, at: place))
        }
        let places = Tensor(.iota(axis: 0, TensorType([window, 1, 1], .int32)), [])
        let isHere = places .== position
        func extended(_ name: String, _ value: Tensor) -> Tensor {
            let shape: Shape = [value.shape[0], window, value.shape[2], value.shape[3]]
            let all = Tensor.where(isHere, value, context.remembered(name, shape, value.elementType))
            context.remember(name, all)
            return all
        }
        let isSeen = Tensor(.iota(axis: 0, TensorType([window], .int32)), []) .<= position
        return dotProductAttention(
            q, extended("keys", k), extended("values", inputs["values"]), mask: isSeen, isCausal: false, scale: nil)
    }

    var description: String { "dot products\(isCausal ? ", causal" : "")\(positions == .rotary ? ", rotary" : "")" }
    var label: String { description }
}
