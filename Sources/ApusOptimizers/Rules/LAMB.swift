public import ApusConfiguration
public import ApusTensor

/// Adam whose step has the length of the variable: s = m̂ / (√v̂ + ε), w ← w − η ‖w‖ / ‖s‖ · s; the factor is 1 where a norm is 0.
/// You et al. (2020); as in Keras.
///
/// ```swift
/// let large = Optimizer.lamb(learningRate: 0.01)   // for batches of thousands of samples
/// ```
public struct LAMB: MomentsRule {
    /// The learning rate η, which the schedule multiplies.
    public var learningRate: Double
    /// The means of gradients, and how much of them is kept.
    public var moments: Moments

    /// The algorithm with Keras's defaults.
    ///
    /// - Parameters:
    ///   - learningRate: η, at least 0.
    ///   - beta1: β₁, in 0..<1: the fraction of the mean of gradients that stays in a step.
    ///   - beta2: β₂, in 0..<1: the fraction of the mean of squares that stays in a step.
    ///   - epsilon: ε, above 0.
    public init(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7
    ) {
        self.learningRate = learningRate
        moments = Moments(beta1: beta1, beta2: beta2, epsilon: epsilon)
    }

    public static let schema = Schema(LAMB(), momentFields)

    public static var scaleCount: Int { 3 }

    public func scales<Number: StepNumber>(rate: Number, step: Number) -> StepScales<Number> {
        StepScales(rate, 1 / moments.meanCorrection(step), 1 / moments.varianceCorrection(step))
    }

    public func update(
        _ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]
    ) -> (variable: Tensor, slots: [Tensor]) {
        let (mean, variance) = moments.updated(slots, gradient)
        let step = mean * scales[1] / (sqrt(variance) * scales[2] + epsilon)
        let (length, stepLength) = (sqrt(square(variable).sum()), sqrt(square(step).sum()))
        let (zero, one) = (Tensor.zeros([]), Tensor.ones([]))
        let ratio = select((length .> zero) .& (stepLength .> zero), length / stepLength, one)
        return (variable - step * (ratio * scales[0]), [mean, variance])
    }
}
