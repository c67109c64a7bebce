public import ApusConfiguration
public import ApusTensor

/// Steps in the proportion of past steps to past gradients: a ← ρ a + (1 − ρ) g², s = −√(d + ε) / √(a + ε) · g,
/// d ← ρ d + (1 − ρ) s², w ← w + η s. Zeiler (2012); as in Keras.
///
/// ```swift
/// let optimizer = Optimizer.adadelta(learningRate: 1)   // the step of the paper
/// ```
public struct Adadelta: OptimizerRule {
    /// The learning rate η, which the schedule multiplies.
    public var learningRate: Double
    /// ρ, the fraction of the means that is kept.
    public var rho: Double
    /// A small number that keeps divisors from 0.
    public var epsilon: Double

    /// The algorithm with Keras's defaults; the paper's learning rate is 1.
    ///
    /// - Parameters:
    ///   - learningRate: η, at least 0.
    ///   - rho: ρ, in 0..<1: the fraction of the means that stays in a step.
    ///   - epsilon: ε, above 0.
    public init(
        learningRate: Double = 0.001, rho: Double = 0.95, epsilon: Double = 1e-7
    ) {
        self.learningRate = learningRate
        self.rho = rho
        self.epsilon = epsilon
    }

    public static let schema = Schema(
        Adadelta(), .optional("learningRate", \.learningRate), .optional("rho", \.rho), .optional("epsilon", \.epsilon))

    public var slots: [OptimizerSlot] {
        [OptimizerSlot("gradients"), OptimizerSlot("steps")]
    }

    public func update(
        _ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]
    ) -> (variable: Tensor, slots: [Tensor]) {
        let share = 1 - rho
        let gradients = slots[0] * rho + square(gradient) * share
        let step = gradient * (sqrt(slots[1] + epsilon) / sqrt(gradients + epsilon))
        let steps = slots[1] * rho + square(step) * share
        return (variable - step * scales[0], [gradients, steps])
    }

    public func check(_ check: inout OptimizerCheck) {
        check.expectShare("rho", rho)
        check.expectPositive("epsilon", epsilon)
    }
}
