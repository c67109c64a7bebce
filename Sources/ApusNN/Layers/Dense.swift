public import ApusTensor

/// A fully connected layer: y = act(x · W + b).
///
/// Shapes: x [..., in], W [in, units], b [units], y [..., units]. The number of inputs is taken from x.
public struct Dense: Layer {
    public var units: Int
    public var activation: Activation
    public var useBias: Bool
    public var kernelInitializer: Initializer
    public var biasInitializer: Initializer
    public var kernelRegularizer: Regularizer?
    public var kernelConstraint: Constraint?

    public init(
        _ units: Int, activation: Activation = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil
    ) {
        self.units = units
        self.activation = activation
        self.useBias = useBias
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
        self.kernelRegularizer = kernelRegularizer
        self.kernelConstraint = kernelConstraint
    }

    public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
        context.entering(self, x) {
            var check = Check("dense", x)
            check.expectPositive("units", units)
            check.expectInput(
                x.rank >= 2, "expected a batch [N, ..., features] but received shape \(x.shape); "
                    + "put Flatten() before it, or add an axis for the batch")
            guard check.passed else { return check.failure }
            let kernel = context.parameter(
                "kernel", shape: [x.shape[-1], units], initializer: kernelInitializer, regularizer: kernelRegularizer,
                constraint: kernelConstraint)
            var y = x.matmul(kernel)
            if useBias { y = y + context.parameter("bias", shape: [units], initializer: biasInitializer) }
            return activation(y)
        }
    }
}

extension Dense: CustomStringConvertible {
    public var description: String {
        Configuration("Dense", "\(units)")
            .adding("activation", activation, unless: .linear).adding("useBias", useBias, unless: true)
            .adding("kernelInitializer", kernelInitializer, unless: .glorotUniform)
            .adding("biasInitializer", biasInitializer, unless: .zeros)
            .adding("kernelRegularizer", kernelRegularizer, unless: nil)
            .adding("kernelConstraint", kernelConstraint, unless: nil).text
    }
}
