public import ApusConfiguration
public import ApusTensor

/// Adam with decoupled decay: w ← w − η λ w beside Adam's step. Loshchilov & Hutter (2019); λ as in Keras.
public struct AdamW: OptimizerRule {
    /// η
    public var learningRate: Double
    /// β₁, the share that the mean of gradients keeps.
    public var beta1: Double
    /// β₂, the share that the mean of squares keeps.
    public var beta2: Double
    /// A small number that keeps divisors from 0.
    public var epsilon: Double
    /// λ of the decoupled decay.
    public var weightDecay: Double
    /// Whether the greatest mean of squares so far counts.
    public var amsgrad: Bool

    public init(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7,
        weightDecay: Double = 0.004, amsgrad: Bool = false
    ) {
        self.learningRate = learningRate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.amsgrad = amsgrad
    }

    public static let schema = Schema(
        AdamW(), .optional("learningRate", \.learningRate), .optional("beta1", \.beta1), .optional("beta2", \.beta2),
        .optional("epsilon", \.epsilon), .optional("weightDecay", \.weightDecay),
        .optional("amsgrad", \.amsgrad))

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
