import ApusGraph
public import ApusTensor

/// A convolution over images: y[n, i, j, o] = act(Σ x[n, i·s + d·u − p, j·s + d·v − p, c] · W[u, v, c, o] + b[o]).
///
/// Shapes: x [N, H, W, C], W [kernel height, kernel width, C / groups, filters], b [filters], y [N, H′, W′, filters] with
/// H′ = ⌊(H + p − d·(k − 1) − 1) / s⌋ + 1.
public struct Conv2D: Layer {
    public var filters: Int
    public var kernelSize: Size2D
    public var strides: Size2D
    public var padding: Padding
    public var dilation: Size2D
    public var groups: Int
    public var activation: Activation
    public var useBias: Bool
    public var kernelInitializer: Initializer
    public var biasInitializer: Initializer
    public var kernelRegularizer: Regularizer?
    public var kernelConstraint: Constraint?

    public init(
        filters: Int, kernelSize: Size2D, strides: Size2D = 1, padding: Padding = .valid, dilation: Size2D = 1,
        groups: Int = 1, activation: Activation = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil
    ) {
        self.filters = filters
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.dilation = dilation
        self.groups = groups
        self.activation = activation
        self.useBias = useBias
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
        self.kernelRegularizer = kernelRegularizer
        self.kernelConstraint = kernelConstraint
    }

    public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
        context.entering(self, x) {
            var check = Check("convolution", x)
            check.expectPositive("filters", filters)
            check.expectPositive("kernelSize", kernelSize)
            check.expectPositive("strides", strides)
            check.expectPositive("dilation", dilation)
            check.expectPositive("groups", groups)
            check.expect(
                groups <= 0 || filters % groups == 0, "filters must be a multiple of groups: \(groups) does not divide \(filters)")
            check.expectImages()
            check.expectInput(
                x.shape[3] % groups == 0,
                "expected a multiple of \(groups) input channels (axis 3), one part for each group, but received \(x.shape[3]) in "
                    + "shape \(x.shape)")
            return check.passed ? convolved(x, context) : check.failure
        }
    }

    private func convolved(_ x: Tensor, _ context: Context) -> Tensor {
        let kernel = context.parameter(
            "kernel", shape: [kernelSize.height, kernelSize.width, x.shape[3] / groups, filters],
            initializer: kernelInitializer, regularizer: kernelRegularizer, constraint: kernelConstraint)
        let geometry = ConvolutionGeometry(
            strides: strides.imageSize,
            padding: padding.resolved(
                image: ImageSize(height: x.shape[1], width: x.shape[2]), window: kernelSize.imageSize,
                strides: strides.imageSize, dilation: dilation.imageSize),
            dilation: dilation.imageSize, groups: groups)
        var y = Tensor(.convolution(geometry), [x.node, kernel.node])
        if useBias { y = y + context.parameter("bias", shape: [filters], initializer: biasInitializer) }
        return activation(y)
    }
}

extension Conv2D: CustomStringConvertible {
    public var description: String {
        Configuration("Conv2D", "filters: \(filters)", "kernelSize: \(kernelSize)")
            .adding("strides", strides, unless: 1).adding("padding", padding, unless: .valid)
            .adding("dilation", dilation, unless: 1).adding("groups", groups, unless: 1)
            .adding("activation", activation, unless: .linear).adding("useBias", useBias, unless: true)
            .adding("kernelInitializer", kernelInitializer, unless: .glorotUniform)
            .adding("biasInitializer", biasInitializer, unless: .zeros)
            .adding("kernelRegularizer", kernelRegularizer, unless: nil)
            .adding("kernelConstraint", kernelConstraint, unless: nil).text
    }
}
