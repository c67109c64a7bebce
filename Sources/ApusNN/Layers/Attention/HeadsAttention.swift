import ApusGraph
import ApusTensor

/// What attention does between its maps, with a row of its own in summaries: queries [N, T, heads, size], keys and values likewise.
struct HeadsAttention: Model, Container, CustomStringConvertible {
    var isCausal: Bool
    var positions: AttentionPositions
    var rotaryBase: Double
    var dropout: Double

    func outputs(for inputs: Values, in context: Context) -> Values {
        Values(attended(inputs, weights: dropout > 0 ? { $0.dropped(dropout, $0.shape, context) } : nil))
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

    var description: String { "dot products\(isCausal ? ", causal" : "")\(positions == .rotary ? ", rotary" : "")" }
    var label: String { description }
}
