public import ApusConfiguration
public import ApusTensor

/// Adam with Nesterov's momentum: w ← w − η (u′ m / (1 − P′) + (1 − u) g / (1 − P)) / (√(v / (1 − β₂ᵗ)) + ε), where
/// u = β₁ (1 − 0.96ᵗ / 2), u′ the same for t + 1, P the product of all u, P′ = P u′. Dozat (2016); as in Keras.
public struct Nadam: OptimizerRule {
    /// η
    public var learningRate: Double
    /// β₁, the share that the mean of gradients keeps.
    public var beta1: Double
    /// β₂, the share that the mean of squares keeps.
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
        Nadam(), .optional("learningRate", \.learningRate), .optional("beta1", \.beta1), .optional("beta2", \.beta2),
        .optional("epsilon", \.epsilon))

    public var slots: [OptimizerSlot] {
        Moments.slots
    }

    public static var scaleCount: Int { 3 }

    public func scales(rate: Double, step: Int) -> SIMD4<Double> {
        func momentum(_ step: Int) -> Double { beta1 * (1 - 0.5 * Moments.power(0.96, step)) }
        // 0.96ᵗ is nothing after a thousand steps: all further factors are β₁.
        let product =
            (1...Swift.min(step, 1000)).reduce(1) { $0 * momentum($1) }
            * Moments.power(beta1, Swift.max(0, step - 1000))
        let next = momentum(step + 1)
        return SIMD4(
            rate * next / (1 - product * next), rate * (1 - momentum(step)) / (1 - product),
            1 / (1 - Moments.power(beta2, step)).squareRoot(), 0)
    }

    public func update(
        _ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]
    ) -> (variable: Tensor, slots: [Tensor]) {
        let (mean, variance) = Moments.updated(slots, gradient, beta1, beta2)
        let step = mean * scales[0] + gradient * scales[1]
        return (variable - step / (sqrt(variance) * scales[2] + epsilon), [mean, variance])
    }

    public func check(_ check: inout OptimizerCheck) {
        Moments.check(&check, beta1, beta2)
        check.expectPositive("epsilon", epsilon)
    }
}
