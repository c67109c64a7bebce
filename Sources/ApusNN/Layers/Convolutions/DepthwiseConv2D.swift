public import ApusConfiguration
public import ApusTensor

/// A convolution of each channel by itself, with `depthMultiplier` kernels each; output channel c·m + j is kernel j of channel c.
///
/// Shapes: x [N, H, W, C], W [kernel height, kernel width, 1, C·depthMultiplier], b and the outputs' channels C·depthMultiplier. Chollet (2017).
public struct DepthwiseConv2D: KernelLayer, Configurable {
    /// The window: how many positions one output looks at.
    public var kernelSize: Size2D
    /// The steps between windows.
    public var strides: Size2D
    /// How the input is extended before the window moves over it.
    public var padding: Padding
    /// The distance between the positions of a window.
    public var dilation: Size2D
    /// The number of kernels of each channel.
    public var depthMultiplier: Int
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
        kernelSize: Size2D, strides: Size2D = 1, padding: Padding = .valid, dilation: Size2D = 1,
        depthMultiplier: Int = 1,
        activation: Activation = .linear, useBias: Bool = true, kernelInitializer: Initializer = .glorotUniform,
        biasInitializer: Initializer = .zeros, kernelRegularizer: Regularizer? = nil,
        biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil
    ) {
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.dilation = dilation
        self.depthMultiplier = depthMultiplier
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
        DepthwiseConv2D(kernelSize: 0),
        .required("kernelSize", \.kernelSize), .optional("strides", \.strides), .optional("padding", \.padding),
        .optional("dilation", \.dilation), .optional("depthMultiplier", \.depthMultiplier),
        .optional("activation", \.activation), .optional("useBias", \.useBias),
        .optional("kernelInitializer", \.kernelInitializer), .optional("biasInitializer", \.biasInitializer),
        .optional("kernelRegularizer", \.kernelRegularizer), .optional("biasRegularizer", \.biasRegularizer),
        .optional("activityRegularizer", \.activityRegularizer), .optional("kernelConstraint", \.kernelConstraint),
        .optional("biasConstraint", \.biasConstraint))

    func check(_ check: inout Check, _ x: Tensor) {
        convolution.check(&check)
        check.expectPositive("depthMultiplier", depthMultiplier)
        check.expectImages()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let channels = x.shape[3] * depthMultiplier
        let kernel = context.parameter(
            "kernel", shape: [kernelSize.height, kernelSize.width, 1, channels], initializer: kernelInitializer,
            regularizer: kernelRegularizer, constraint: kernelConstraint)
        let y = convolution.applied(to: x, kernel, groups: x.shape[3])
        return finished(y, outputs: channels, context)
    }

    private var convolution: Convolution {
        Convolution(window: kernelSize, strides: strides, padding: padding, dilation: dilation)
    }
}
