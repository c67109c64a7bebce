public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// A convolution of each channel by itself, with `depthMultiplier` kernels each; output channel c·m + j is kernel j of channel c.
///
/// Shapes: x [N, L, C], W [kernel size, 1, C·depthMultiplier], b and the outputs' channels C·depthMultiplier. Chollet (2017).
public typealias DepthwiseConv1D = DepthwiseConv<OneAxis>

/// A convolution of each channel by itself, with `depthMultiplier` kernels each; output channel c·m + j is kernel j of channel c.
///
/// Shapes: x [N, H, W, C], W [kernel height, kernel width, 1, C·depthMultiplier], b and the outputs' channels
/// C·depthMultiplier. Chollet (2017).
public typealias DepthwiseConv2D = DepthwiseConv<TwoAxes>

/// A depthwise convolution over sequences (`DepthwiseConv1D`) or images (`DepthwiseConv2D`).
public struct DepthwiseConv<Axes: SpatialAxes>: ConvolutionLayer, KernelLayer, CheckedLayer {
    /// The number of kernels of each channel.
    public var depthMultiplier: Int
    /// How the window moves.
    public var window: ConvolutionWindow<Axes>
    /// Bias, activation and what holds for the weights.
    public var options: KernelOptions

    /// Creates the layer; arguments set the properties of their names.
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
