public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// A convolution of each channel by itself, with `depthMultiplier` kernels each; output channel c·m + j is kernel j of channel c.
///
/// Shapes: x [N, L, C], W [kernel size, 1, C·depthMultiplier], b and the outputs' channels C·depthMultiplier. Chollet (2017).
///
/// ```swift
/// // [100, 3] → [100, 3]: each channel by itself
/// let smoothing = DepthwiseConv1D(kernelSize: 5, padding: .same)
/// ```
public typealias DepthwiseConv1D = DepthwiseConv<OneAxis>

/// A convolution of each channel by itself, with `depthMultiplier` kernels each; output channel c·m + j is kernel j of channel c.
///
/// Shapes: x [N, H, W, C], W [kernel height, kernel width, 1, C·depthMultiplier], b and the outputs' channels
/// C·depthMultiplier. Chollet (2017).
///
/// ```swift
/// // [32, 32, 8] → [32, 32, 16]
/// let layer = DepthwiseConv2D(kernelSize: 3, padding: .same, depthMultiplier: 2)
/// ```
public typealias DepthwiseConv2D = DepthwiseConv<TwoAxes>

/// A depthwise convolution over sequences (`DepthwiseConv1D`) or images (`DepthwiseConv2D`).
///
/// ```swift
/// let layer: DepthwiseConv<TwoAxes> = DepthwiseConv2D(kernelSize: 3, useBias: false)
/// print(try layer.summary(input: [8, 8, 4]).parameterCount)   // 36: 3·3·4
/// ```
public struct DepthwiseConv<Axes: SpatialAxes>: ConvolutionLayer, KernelLayer, CheckedLayer {
    /// The number of kernels of each channel.
    public var depthMultiplier: Int
    /// How the window moves.
    public var window: ConvolutionWindow<Axes>
    /// Bias, activation and what holds for the weights.
    public var options: KernelOptions

    /// A convolution of each channel by itself: [N, H, W, C] → [N, H′, W′, C·depthMultiplier].
    ///
    /// The kernel has the shape [kernel height, kernel width, 1, C·depthMultiplier].
    ///
    /// - Parameters:
    ///   - kernelSize: The extent of the window along each axis, at least 1.
    ///   - strides: The distance between neighbouring windows along each axis, at least 1.
    ///   - padding: How the input is extended before the window moves over it; not at all unless given.
    ///   - dilation: The distance between neighbouring elements within a window, at least 1.
    ///   - depthMultiplier: The number of kernels of each channel, at least 1.
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
        kernelSize: Axes.Size, strides: Axes.Size = 1, padding: Padding = .valid, dilation: Axes.Size = 1,
        depthMultiplier: Int = 1, activation: Activation = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil
    ) {
        self.depthMultiplier = depthMultiplier
        window = ConvolutionWindow(
            kernelSize: kernelSize, strides: strides, padding: padding, dilation: dilation)
        options = KernelOptions(
            activation: activation, useBias: useBias, kernelInitializer: kernelInitializer,
            biasInitializer: biasInitializer, kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
            activityRegularizer: activityRegularizer, kernelConstraint: kernelConstraint, biasConstraint: biasConstraint
        )
    }

    public static var kind: String { "depthwiseConv\(Axes.suffix)" }

    public static var schema: Schema<Self> {
        Schema(
            Self(kernelSize: 0), windowFields + [.optional("depthMultiplier", \.depthMultiplier)] + kernelFields)
    }

    func check(_ check: inout Check, _ x: Tensor) {
        window.check(&check)
        check.expectPositive("depthMultiplier", depthMultiplier)
        check.expectInput(Axes.self)
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let channels = x.shape[-1] *| depthMultiplier
        let kernel = options.kernel(window.kernelShape(1, channels), in: context)
        let y = window.applied(to: x, kernel, groups: x.shape[-1])
        return options.finished(y, outputs: channels, in: context)
    }
}
