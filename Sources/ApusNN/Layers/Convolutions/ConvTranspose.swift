public import ApusConfiguration
public import ApusTensor

/// A transposed convolution: the gradient of a convolution as a layer, which enlarges sequences by its strides.
///
/// Shapes: x [N, L, C], W [kernel size, filters, C] as in Keras, b [filters], y [N, L′, filters]. For each axis of size n the
/// output has n·s + max(d·(k − 1) + 1 − s, 0) elements with `valid`, n·s with `same` (as Keras) and
/// (n − 1)·s − p + d·(k − 1) + 1 + outputPadding with explicit padding (as PyTorch). Dumoulin & Visin (2016).
///
/// ```swift
/// let decoder = Sequential {
///     // [25, 8] → [50, 16]
///     Conv1DTranspose(filters: 16, kernelSize: 4, strides: 2, padding: .same, activation: .relu)
///     // [50, 16] → [100, 1]
///     Conv1DTranspose(filters: 1, kernelSize: 4, strides: 2, padding: .same)
/// }
/// ```
public typealias Conv1DTranspose = ConvTranspose<OneAxis>

/// A transposed convolution: the gradient of a convolution as a layer, which enlarges images by its strides.
///
/// Shapes: x [N, H, W, C], W [kernel height, kernel width, filters, C] as in Keras, b [filters], y [N, H′, W′, filters]. For each
/// axis of size n the output has n·s + max(d·(k − 1) + 1 − s, 0) elements with `valid`, n·s with `same` (as Keras) and
/// (n − 1)·s − p + d·(k − 1) + 1 + outputPadding with explicit padding (as PyTorch). Dumoulin & Visin (2016).
///
/// ```swift
/// let generator = Sequential {
///     Dense(7 * 7 * 32, activation: .relu)
///     Reshape([7, 7, 32])
///     // [14, 14, 16]
///     Conv2DTranspose(filters: 16, kernelSize: 4, strides: 2, padding: .same, activation: .relu)
///     // [28, 28, 1]
///     Conv2DTranspose(filters: 1, kernelSize: 4, strides: 2, padding: .same)
/// }
/// ```
public typealias Conv2DTranspose = ConvTranspose<TwoAxes>

/// A transposed convolution over sequences (`Conv1DTranspose`) or images (`Conv2DTranspose`).
///
/// The padding is that of the convolution whose gradient this is: it makes the output smaller.
///
/// ```swift
/// // [8, 8, 4] → [16, 16, 8]
/// let layer: ConvTranspose<TwoAxes> = Conv2DTranspose(
///     filters: 8, kernelSize: 3, strides: 2, padding: .explicit(1), outputPadding: 1)
/// ```
public struct ConvTranspose<Axes: SpatialAxes>: ConvolutionLayer, KernelLayer, CheckedLayer {
    /// The number of output channels.
    public var filters: Int
    /// Positions added at the end of the output, where explicit padding leaves its size open.
    public var outputPadding: Axes.Size
    /// How the window moves.
    public var window: ConvolutionWindow<Axes>
    /// Bias, activation and what holds for the weights.
    public var options: KernelOptions

    /// A transposed convolution, which enlarges its input by the strides: [N, H, W, C] → [N, H′, W′, filters].
    ///
    /// The kernel has the shape [kernel height, kernel width, filters, C], as in Keras; of sequences [kernel size, filters, C].
    ///
    /// - Parameters:
    ///   - filters: The number of output channels, at least 1.
    ///   - kernelSize: The extent of the window along each axis, at least 1.
    ///   - strides: How many times as large the output is along each axis, at least 1.
    ///   - padding: That of the convolution whose gradient this is: it makes the output smaller.
    ///   - outputPadding: Positions that are added at the end of the output, where explicit padding leaves its size open.
    ///   - dilation: The distance between neighbouring elements within a window, at least 1.
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
        filters: Int, kernelSize: Axes.Size, strides: Axes.Size = 1, padding: Padding = .valid,
        outputPadding: Axes.Size = 0, dilation: Axes.Size = 1, activation: Activation = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil
    ) {
        self.filters = filters
        self.outputPadding = outputPadding
        window = ConvolutionWindow(
            kernelSize: kernelSize, strides: strides, padding: padding, dilation: dilation)
        options = KernelOptions(
            activation: activation, useBias: useBias, kernelInitializer: kernelInitializer,
            biasInitializer: biasInitializer, kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
            activityRegularizer: activityRegularizer, kernelConstraint: kernelConstraint, biasConstraint: biasConstraint
        )
    }

    public static var kind: String { "conv\(Axes.suffix)Transpose" }

    public static var schema: Schema<Self> {
        Schema(
            Self(filters: 0, kernelSize: 0),
            [
                .required("filters", \.filters), .required("kernelSize", \.kernelSize), .optional("strides", \.strides),
                .optional("padding", \.padding), .optional("outputPadding", \.outputPadding),
                .optional("dilation", \.dilation),
            ] + kernelFields)
    }

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("filters", filters)
        window.check(&check)
        let (extra, steps) = (Axes.size2D(outputPadding), Axes.size2D(strides))
        check.expectNotNegative("outputPadding", Axes.areOne ? [extra.width] : [extra.height, extra.width])
        check.expect(
            padding != .causal, "a transposed convolution has no causal padding; try .same, or crop its output")
        check.expect(
            outputPadding == 0 || !padding.edges.isEmpty,
            "outputPadding needs explicit padding, for instance .explicit(1); received \(padding)")
        check.expect(
            outputPadding == 0 || (Axes.areOne || extra.height < steps.height) && extra.width < steps.width,
            "outputPadding must be smaller than the strides \(strides), received \(outputPadding)")
        check.expectInput(Axes.self)
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let kernel = options.kernel(window.kernelShape(filters, x.shape[-1]), in: context)
        let y = window.transposed(x, kernel, outputPadding: outputPadding)
        return options.finished(y, outputs: filters, in: context)
    }
}
