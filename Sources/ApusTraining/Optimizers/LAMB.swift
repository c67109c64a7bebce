public import ApusConfiguration
public import ApusTensor

/// Adam whose step has the length of the variable: s = m̂ / (√v̂ + ε), w ← w − η ‖w‖ / ‖s‖ · s; the factor is 1 where a norm is 0.
/// You et al. (2020); as in Keras.
public struct LAMB: OptimizerRule {
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
        LAMB(), .optional("learningRate", \.learningRate), .optional("beta1", \.beta1), .optional("beta2", \.beta2),
        .optional("epsilon", \.epsilon))

    public var slots: [OptimizerSlot] {
        Moments.slots
    }

    public static var scaleCount: Int { 3 }

    public func scales(rate: Double, step: Int) -> SIMD4<Double> {
        SIMD4(
            rate, 1 / (1 - Moments.power(beta1, step)), 1 / (1 - Moments.power(beta2, step)).squareRoot(), 0)
    }

    public func update(
        _ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]
    ) -> (variable: Tensor, slots: [Tensor]) {
        let (mean, variance) = Moments.updated(slots, gradient, beta1, beta2)
        let step = mean * scales[1] / (sqrt(variance) * scales[2] + epsilon)
        let (length, stepLength) = (sqrt(square(variable).sum()), sqrt(square(step).sum()))
        let (zero, one) = (Tensor.zeros([]), Tensor.ones([]))
        let ratio = select((length .> zero) .& (stepLength .> zero), length / stepLength, one)
        return (variable - step * (ratio * scales[0]), [mean, variance])
    }

    public func check(_ check: inout OptimizerCheck) {
        Moments.check(&check, beta1, beta2)
        check.expectPositive("epsilon", epsilon)
    }
}
