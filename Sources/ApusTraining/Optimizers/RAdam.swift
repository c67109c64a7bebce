public import ApusConfiguration
public import ApusTensor

/// Adam whose steps are rectified while the variance is uncertain: with ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ), ρ∞ = 2 / (1 − β₂) − 1, the
/// step is η r m̂ √(1 − β₂ᵗ) / (√v + ε) where ρ > 5, r = √((ρ − 4)(ρ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρ)), else η m̂.
/// Liu et al. (2020); as in PyTorch.
public struct RAdam: OptimizerRule {
    /// η
    public var learningRate: Double
    /// β₁, the share that the mean of gradients keeps.
    public var beta1: Double
    /// β₂, the share that the mean of squares keeps.
    public var beta2: Double
    /// A small number that keeps divisors from 0.
    public var epsilon: Double

    public init(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
    }

    public static let schema = Schema(
        RAdam(), .optional("learningRate", \.learningRate), .optional("beta1", \.beta1), .optional("beta2", \.beta2),
        .optional("epsilon", \.epsilon))

    public var slots: [OptimizerSlot] {
        Moments.slots
    }

    public static var scaleCount: Int { 2 }

    public func scales(rate: Double, step: Int) -> SIMD4<Double> {
        let corrected = rate / (1 - Moments.power(beta1, step))
        let (power, limit) = (Moments.power(beta2, step), 2 / (1 - beta2) - 1)
        let length = limit - 2 * Double(step) * power / (1 - power)
        guard length > 5 else { return SIMD4(0, corrected, 0, 0) }
        let share = (length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)
        return SIMD4(corrected * (share * (1 - power)).squareRoot(), 0, 0, 0)
    }

    public func update(
        _ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]
    ) -> (variable: Tensor, slots: [Tensor]) {
        let (mean, variance) = Moments.updated(slots, gradient, beta1, beta2)
        return (variable - mean * (scales[0] / (sqrt(variance) + epsilon) + scales[1]), [mean, variance])
    }

    public func check(_ check: inout OptimizerCheck) {
        Moments.check(&check, beta1, beta2)
        check.expectPositive("epsilon", epsilon)
    }
}
