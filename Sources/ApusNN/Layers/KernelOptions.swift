public import ApusConfiguration
import ApusGraph
import ApusTensor

/// What layers that multiply with a kernel have in common: the bias, the activation, and how kernel and bias begin, are penalized
/// and are constrained.
///
/// ```swift
/// let layer = Dense(64, activation: .relu, useBias: false, kernelConstraint: .maxNorm(3))
/// let options: KernelOptions = layer.options
/// print(options.useBias, options.activation)   // false relu
/// ```
public struct KernelOptions: Sendable, Hashable {
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

    /// The kernel of a shape.
    func kernel(_ shape: Shape, in context: Context) -> Tensor {
        context.parameter(
            "kernel", shape: shape, initializer: kernelInitializer, regularizer: kernelRegularizer,
            constraint: kernelConstraint)
    }

    /// The product with the kernel, with the bias added and the activation applied, whose penalty joins the loss.
    func finished(_ product: Tensor, outputs: Int, in context: Context) -> Tensor {
        var y = product
        if useBias {
            let bias = context.parameter(
                "bias", shape: [outputs], initializer: biasInitializer, regularizer: biasRegularizer,
                constraint: biasConstraint)
            y = y + bias.cast(to: y.elementType)
        }
        return context.regularized(activation(y), activityRegularizer)
    }
}

/// A layer that multiplies with one kernel.
///
/// ```swift
/// func regularized(_ layer: some KernelLayer, _ factor: Double) -> some KernelLayer {
///     var layer = layer
///     layer.kernelRegularizer = .l2(factor)
///     return layer
/// }
/// let net = Sequential { regularized(Dense(32), 1e-4); Dense(2) }
/// ```
public protocol KernelLayer: Layer, Configurable {
    /// Bias, activation and what holds for the weights.
    var options: KernelOptions { get set }
}

extension KernelLayer {
    /// The function applied to the result.
    public var activation: Activation {
        get { options.activation }
        set { options.activation = newValue }
    }

    /// Whether there is an offset for each output channel.
    public var useBias: Bool {
        get { options.useBias }
        set { options.useBias = newValue }
    }

    /// The start values of the kernel.
    public var kernelInitializer: Initializer {
        get { options.kernelInitializer }
        set { options.kernelInitializer = newValue }
    }

    /// The start values of the bias.
    public var biasInitializer: Initializer {
        get { options.biasInitializer }
        set { options.biasInitializer = newValue }
    }

    /// A penalty on the kernel.
    public var kernelRegularizer: Regularizer? {
        get { options.kernelRegularizer }
        set { options.kernelRegularizer = newValue }
    }

    /// A penalty on the bias.
    public var biasRegularizer: Regularizer? {
        get { options.biasRegularizer }
        set { options.biasRegularizer = newValue }
    }

    /// A penalty on the outputs, divided by the size of the batch.
    public var activityRegularizer: Regularizer? {
        get { options.activityRegularizer }
        set { options.activityRegularizer = newValue }
    }

    /// A set that the kernel is kept in.
    public var kernelConstraint: Constraint? {
        get { options.kernelConstraint }
        set { options.kernelConstraint = newValue }
    }

    /// A set that the bias is kept in.
    public var biasConstraint: Constraint? {
        get { options.biasConstraint }
        set { options.biasConstraint = newValue }
    }

    /// The options in files.
    static var kernelFields: [Schema<Self>.Field] {
        [
            .optional("activation", \.activation), .optional("useBias", \.useBias),
            .optional("kernelInitializer", \.kernelInitializer), .optional("biasInitializer", \.biasInitializer),
            .optional("kernelRegularizer", \.kernelRegularizer), .optional("biasRegularizer", \.biasRegularizer),
            .optional("activityRegularizer", \.activityRegularizer), .optional("kernelConstraint", \.kernelConstraint),
            .optional("biasConstraint", \.biasConstraint),
        ]
    }
}
