public import ApusConfiguration
import ApusGraph
import ApusTensor

/// Long short-term memory: c′ = f c + i g, h′ = o act(c′), with i, f, o = σ(x W + h U + b) and g = act(x W + h U + b).
///
/// Shapes: x [N, T, C], W [C, 4·units], U [units, 4·units], b [4·units], the gates side by side in the order i, f, g, o; y [N, units], or
/// [N, T, units] with `returnsSequences`. State and memory are 0 before the first step. Hochreiter and Schmidhuber (1997), Gers et al. (2000);
/// Keras's and PyTorch's `LSTM`, of whose two biases b is the sum.
///
/// ```swift
/// let tagger = Sequential { Embedding(vocabulary: 5000, 64); LSTM(128, returnsSequences: true); Dense(17) }
/// ```
public struct LSTM: GatedLayer {
    public var options: RecurrentOptions
    /// The function applied to what is remembered and to the memory.
    public var activation: Activation
    /// The function of the gates.
    public var recurrentActivation: Activation
    /// Whether the offset of the gate f begins at 1 and the others at 0, in place of `biasInitializer`. Jozefowicz et al. (2015).
    public var unitForgetBias: Bool

    /// Long short-term memory; x [N, T, C], y [N, units] or [N, T, units].
    ///
    /// - Parameters:
    ///   - units: The size of the state, at least 1.
    ///   - activation: The function applied to what is remembered and to the memory.
    ///   - recurrentActivation: The function of the gates.
    ///   - returnsSequences: Whether the state after every step is the result; else that after the last step.
    ///   - isReversed: Whether the last step comes first.
    ///   - useBias: Whether there are offsets.
    ///   - unitForgetBias: Whether the offset of the gate f begins at 1 and the others at 0, in place of `biasInitializer`.
    ///   - kernelInitializer: The start values of W.
    ///   - recurrentInitializer: The start values of U.
    ///   - biasInitializer: The start values of b.
    ///   - kernelRegularizer: A penalty on W that is added to the loss.
    ///   - recurrentRegularizer: A penalty on U that is added to the loss.
    public init(
        _ units: Int, activation: Activation = .tanh, recurrentActivation: Activation = .sigmoid,
        returnsSequences: Bool = false, isReversed: Bool = false, useBias: Bool = true, unitForgetBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, recurrentInitializer: Initializer = .orthogonal(),
        biasInitializer: Initializer = .zeros, kernelRegularizer: Regularizer? = nil,
        recurrentRegularizer: Regularizer? = nil
    ) {
        self.activation = activation
        self.recurrentActivation = recurrentActivation
        self.unitForgetBias = unitForgetBias
        options = RecurrentOptions(
            units: units, returnsSequences: returnsSequences, isReversed: isReversed, useBias: useBias,
            kernelInitializer: kernelInitializer, recurrentInitializer: recurrentInitializer,
            biasInitializer: biasInitializer, kernelRegularizer: kernelRegularizer,
            recurrentRegularizer: recurrentRegularizer)
    }

    public static let kind = "lstm"
    public static let schema = Schema(
        LSTM(0),
        [
            .leading("units", \.units), .optional("activation", \.activation),
            .optional("recurrentActivation", \.recurrentActivation), .optional("unitForgetBias", \.unitForgetBias),
        ] + recurrentFields)

    static let gateCount = 4
    static let stateCount = 2

    func bias(in context: Context) -> Tensor? {
        guard useBias else { return nil }
        guard unitForgetBias else {
            return context.parameter("bias", shape: [4 *| units], initializer: biasInitializer)
        }
        let start = Initializer.custom("1 for the gate f") { shape, _ in
            let units = shape[0] / 4
            return .concatenated([.zeros([units]), .ones([units]), .zeros([2 * units])])
        }
        return context.parameter("bias", shape: [4 *| units], initializer: start)
    }

    func step(_ state: [Tensor], _ gates: Tensor, _ kernel: Tensor, _ constants: [Tensor]) -> [Tensor] {
        let sum = gates + state[0].matmul(kernel).cast(to: gates.elementType)
        let (i, f, o) = (
            recurrentActivation(sum.gate(0, units)), recurrentActivation(sum.gate(1, units)),
            recurrentActivation(sum.gate(3, units))
        )
        let memory = f * state[1] + i * activation(sum.gate(2, units))
        return [o * activation(memory), memory]
    }
}
