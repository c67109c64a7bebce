public import ApusConfiguration
import ApusTensor

/// The plain recurrent layer: h′ = act(x W + h U + b), with h = 0 before the first step.
///
/// Shapes: x [N, T, C], W [C, units], U [units, units], b [units]; y [N, units], or [N, T, units] with `returnsSequences`. Elman (1990); Keras's
/// `SimpleRNN`, PyTorch's `nn.RNN` with one bias.
///
/// ```swift
/// let net = Sequential { SimpleRNN(32); Dense(2) }   // [20, 8] → [2]
/// ```
public struct SimpleRNN: GatedLayer {
    public var options: RecurrentOptions
    /// The function applied to the sum.
    public var activation: Activation

    /// The plain recurrent layer; x [N, T, C], y [N, units] or [N, T, units].
    ///
    /// - Parameters:
    ///   - units: The size of the state, at least 1.
    ///   - activation: The function applied to the sum.
    ///   - returnsSequences: Whether the state after every step is the result; else that after the last step.
    ///   - isReversed: Whether the last step comes first.
    ///   - useBias: Whether there are offsets.
    ///   - kernelInitializer: The start values of W.
    ///   - recurrentInitializer: The start values of U.
    ///   - biasInitializer: The start values of b.
    ///   - kernelRegularizer: A penalty on W that is added to the loss.
    ///   - recurrentRegularizer: A penalty on U that is added to the loss.
    public init(
        _ units: Int, activation: Activation = .tanh, returnsSequences: Bool = false, isReversed: Bool = false,
        useBias: Bool = true, kernelInitializer: Initializer = .glorotUniform,
        recurrentInitializer: Initializer = .orthogonal(), biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, recurrentRegularizer: Regularizer? = nil
    ) {
        self.activation = activation
        options = RecurrentOptions(
            units: units, returnsSequences: returnsSequences, isReversed: isReversed, useBias: useBias,
            kernelInitializer: kernelInitializer, recurrentInitializer: recurrentInitializer,
            biasInitializer: biasInitializer, kernelRegularizer: kernelRegularizer,
            recurrentRegularizer: recurrentRegularizer)
    }

    public static let kind = "simpleRNN"
    public static let schema = Schema(
        SimpleRNN(0), [.leading("units", \.units), .optional("activation", \.activation)] + recurrentFields)

    static let gateCount = 1

    func step(_ state: [Tensor], _ gates: Tensor, _ kernel: Tensor, _ constants: [Tensor]) -> [Tensor] {
        [activation(gates + state[0].matmul(kernel).cast(to: gates.elementType))]
    }
}
