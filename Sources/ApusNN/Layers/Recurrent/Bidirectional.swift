public import ApusConfiguration
public import ApusTensor

/// A recurrent layer in both directions, with weights of its own for each; the results are joined.
///
/// Children are named `forward` and `backward`; the latter goes from the last step to the first. Results stay in the order of the steps.
/// Schuster and Paliwal (1997); Keras's `Bidirectional`, PyTorch's `bidirectional=True`.
///
/// ```swift
/// let net = Sequential { Bidirectional(layer: LSTM(32)); Dense(2) }   // [20, 8] → [64] → [2]
/// ```
public struct Bidirectional: Layer, Configurable {
    /// How the results of both directions are joined.
    public enum Merge: String, Sendable, Hashable, Codable, CaseIterable {
        /// Side by side: [..., 2·units].
        case concatenate
        /// y = a + b
        case add
        /// y = (a + b) / 2
        case average
        /// y = a b
        case multiply
    }

    /// The layer that goes forward, such as `LSTM(32)`.
    public var layer: AnyLayer
    /// How the results are joined.
    public var merge: Merge

    /// A recurrent layer in both directions; x [N, T, C].
    ///
    /// - Parameters:
    ///   - layer: The layer that goes forward.
    ///   - merge: How the results are joined.
    public init(layer: some RecurrentLayer, merge: Merge = .concatenate) {
        self.layer = AnyLayer(layer)
        self.merge = merge
    }

    public static let schema = Schema(
        Bidirectional(layer: LSTM(0)), .required("layer", \.layer), .optional("merge", \.merge))

    public func output(for x: Tensor, in context: Context) -> Tensor { outputs(for: Values(x), in: context).only }

    /// The layer over a sequence [N, T, C], of which the steps in `mask` (bool [N, T]) count.
    public func callAsFunction(_ x: Tensor, mask: Tensor?, in context: Context) -> Tensor {
        var inputs = Values(x)
        if let mask { inputs["mask"] = mask }
        return context.call(self, inputs).only
    }

    /// Both directions over a sequence without a name, or `x`, of which the steps in `mask` count.
    public func outputs(for inputs: Values, in context: Context) -> Values {
        let x = inputs.contains("x") ? inputs["x"] : inputs.contains("") ? inputs[""] : inputs.only
        var check = Check(kind, x)
        check.expect(
            layer.layer is any RecurrentLayer,
            "expected a recurrent layer (simpleRNN, lstm, gru) but received \(layer.layer.kind)")
        guard check.passed, let forward = layer.layer as? any RecurrentLayer else {
            return Values(Tensor.failing(check.failure, x))
        }
        var backward = forward
        backward.options.isReversed.toggle()
        let mask = inputs.contains("mask") ? inputs["mask"] : context.mask(for: x)
        let a = forward(x, mask: mask, in: context["forward"])
        let b = backward(x, mask: mask, in: context["backward"])
        switch merge {
        case .concatenate: return Values(.concatenated([a, b], axis: -1))
        case .add: return Values(a + b)
        case .average: return Values((a + b) * 0.5)
        case .multiply: return Values(a * b)
        }
    }
}

extension Bidirectional: Container {
    var label: String { "Bidirectional" }
}
