public import ApusConfiguration
public import ApusTensor

/// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², w ← w − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε). Kingma & Ba (2015).
///
/// As in Keras, where ε stands beside √v without correction. With `amsgrad` the greatest v so far takes the place of v
/// (Reddi et al. 2018).
public struct Adam: OptimizerRule {
    /// η
    public var learningRate: Double
    /// β₁, the share that the mean of gradients keeps.
    public var beta1: Double
    /// β₂, the share that the mean of squares keeps.
    public var beta2: Double
    /// A small number that keeps divisors from 0.
    public var epsilon: Double
    /// Whether the greatest mean of squares so far counts.
    public var amsgrad: Bool

    public init(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7,
        amsgrad: Bool = false
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.amsgrad = amsgrad
    }

    public static let schema = Schema(
        Adam(), .optional("learningRate", \.learningRate), .optional("beta1", \.beta1), .optional("beta2", \.beta2),
        .optional("epsilon", \.epsilon), .optional("amsgrad", \.amsgrad))

    public var slots: [OptimizerSlot] {
        Moments.slots(amsgrad: amsgrad)
    }

    public func scales(rate: Double, step: Int) -> SIMD4<Double> {
        SIMD4(rate * Moments.correction(beta1, beta2, step), 0, 0, 0)
    }

    public func update(
        _ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]
    ) -> (variable: Tensor, slots: [Tensor]) {
        Moments.adam(variable, gradient, slots, scales[0], beta1, beta2, epsilon)
    }

    public func check(_ check: inout OptimizerCheck) {
        Moments.check(&check, beta1, beta2)
        check.expectPositive("epsilon", epsilon)
    }
}
