public import ApusConfiguration
import ApusGraph
import ApusTensor

/// The gated recurrent unit: h′ = z h + (1 − z) n, with z, r = σ(x W + h U + b) and n = act(x W + b + r (h U + c)).
///
/// Shapes: x [N, T, C], W [C, 3·units], U [units, 3·units], b and c [3·units], the gates side by side in the order z, r, n; y [N, units], or
/// [N, T, units] with `returnsSequences`. Without `resetsAfter` n = act(x W + b + (r h) U), and there is no c. Cho et al. (2014); Keras's `GRU`, and
/// PyTorch's, whose gates are in the order r, z, n.
///
/// ```swift
/// let net = Sequential { GRU(64, returnsSequences: true); GRU(64); Dense(10) }   // [20, 8] → [10]
/// ```
public struct GRU: GatedLayer {
    public var options: RecurrentOptions
    /// The function of the new state.
    public var activation: Activation
    /// The function of the gates.
    public var recurrentActivation: Activation
    /// Whether the gate r weighs h U and not h: as cuDNN and PyTorch do, and Keras unless told otherwise.
    public var resetsAfter: Bool

    /// The gated recurrent unit; x [N, T, C], y [N, units] or [N, T, units].
    ///
    /// - Parameters:
    ///   - units: The size of the state, at least 1.
    ///   - activation: The function of the new state.
    ///   - recurrentActivation: The function of the gates.
    ///   - returnsSequences: Whether the state after every step is the result; else that after the last step.
    ///   - isReversed: Whether the last step comes first.
    ///   - useBias: Whether there are offsets.
    ///   - resetsAfter: Whether the gate r weighs h U and not h.
    ///   - kernelInitializer: The start values of W.
    ///   - recurrentInitializer: The start values of U.
    ///   - biasInitializer: The start values of b and c.
    ///   - kernelRegularizer: A penalty on W that is added to the loss.
    ///   - recurrentRegularizer: A penalty on U that is added to the loss.
    public init(
        _ units: Int, activation: Activation = .tanh, recurrentActivation: Activation = .sigmoid,
        returnsSequences: Bool = false, isReversed: Bool = false, useBias: Bool = true, resetsAfter: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, recurrentInitializer: Initializer = .orthogonal(),
        biasInitializer: Initializer = .zeros, kernelRegularizer: Regularizer? = nil,
        recurrentRegularizer: Regularizer? = nil
    ) {
        self.activation = activation
        self.recurrentActivation = recurrentActivation
        self.resetsAfter = resetsAfter
        options = RecurrentOptions(
            units: units, returnsSequences: returnsSequences, isReversed: isReversed, useBias: useBias,
            kernelInitializer: kernelInitializer, recurrentInitializer: recurrentInitializer,
            biasInitializer: biasInitializer, kernelRegularizer: kernelRegularizer,
            recurrentRegularizer: recurrentRegularizer)
    }

    public static let kind = "gru"
    public static let schema = Schema(
        GRU(0),
        [
            .leading("units", \.units), .optional("activation", \.activation),
            .optional("recurrentActivation", \.recurrentActivation), .optional("resetsAfter", \.resetsAfter),
        ] + recurrentFields)

    static let gateCount = 3

    func constants(in context: Context) -> [Tensor] {
        guard useBias, resetsAfter else { return [] }
        return [context.parameter("recurrentBias", shape: [3 *| units], initializer: biasInitializer)]
    }

    func step(_ state: [Tensor], _ gates: Tensor, _ kernel: Tensor, _ constants: [Tensor]) -> [Tensor] {
        let h = state[0]
        let new: Tensor
        let z: Tensor
        if resetsAfter {
            var product = h.matmul(kernel).cast(to: gates.elementType)
            if let bias = constants.first { product = product + bias }
            z = recurrentActivation(gates.gate(0, units) + product.gate(0, units))
            let r = recurrentActivation(gates.gate(1, units) + product.gate(1, units))
            new = activation(gates.gate(2, units) + r * product.gate(2, units))
        } else {
            let product = h.matmul(kernel[0..., 0..<(2 *| units)]).cast(to: gates.elementType)
            z = recurrentActivation(gates.gate(0, units) + product.gate(0, units))
            let r = recurrentActivation(gates.gate(1, units) + product.gate(1, units))
            let reset = (r * h).matmul(kernel.gate(2, units)).cast(to: gates.elementType)
            new = activation(gates.gate(2, units) + reset)
        }
        return [z * h + (1 - z) * new]
    }
}
