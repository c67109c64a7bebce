public import ApusConfiguration
public import ApusTensor

/// A depthwise convolution, then one of size 1 that mixes the channels.
///
/// Shapes: x [N, L, C], depthwise kernel [kernel size, 1, C·depthMultiplier], pointwise kernel [1, C·depthMultiplier, filters],
/// b [filters], y [N, L′, filters]. Chollet (2017).
public struct SeparableConv1D: KernelLayer, Configurable {
    /// The number of output channels.
    public var filters: Int
    /// The window: how many positions one output looks at.
    public var kernelSize: Int
    /// The steps between windows.
    public var strides: Int
    /// How the input is extended before the window moves over it.
    public var padding: Padding
    /// The distance between the positions of a window.
    public var dilation: Int
    /// The number of kernels of each channel.
    public var depthMultiplier: Int
    /// The function applied to the result.
    public var activation: Activation
    /// Whether there is an offset for each output channel.
    public var useBias: Bool
    /// The start values of the depthwise kernel.
    public var depthwiseInitializer: Initializer
    /// The start values of the pointwise kernel.
    public var pointwiseInitializer: Initializer
    /// The start values of the bias.
    public var biasInitializer: Initializer
    /// A penalty on the depthwise kernel.
    public var depthwiseRegularizer: Regularizer?
    /// A penalty on the pointwise kernel.
    public var pointwiseRegularizer: Regularizer?
    /// A penalty on the bias.
    public var biasRegularizer: Regularizer?
    /// A penalty on the outputs, divided by the size of the batch.
    public var activityRegularizer: Regularizer?
    /// A set that the depthwise kernel is kept in.
    public var depthwiseConstraint: Constraint?
    /// A set that the pointwise kernel is kept in.
    public var pointwiseConstraint: Constraint?
    /// A set that the bias is kept in.
    public var biasConstraint: Constraint?

    public init(
        filters: Int, kernelSize: Int, strides: Int = 1, padding: Padding = .valid, dilation: Int = 1,
        depthMultiplier: Int = 1, activation: Activation = .linear, useBias: Bool = true,
        depthwiseInitializer: Initializer = .glorotUniform, pointwiseInitializer: Initializer = .glorotUniform,
        biasInitializer: Initializer = .zeros, depthwiseRegularizer: Regularizer? = nil,
        pointwiseRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, depthwiseConstraint: Constraint? = nil,
        pointwiseConstraint: Constraint? = nil, biasConstraint: Constraint? = nil
    ) {
        self.filters = filters
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.dilation = dilation
        self.depthMultiplier = depthMultiplier
        self.activation = activation
        self.useBias = useBias
        self.depthwiseInitializer = depthwiseInitializer
        self.pointwiseInitializer = pointwiseInitializer
        self.biasInitializer = biasInitializer
        self.depthwiseRegularizer = depthwiseRegularizer
        self.pointwiseRegularizer = pointwiseRegularizer
        self.biasRegularizer = biasRegularizer
        self.activityRegularizer = activityRegularizer
        self.depthwiseConstraint = depthwiseConstraint
        self.pointwiseConstraint = pointwiseConstraint
        self.biasConstraint = biasConstraint
    }

    public static let schema = Schema(
        SeparableConv1D(filters: 0, kernelSize: 0),
        .required("filters", \.filters), .required("kernelSize", \.kernelSize), .optional("strides", \.strides),
        .optional("padding", \.padding), .optional("dilation", \.dilation),
        .optional("depthMultiplier", \.depthMultiplier),
        .optional("activation", \.activation), .optional("useBias", \.useBias),
        .optional("depthwiseInitializer", \.depthwiseInitializer),
        .optional("pointwiseInitializer", \.pointwiseInitializer), .optional("biasInitializer", \.biasInitializer),
        .optional("depthwiseRegularizer", \.depthwiseRegularizer),
        .optional("pointwiseRegularizer", \.pointwiseRegularizer), .optional("biasRegularizer", \.biasRegularizer),
        .optional("activityRegularizer", \.activityRegularizer),
        .optional("depthwiseConstraint", \.depthwiseConstraint),
        .optional("pointwiseConstraint", \.pointwiseConstraint), .optional("biasConstraint", \.biasConstraint))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("filters", filters)
        convolution.check(&check, isSequence: true)
        check.expectPositive("depthMultiplier", depthMultiplier)
        check.expectSequences()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let channels = x.shape[2] * depthMultiplier
        let depthwiseKernel = context.parameter(
            "depthwiseKernel", shape: [kernelSize, 1, channels], initializer: depthwiseInitializer,
            regularizer: depthwiseRegularizer, constraint: depthwiseConstraint)
        let pointwiseKernel = context.parameter(
            "pointwiseKernel", shape: [1, channels, filters], initializer: pointwiseInitializer,
            regularizer: pointwiseRegularizer, constraint: pointwiseConstraint)
        let mixing = Convolution(window: 1, strides: 1, padding: .valid, dilation: 1)
        let deep = convolution.applied(to: x.heightened, depthwiseKernel.heightenedKernel, groups: x.shape[2])
        let y = mixing.applied(to: deep, pointwiseKernel.heightenedKernel, groups: 1).lowered
        return finished(y, outputs: filters, context)
    }

    private var convolution: Convolution {
        Convolution.sequence(window: kernelSize, strides: strides, padding: padding, dilation: dilation)
    }
}
