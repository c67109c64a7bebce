public import ApusConfiguration
public import ApusTensor

/// A convolution over images: y[n, i, j, o] = act(Σ x[n, i·s + d·u − p, j·s + d·v − p, c] · W[u, v, c, o] + b[o]).
///
/// Shapes: x [N, H, W, C], W [kernel height, kernel width, C / groups, filters], b [filters], y [N, H′, W′, filters] with
/// H′ = ⌊(H + p − d·(k − 1) − 1) / s⌋ + 1.
public struct Conv2D: KernelLayer, Configurable {
    /// The number of output channels.
    public var filters: Int
    /// The window: how many positions one output looks at.
    public var kernelSize: Size2D
    /// The steps between windows.
    public var strides: Size2D
    /// How the input is extended before the window moves over it.
    public var padding: Padding
    /// The distance between the positions of a window.
    public var dilation: Size2D
    /// The number of parts that channels are divided into.
    public var groups: Int
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
        filters: Int, kernelSize: Size2D, strides: Size2D = 1, padding: Padding = .valid, dilation: Size2D = 1,
        groups: Int = 1, activation: Activation = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil,
        kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil
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
        self.biasRegularizer = biasRegularizer
        self.activityRegularizer = activityRegularizer
        self.kernelConstraint = kernelConstraint
        self.biasConstraint = biasConstraint
    }

    public static let schema = Schema(
        Conv2D(filters: 0, kernelSize: 0),
        .required("filters", \.filters), .required("kernelSize", \.kernelSize), .optional("strides", \.strides),
        .optional("padding", \.padding), .optional("dilation", \.dilation), .optional("groups", \.groups),
        .optional("activation", \.activation), .optional("useBias", \.useBias),
        .optional("kernelInitializer", \.kernelInitializer), .optional("biasInitializer", \.biasInitializer),
        .optional("kernelRegularizer", \.kernelRegularizer), .optional("biasRegularizer", \.biasRegularizer),
        .optional("activityRegularizer", \.activityRegularizer), .optional("kernelConstraint", \.kernelConstraint),
        .optional("biasConstraint", \.biasConstraint))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("filters", filters)
        convolution.check(&check)
        check.expectImages()
        Convolution.checkGroups(&check, x, groups: groups, filters: filters)
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let kernel = context.parameter(
            "kernel", shape: [kernelSize.height, kernelSize.width, x.shape[3] / groups, filters],
            initializer: kernelInitializer,
            regularizer: kernelRegularizer, constraint: kernelConstraint)
        let y = convolution.applied(to: x, kernel, groups: groups)
        return finished(y, outputs: filters, context)
    }

    private var convolution: Convolution {
        Convolution(window: kernelSize, strides: strides, padding: padding, dilation: dilation)
    }
}
