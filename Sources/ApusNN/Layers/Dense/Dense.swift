public import ApusConfiguration
public import ApusTensor

/// A fully connected layer: y = act(x · W + b).
///
/// Shapes: x [..., in], W [in, units], b [units], y [..., units]. The number of inputs is taken from x.
public struct Dense: KernelLayer, CheckedLayer {
    /// The number of outputs.
    public var units: Int
    /// Bias, activation and what holds for the weights.
    public var options: KernelOptions

    /// Creates the layer; arguments set the properties of their names.
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
