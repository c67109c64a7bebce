public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// A depthwise convolution, then one of size 1 that mixes the channels.
///
/// Shapes: x [N, L, C], depthwise kernel [kernel size, 1, C·depthMultiplier], pointwise kernel [1, C·depthMultiplier, filters],
/// b [filters], y [N, L′, filters]. Chollet (2017).
///
/// ```swift
/// let layer = SeparableConv1D(filters: 16, kernelSize: 7, padding: .same)   // [200, 4] → [200, 16]
/// ```
public typealias SeparableConv1D = SeparableConv<OneAxis>

/// A depthwise convolution, then one of size 1 that mixes the channels.
///
/// Shapes: x [N, H, W, C], depthwise kernel [kernel height, kernel width, 1, C·depthMultiplier],
/// pointwise kernel [1, 1, C·depthMultiplier, filters], b [filters], y [N, H′, W′, filters]. Chollet (2017).
///
/// ```swift
/// let block = Sequential {
///     // [32, 32, 32] → [32, 32, 64]
///     SeparableConv2D(filters: 64, kernelSize: 3, padding: .same, useBias: false)
///     BatchNorm()
///     ActivationLayer(.relu)
/// }
/// ```
public typealias SeparableConv2D = SeparableConv<TwoAxes>

/// A separable convolution over sequences (`SeparableConv1D`) or images (`SeparableConv2D`).
///
/// ```swift
/// let layer: SeparableConv<TwoAxes> = SeparableConv2D(filters: 64, kernelSize: 3, padding: .same)
/// print(try layer.summary(input: [32, 32, 32]).parameterCount)   // 2400: 3·3·32 + 32·64 + 64
/// ```
public struct SeparableConv<Axes: SpatialAxes>: ConvolutionLayer, CheckedLayer {
    /// The number of output channels.
    public var filters: Int
    /// The number of kernels of each channel.
    public var depthMultiplier: Int
    /// How the window moves.
    public var window: ConvolutionWindow<Axes>
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

    /// A convolution of each channel by itself, then one of size 1 that mixes the channels: [N, H, W, C] → [N, H′, W′, filters].
    ///
    /// - Parameters:
    ///   - filters: The number of output channels, at least 1.
    ///   - kernelSize: The extent of the window along each axis, at least 1.
    ///   - strides: The distance between neighbouring windows along each axis, at least 1.
    ///   - padding: How the input is extended before the window moves over it; not at all unless given.
    ///   - dilation: The distance between neighbouring elements within a window, at least 1.
    ///   - depthMultiplier: The number of kernels of each channel, at least 1.
    ///   - activation: The function applied to the result; none unless given.
    ///   - useBias: Whether an offset b is added.
    ///   - depthwiseInitializer: The start values of the depthwise kernel.
    ///   - pointwiseInitializer: The start values of the pointwise kernel.
    ///   - biasInitializer: The start values of the offset b.
    ///   - depthwiseRegularizer: A penalty on the depthwise kernel that is added to the loss.
    ///   - pointwiseRegularizer: A penalty on the pointwise kernel that is added to the loss.
    ///   - biasRegularizer: A penalty on the offset that is added to the loss.
    ///   - activityRegularizer: A penalty on the outputs that is added to the loss, divided by the size of the batch.
    ///   - depthwiseConstraint: A set that the depthwise kernel is kept in after every step.
    ///   - pointwiseConstraint: A set that the pointwise kernel is kept in after every step.
    ///   - biasConstraint: A set that the offset is kept in after every step.
    public init(
        filters: Int, kernelSize: Axes.Size, strides: Axes.Size = 1, padding: Padding = .valid, dilation: Axes.Size = 1,
        depthMultiplier: Int = 1, activation: Activation = .linear, useBias: Bool = true,
        depthwiseInitializer: Initializer = .glorotUniform, pointwiseInitializer: Initializer = .glorotUniform,
        biasInitializer: Initializer = .zeros, depthwiseRegularizer: Regularizer? = nil,
        pointwiseRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, depthwiseConstraint: Constraint? = nil,
        pointwiseConstraint: Constraint? = nil, biasConstraint: Constraint? = nil
    ) {
        self.filters = filters
        window = ConvolutionWindow(
            kernelSize: kernelSize, strides: strides, padding: padding, dilation: dilation)
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

    public static var kind: String { "separableConv\(Axes.suffix)" }

    public static var schema: Schema<Self> {
        Schema(
            Self(filters: 0, kernelSize: 0),
            [.required("filters", \.filters)] + windowFields + [
                .optional("depthMultiplier", \.depthMultiplier), .optional("activation", \.activation),
                .optional("useBias", \.useBias), .optional("depthwiseInitializer", \.depthwiseInitializer),
                .optional("pointwiseInitializer", \.pointwiseInitializer),
                .optional("biasInitializer", \.biasInitializer),
                .optional("depthwiseRegularizer", \.depthwiseRegularizer),
                .optional("pointwiseRegularizer", \.pointwiseRegularizer),
                .optional("biasRegularizer", \.biasRegularizer),
                .optional("activityRegularizer", \.activityRegularizer),
                .optional("depthwiseConstraint", \.depthwiseConstraint),
                .optional("pointwiseConstraint", \.pointwiseConstraint),
                .optional("biasConstraint", \.biasConstraint),
            ])
    }

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("filters", filters)
        window.check(&check)
        check.expectPositive("depthMultiplier", depthMultiplier)
        check.expectInput(Axes.self)
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let channels = x.shape[-1] *| depthMultiplier
        let mixing = ConvolutionWindow<Axes>(kernelSize: 1, strides: 1, padding: .valid, dilation: 1)
        let depthwiseKernel = context.parameter(
            "depthwiseKernel", shape: window.kernelShape(1, channels), initializer: depthwiseInitializer,
            regularizer: depthwiseRegularizer, constraint: depthwiseConstraint)
        let pointwiseKernel = context.parameter(
            "pointwiseKernel", shape: mixing.kernelShape(channels, filters), initializer: pointwiseInitializer,
            regularizer: pointwiseRegularizer, constraint: pointwiseConstraint)
        let deep = window.applied(to: x, depthwiseKernel, groups: x.shape[-1])
        return pointwise.finished(mixing.applied(to: deep, pointwiseKernel, groups: 1), outputs: filters, in: context)
    }

    /// What comes after the products.
    private var pointwise: KernelOptions {
        KernelOptions(
            activation: activation, useBias: useBias, kernelInitializer: pointwiseInitializer,
            biasInitializer: biasInitializer, kernelRegularizer: pointwiseRegularizer, biasRegularizer: biasRegularizer,
            activityRegularizer: activityRegularizer, kernelConstraint: pointwiseConstraint,
            biasConstraint: biasConstraint)
    }
}
