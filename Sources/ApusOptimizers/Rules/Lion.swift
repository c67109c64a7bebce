public import ApusConfiguration
public import ApusTensor

/// The sign of a mean of gradients: w ← w − η sign(β₁ m + (1 − β₁) g), m ← β₂ m + (1 − β₂) g. Chen et al. (2023); as in Keras.
///
/// ```swift
/// // A tenth of Adam's rate, ten times its decay
/// let optimizer = Optimizer.lion(learningRate: 1e-4).weightDecay(0.1)
/// ```
public struct Lion: OptimizerRule {
    /// The learning rate η, which the schedule multiplies.
    public var learningRate: Double
    /// β₁, the fraction of the mean of gradients in the direction of a step.
    public var beta1: Double
    /// β₂, the fraction of the mean of gradients that is kept.
    public var beta2: Double

    /// The algorithm with Keras's defaults; a tenth of Adam's learning rate is usual.
    ///
    /// - Parameters:
    ///   - learningRate: η, at least 0.
    ///   - beta1: β₁, in 0..<1: the fraction of the mean of gradients in the direction of a step.
    ///   - beta2: β₂, in 0..<1: the fraction of the mean of gradients that is kept.
    public init(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.99
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
    }

    public static let schema = Schema(
        Lion(), .optional("learningRate", \.learningRate), .optional("beta1", \.beta1), .optional("beta2", \.beta2))

    public var slots: [OptimizerSlot] {
        [OptimizerSlot("mean")]
    }

    public func update(
        _ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]
    ) -> (variable: Tensor, slots: [Tensor]) {
        let (share1, share2) = (1 - beta1, 1 - beta2)
        let direction = sign(slots[0] * beta1 + gradient * share1)
        return (variable - direction * scales[0], [slots[0] * beta2 + gradient * share2])
    }

    public func check(_ check: inout OptimizerCheck) {
        check.expectShare("beta1", beta1)
        check.expectShare("beta2", beta2)
    }
}
