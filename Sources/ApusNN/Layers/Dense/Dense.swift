public import ApusConfiguration
public import ApusTensor

/// A fully connected layer: y = act(x · W + b).
///
/// Shapes: x [..., in], W [in, units], b [units], y [..., units]. The number of inputs is taken from x.
public struct Dense: KernelLayer, Configurable {
    /// The number of outputs.
    public var units: Int
    /// The function applied to the result.
    public var activation: Activation
    /// Whether there is an offset for each output channel.
    public var useBias: Bool
    /// The start values of the kernel.
    public var kernelInitializer: Initializer
    /// The start values of the bias.
    public var biasInitializer: Initializer
    /// A penalty on the kernel.
    public var kernelRegularizer: Regularizer?
    /// A penalty on the bias.
    public var biasRegularizer: Regularizer?
    /// A penalty on the outputs, divided by the size of the batch.
    public var activityRegularizer: Regularizer?
    /// A set that the kernel is kept in.
    public var kernelConstraint: Constraint?
    /// A set that the bias is kept in.
    public var biasConstraint: Constraint?

    public init(
        _ units: Int, activation: Activation = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil,
        kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil
    ) {
        self.units = units
        self.activation = activation
        self.useBias = useBias
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
        self.kernelRegularizer = kernelRegularizer
        self.biasRegularizer = biasRegularizer
        self.activityRegularizer = activityRegularizer
        self.kernelConstraint = kernelConstraint
        self.biasConstraint = biasConstraint
    }

    public static let schema = Schema(
        Dense(0), .leading("units", \.units), .optional("activation", \.activation), .optional("useBias", \.useBias),
        .optional("kernelInitializer", \.kernelInitializer), .optional("biasInitializer", \.biasInitializer),
        .optional("kernelRegularizer", \.kernelRegularizer), .optional("biasRegularizer", \.biasRegularizer),
        .optional("activityRegularizer", \.activityRegularizer), .optional("kernelConstraint", \.kernelConstraint),
        .optional("biasConstraint", \.biasConstraint))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("units", units)
        check.expectInput(
            x.rank >= 2,
            "expected a batch [N, ..., features] but received shape \(x.shape); "
                + "put Flatten() before it, or add an axis for the batch")
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let kernel = context.parameter(
            "kernel", shape: [x.shape[-1], units], initializer: kernelInitializer, regularizer: kernelRegularizer,
            constraint: kernelConstraint)
        let y = x.matmul(kernel)
        return finished(y, outputs: units, context)
    }
}
