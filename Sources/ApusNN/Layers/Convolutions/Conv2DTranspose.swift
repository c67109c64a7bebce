public import ApusConfiguration
public import ApusTensor

/// A transposed convolution: the gradient of a convolution as a layer, which enlarges images by its strides.
///
/// Shapes: x [N, H, W, C], W [kernel height, kernel width, filters, C] as in Keras, b [filters], y [N, H′, W′, filters]. For each axis of size n the output has
/// n·s + max(d·(k − 1) + 1 − s, 0) elements with `valid`, n·s with `same` (as Keras) and
/// (n − 1)·s − p + d·(k − 1) + 1 + outputPadding with explicit padding (as PyTorch). Dumoulin & Visin (2016).
public struct Conv2DTranspose: KernelLayer, Configurable {
    /// The number of output channels.
    public var filters: Int
    /// The window: how many positions one output looks at.
    public var kernelSize: Size2D
    /// The steps between windows.
    public var strides: Size2D
    /// The padding of the convolution whose gradient this is: it makes the output smaller.
    public var padding: Padding
    /// Positions added at the end of the output, where explicit padding leaves its size open.
    public var outputPadding: Size2D
    /// The distance between the positions of a window.
    public var dilation: Size2D
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
        filters: Int, kernelSize: Size2D, strides: Size2D = 1, padding: Padding = .valid, outputPadding: Size2D = 0,
        dilation: Size2D = 1, activation: Activation = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil,
        kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil
    ) {
        self.filters = filters
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.outputPadding = outputPadding
        self.dilation = dilation
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
        Conv2DTranspose(filters: 0, kernelSize: 0),
        .required("filters", \.filters), .required("kernelSize", \.kernelSize), .optional("strides", \.strides),
        .optional("padding", \.padding), .optional("outputPadding", \.outputPadding), .optional("dilation", \.dilation),
        .optional("activation", \.activation), .optional("useBias", \.useBias),
        .optional("kernelInitializer", \.kernelInitializer), .optional("biasInitializer", \.biasInitializer),
        .optional("kernelRegularizer", \.kernelRegularizer), .optional("biasRegularizer", \.biasRegularizer),
        .optional("activityRegularizer", \.activityRegularizer), .optional("kernelConstraint", \.kernelConstraint),
        .optional("biasConstraint", \.biasConstraint))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("filters", filters)
        convolution.check(&check)
        check.expectNotNegative("outputPadding", [outputPadding.height, outputPadding.width])
        check.expect(
            outputPadding == 0 || !padding.edges.isEmpty,
            "outputPadding needs explicit padding, for instance .explicit(1); received \(padding)")
        check.expect(
            outputPadding == 0 || outputPadding.height < strides.height && outputPadding.width < strides.width,
            "outputPadding must be smaller than the strides \(strides), received \(outputPadding)")
        check.expectImages()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let kernel = context.parameter(
            "kernel", shape: [kernelSize.height, kernelSize.width, filters, x.shape[3]],
            initializer: kernelInitializer,
            regularizer: kernelRegularizer, constraint: kernelConstraint)
        let y = convolution.transposed(x, kernel, outputPadding: outputPadding)
        return finished(y, outputs: filters, context)
    }

    private var convolution: Convolution {
        Convolution(window: kernelSize, strides: strides, padding: padding, dilation: dilation)
    }
}
