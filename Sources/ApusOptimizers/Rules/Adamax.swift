public import ApusConfiguration
public import ApusTensor

/// Adam by the largest gradient: u ← max(β₂ u, |g|), w ← w − η / (1 − β₁ᵗ) · m / (u + ε). Kingma & Ba (2015); as in Keras.
///
/// ```swift
/// let optimizer = Optimizer.adamax(learningRate: 0.002)
/// ```
public struct Adamax: MomentsRule {
    /// The learning rate η, which the schedule multiplies.
    public var learningRate: Double
    /// The means of gradients, and how much of them is kept.
    public var moments: Moments

    /// The algorithm with Keras's defaults.
    ///
    /// - Parameters:
    ///   - learningRate: η, at least 0.
    ///   - beta1: β₁, in 0..<1: the fraction of the mean of gradients that stays in a step.
    ///   - beta2: β₂, in 0..<1: the fraction of the largest gradient that stays in a step.
    ///   - epsilon: ε, above 0.
    public init(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7
    ) {
        self.learningRate = learningRate
        moments = Moments(beta1: beta1, beta2: beta2, epsilon: epsilon)
    }

    public static let schema = Schema(Adamax(), momentFields)

    public var slots: [OptimizerSlot] {
        [OptimizerSlot("mean"), OptimizerSlot("maximum")]
    }

    public func scales<Number: StepNumber>(rate: Number, step: Number) -> StepScales<Number> {
        StepScales(rate / moments.meanCorrection(step))
    }

    public func update(
        _ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]
    ) -> (variable: Tensor, slots: [Tensor]) {
        let share = 1 - beta1
        let mean = slots[0] * beta1 + gradient * share
        let largest = maximum(slots[1] * beta2, abs(gradient))
        return (variable - mean * scales[0] / (largest + epsilon), [mean, largest])
    }
}
