import ApusTensor

/// A layer that multiplies with kernels: what comes after the product is the same for all of them.
protocol KernelLayer: CheckedLayer {
    var activation: Activation { get }
    var useBias: Bool { get }
    var biasInitializer: Initializer { get }
    var biasRegularizer: Regularizer? { get }
    var activityRegularizer: Regularizer? { get }
    var biasConstraint: Constraint? { get }
}

extension KernelLayer {
    /// The product with the bias added and the activation applied, whose penalty joins the loss.
    func finished(_ product: Tensor, outputs: Int, _ context: Context) -> Tensor {
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
