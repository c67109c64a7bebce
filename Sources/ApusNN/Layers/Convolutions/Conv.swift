public import ApusConfiguration
public import ApusTensor

/// A convolution over sequences: y[n, i, o] = act(Σ x[n, i·s + d·u − p, c] · W[u, c, o] + b[o]).
///
/// Shapes: x [N, L, C], W [kernel size, C / groups, filters], b [filters], y [N, L′, filters] with
/// L′ = ⌊(L + p − d·(k − 1) − 1) / s⌋ + 1.
public typealias Conv1D = Conv<OneAxis>

/// A convolution over images: y[n, i, j, o] = act(Σ x[n, i·s + d·u − p, j·s + d·v − p, c] · W[u, v, c, o] + b[o]).
///
/// Shapes: x [N, H, W, C], W [kernel height, kernel width, C / groups, filters], b [filters], y [N, H′, W′, filters] with
/// H′ = ⌊(H + p − d·(k − 1) − 1) / s⌋ + 1.
public typealias Conv2D = Conv<TwoAxes>

/// A convolution over sequences (`Conv1D`) or images (`Conv2D`).
public struct Conv<Axes: SpatialAxes>: ConvolutionLayer, KernelLayer, CheckedLayer {
    /// The number of output channels.
    public var filters: Int
    /// The number of parts that channels are divided into.
    public var groups: Int
    /// How the window moves.
    public var window: ConvolutionWindow<Axes>
    /// Bias, activation and what holds for the weights.
    public var options: KernelOptions

    /// Creates the layer; arguments set the properties of their names.
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
