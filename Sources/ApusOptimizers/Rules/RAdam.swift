public import ApusConfiguration
public import ApusTensor

/// Adam whose steps are rectified while the variance is uncertain: with ρ = ρ∞ − 2 t β₂ᵗ / (1 − β₂ᵗ), ρ∞ = 2 / (1 − β₂) − 1, the
/// step is η r m̂ √(1 − β₂ᵗ) / (√v + ε) where ρ > 5, r = √((ρ − 4)(ρ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρ)), else η m̂.
/// Liu et al. (2020); as in PyTorch.
///
/// ```swift
/// // The rectification takes the place of a warm-up
/// let withoutWarmup = Optimizer.rAdam(learningRate: 1e-3)
/// ```
public struct RAdam: MomentsRule {
    /// The learning rate η, which the schedule multiplies.
    public var learningRate: Double
    /// The means of gradients, and how much of them is kept.
    public var moments: Moments

    /// The algorithm with PyTorch's defaults.
    ///
    /// - Parameters:
    ///   - learningRate: η, at least 0.
    ///   - beta1: β₁, in 0..<1: the fraction of the mean of gradients that stays in a step.
    ///   - beta2: β₂, in 0..<1: the fraction of the mean of squares that stays in a step.
    ///   - epsilon: ε, above 0.
    public init(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8
    ) {
        self.learningRate = learningRate
        moments = Moments(beta1: beta1, beta2: beta2, epsilon: epsilon)
    }

    public static let schema = Schema(RAdam(), momentFields)

    public static var scaleCount: Int { 2 }

    public func scales<Number: StepNumber>(rate: Number, step: Number) -> StepScales<Number> {
        let corrected = rate / moments.meanCorrection(step)
        let bound = 2 / (1 - beta2) - 1
        let (power, limit) = (Number.power(beta2, step), Number(bound))
        let length = limit - 2 * step * power / (1 - power)
        let share = (length - 4) * (length - 2) * limit / (Number((bound - 4) * (bound - 2)) * length)
        let rectified = corrected * (share * (1 - power)).squareRoot()
        return StepScales(
            length.ifGreater(than: 5, rectified, else: 0), length.ifGreater(than: 5, 0, else: corrected))
    }

    public func update(
        _ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]
    ) -> (variable: Tensor, slots: [Tensor]) {
        let (mean, variance) = moments.updated(slots, gradient)
        return (variable - mean * (scales[0] / (sqrt(variance) + epsilon) + scales[1]), [mean, variance])
    }
}
