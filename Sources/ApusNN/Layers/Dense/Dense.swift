public import ApusConfiguration
public import ApusTensor

/// A fully connected layer: y = act(x · W + b).
///
/// Shapes: x [..., in], W [in, units], b [units], y [..., units]. The number of inputs is taken from x.
///
/// ```swift
/// let hidden = Dense(128, activation: .relu, kernelInitializer: .heNormal)   // [784] → [128]
/// let output = Dense(10, kernelRegularizer: .l2(1e-4))                       // [128] → [10]
/// print(try Sequential { hidden; output }.summary(input: [784]))
/// ```
public struct Dense: KernelLayer, CheckedLayer {
    /// The number of outputs.
    public var units: Int
    /// Bias, activation and what holds for the weights.
    public var options: KernelOptions

    /// A fully connected layer of `units` outputs: y = act(x · W + b), [..., in] → [..., units].
    ///
    /// The kernel W has the shape [in, units]; `in` is taken from the input.
    ///
    /// - Parameters:
    ///   - units: The number of outputs, at least 1.
    ///   - activation: The function applied to the result; none unless given.
    ///   - useBias: Whether an offset b is added.
    ///   - kernelInitializer: The start values of the kernel W.
    ///   - biasInitializer: The start values of the offset b.
    ///   - kernelRegularizer: A penalty on the kernel that is added to the loss.
    ///   - biasRegularizer: A penalty on the offset that is added to the loss.
    ///   - activityRegularizer: A penalty on the outputs that is added to the loss, divided by the size of the batch.
    ///   - kernelConstraint: A set that the kernel is kept in after every step.
    ///   - biasConstraint: A set that the offset is kept in after every step.
    public init(
        _ units: Int, activation: Activation = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil,
        kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil
    ) {
        self.units = units
        options = KernelOptions(
            activation: activation, useBias: useBias, kernelInitializer: kernelInitializer,
            biasInitializer: biasInitializer, kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
            activityRegularizer: activityRegularizer, kernelConstraint: kernelConstraint, biasConstraint: biasConstraint
        )
    }

    public static let schema = Schema(Dense(0), [.leading("units", \.units)] + kernelFields)

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("units", units)
        check.expectInput(
            x.rank >= 2,
            "expected a batch [N, ..., features] but received shape \(x.shape); "
                + "put Flatten() before it, or add an axis for the batch")
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let kernel = options.kernel([x.shape[-1], units], in: context)
        return options.finished(x.matmul(kernel), outputs: units, in: context)
    }
}
