public import ApusConfiguration
public import ApusTensor

/// A convolution over sequences: y[n, i, o] = act(Σ x[n, i·s + d·u − p, c] · W[u, c, o] + b[o]).
///
/// Shapes: x [N, L, C], W [kernel size, C / groups, filters], b [filters], y [N, L′, filters] with
/// L′ = ⌊(L + p − d·(k − 1) − 1) / s⌋ + 1.
///
/// ```swift
/// let net = Sequential {
///     Conv1D(filters: 32, kernelSize: 9, strides: 2, activation: .relu)   // [1000, 1] → [496, 32]
///     GlobalMaxPool()
///     Dense(2)
/// }
/// ```
public typealias Conv1D = Conv<OneAxis>

/// A convolution over images: y[n, i, j, o] = act(Σ x[n, i·s + d·u − p, j·s + d·v − p, c] · W[u, v, c, o] + b[o]).
///
/// Shapes: x [N, H, W, C], W [kernel height, kernel width, C / groups, filters], b [filters], y [N, H′, W′, filters] with
/// H′ = ⌊(H + p − d·(k − 1) − 1) / s⌋ + 1.
///
/// ```swift
/// let layer = Conv2D(
///     filters: 6, kernelSize: 5, padding: .same, activation: .relu, kernelInitializer: .heNormal)
/// print(try layer.summary(input: [28, 28, 1]).parameterCount)  // 156: 5·5·1·6 + 6
/// ```
public typealias Conv2D = Conv<TwoAxes>

/// A convolution over sequences (`Conv1D`) or images (`Conv2D`).
///
/// ```swift
/// let overSequences: Conv<OneAxis> = Conv1D(filters: 8, kernelSize: 3)
/// let overImages: Conv<TwoAxes> = Conv2D(filters: 8, kernelSize: [3, 5], dilation: 2)
/// print(overImages.kernelSize.width)   // 5
/// ```
public struct Conv<Axes: SpatialAxes>: ConvolutionLayer, KernelLayer, CheckedLayer {
    /// The number of output channels.
    public var filters: Int
    /// The number of parts that channels are divided into.
    public var groups: Int
    /// How the window moves.
    public var window: ConvolutionWindow<Axes>
    /// Bias, activation and what holds for the weights.
    public var options: KernelOptions

    /// A convolution of `filters` kernels: [N, H, W, C] → [N, H′, W′, filters], of sequences [N, L, C] → [N, L′, filters].
    ///
    /// The kernel has the shape [kernel height, kernel width, C / groups, filters], of sequences [kernel size, C / groups,
    /// filters].
    ///
    /// - Parameters:
    ///   - filters: The number of output channels, at least 1.
    ///   - kernelSize: The extent of the window along each axis, at least 1.
    ///   - strides: The distance between neighbouring windows along each axis, at least 1.
    ///   - padding: How the input is extended before the window moves over it; not at all unless given.
    ///   - dilation: The distance between neighbouring elements within a window, at least 1.
    ///   - groups: The number of parts that the channels are divided into; it divides the channels of input and output.
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
        filters: Int, kernelSize: Axes.Size, strides: Axes.Size = 1, padding: Padding = .valid, dilation: Axes.Size = 1,
        groups: Int = 1, activation: Activation = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil
    ) {
        self.filters = filters
        self.groups = groups
        window = ConvolutionWindow(
            kernelSize: kernelSize, strides: strides, padding: padding, dilation: dilation)
        options = KernelOptions(
            activation: activation, useBias: useBias, kernelInitializer: kernelInitializer,
            biasInitializer: biasInitializer, kernelRegularizer: kernelRegularizer, biasRegularizer: biasRegularizer,
            activityRegularizer: activityRegularizer, kernelConstraint: kernelConstraint, biasConstraint: biasConstraint
        )
    }

    public static var kind: String { "conv\(Axes.suffix)" }

    public static var schema: Schema<Self> {
        Schema(
            Self(filters: 0, kernelSize: 0),
            [.required("filters", \.filters)] + windowFields + [.optional("groups", \.groups)] + kernelFields)
    }

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("filters", filters)
        window.check(&check)
        check.expectInput(Axes.self)
        check.expectGroups(groups, filters: filters, of: x)
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let kernel = options.kernel(window.kernelShape(x.shape[-1] / groups, filters), in: context)
        let y = window.applied(to: x, kernel, groups: groups)
        return options.finished(y, outputs: filters, in: context)
    }
}
