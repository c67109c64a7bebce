public import ApusConfiguration
public import ApusTensor

/// Adam by the greatest gradient: u ← max(β₂ u, |g|), w ← w − η / (1 − β₁ᵗ) · m / (u + ε). Kingma & Ba (2015); as in Keras.
public struct Adamax: OptimizerRule {
    /// η
    public var learningRate: Double
    /// β₁, the share that the mean of gradients keeps.
    public var beta1: Double
    /// β₂, the share that the greatest gradient so far keeps.
    public var beta2: Double
    /// A small number that keeps divisors from 0.
    public var epsilon: Double

    public init(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }

    public static let schema = Schema(
        Adamax(), .optional("learningRate", \.learningRate), .optional("beta1", \.beta1), .optional("beta2", \.beta2),
        .optional("epsilon", \.epsilon))

    public var slots: [OptimizerSlot] {
        [OptimizerSlot("mean"), OptimizerSlot("maximum")]
    }

    public func scales(rate: Double, step: Int) -> SIMD4<Double> {
        SIMD4(rate / (1 - Moments.power(beta1, step)), 0, 0, 0)
    }

    public func update(
        _ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]
    ) -> (variable: Tensor, slots: [Tensor]) {
        let share = 1 - beta1
        let mean = slots[0] * beta1 + gradient * share
        let greatest = maximum(slots[1] * beta2, abs(gradient))
        return (variable - mean * scales[0] / (greatest + epsilon), [mean, greatest])
    }

    public func check(_ check: inout OptimizerCheck) {
        Moments.check(&check, beta1, beta2)
        check.expectPositive("epsilon", epsilon)
    }
}
