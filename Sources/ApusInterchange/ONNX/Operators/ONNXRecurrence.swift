import ApusGraph
import ApusTensor

/// One direction of `LSTM`, `GRU` or `RNN`: its weights, and how it goes from step to step.
struct ONNXRecurrence {
    /// The operators.
    enum Kind: String, Sendable, CaseIterable {
        case lstm = "LSTM"
        case gru = "GRU"
        case rnn = "RNN"

        /// The number of gates: i, o, f, c; z, r, h; one.
        var gates: Int {
            switch self {
            case .lstm: 4
            case .gru: 3
            case .rnn: 1
            }
        }

        /// The functions f, g, h unless others are given.
        var functions: [String] {
            switch self {
            case .lstm: ["Sigmoid", "Tanh", "Tanh"]
            case .gru: ["Sigmoid", "Tanh"]
            case .rnn: ["Tanh"]
            }
        }

        /// The number of values that go from step to step.
        var states: Int { self == .lstm ? 2 : 1 }
    }

    let kind: Kind
    /// The size of the state.
    let units: Int
    /// [gates · units, C]
    let kernel: Tensor
    /// [gates · units, units]
    let recurrentKernel: Tensor
    /// Those of the inputs and those of the state, [2 · gates · units].
    let biases: Tensor?
    /// What the gates i, o and f see of the memory, [3 · units].
    let peepholes: Tensor?
    let functions: [@Sendable (Tensor) -> Tensor]
    /// What goes into the functions of gates is kept within ± clip; the memory is not, as ONNX Runtime has it.
    let clip: Double?
    /// Whether a gated recurrent unit resets after the product.
    let resetsAfter: Bool
    /// Whether f = 1 − i.
    let couplesForgetting: Bool

    /// The state after every step [T, N, units], 0 where none counts, and the last values.
    ///
    /// - Parameters:
    ///   - x: [T, N, C]
    ///   - start: The values before the first step, each [N, units].
    ///   - mask: Which steps count, bool [T, N, 1].
    func callAsFunction(
        _ x: Tensor, from start: [Tensor], mask: Tensor?, reversed: Bool
    ) -> (all: Tensor, last: [Tensor]) {
        let width = kind.gates * units
        var sums = x.matmul(kernel.transposed())
        if let biases {
            sums = sums + biases[0..<width]
            // Within the reset of a gated recurrent unit, the other offset stands beside the product.
            if !addsWithin { sums = sums + biases[width..<(2 * width)] }
        }
        let weights = recurrentKernel.transposed()
        let (last, all) = scan(over: [sums] + (mask.map { [$0] } ?? []), from: start, reversed: reversed) {
            state, entry in
            var next = step(state, entry[0], weights)
            guard entry.count > 1 else { return (next, next[0]) }
            next = zip(next, state).map { Tensor.where(entry[1], $0, $1) }
            return (next, Tensor.where(entry[1], next[0], next[0] * 0))
        }
        return (all, last)
    }

    private var addsWithin: Bool { kind == .gru && resetsAfter }

    /// One gate of those that lie side by side.
    private func gate(_ x: Tensor, _ number: Int) -> Tensor {
        x[0..., (number * units)..<((number + 1) * units)]
    }

    private func seen(_ memory: Tensor, _ number: Int) -> Tensor? {
        peepholes.map { memory * $0[(number * units)..<((number + 1) * units)] }
    }

    private func applied(_ function: Int, _ x: Tensor, _ more: Tensor? = nil) -> Tensor {
        let sum = more.map { x + $0 } ?? x
        return functions[function](clip.map { sum.clamped(min: -$0, max: $0) } ?? sum)
    }

    /// The next values; sums are x Wᵀ with offsets.
    private func step(_ state: [Tensor], _ sums: Tensor, _ weights: Tensor) -> [Tensor] {
        let h = state[0]
        switch kind {
        case .rnn: return [applied(0, sums, h.matmul(weights))]
        case .lstm:
            let sums = sums + h.matmul(weights)
            let memory = state[1]
            let i = applied(0, gate(sums, 0), seen(memory, 0))
            let f = couplesForgetting ? 1 - i : applied(0, gate(sums, 2), seen(memory, 2))
            let next = f * memory + i * applied(1, gate(sums, 3))
            let o = applied(0, gate(sums, 1), seen(next, 1))
            return [o * functions[2](next), next]
        case .gru:
            let product = h.matmul(weights[0..., 0..<(2 * units)])
            let within = addsWithin ? biases?[(3 * units)..<(6 * units)] : nil
            func reset(_ number: Int) -> Tensor {
                let sum = gate(sums, number) + gate(product, number)
                return applied(0, sum, within?[(number * units)..<((number + 1) * units)])
            }
            let (z, r) = (reset(0), reset(1))
            let last = gate(weights, 2)
            let new: Tensor
            if resetsAfter {
                let inner = h.matmul(last)
                new = r * (within.map { inner + $0[(2 * units)..<(3 * units)] } ?? inner)
            } else {
                new = (r * h).matmul(last)
            }
            return [(1 - z) * applied(1, gate(sums, 2), new) + z * h]
        }
    }
}
