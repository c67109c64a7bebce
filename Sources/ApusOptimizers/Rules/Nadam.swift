public import ApusConfiguration
public import ApusTensor

/// Adam with Nesterov's momentum: w ← w − η (u′ m / (1 − P′) + (1 − u) g / (1 − P)) / (√(v / (1 − β₂ᵗ)) + ε), where
/// u = β₁ (1 − 0.96ᵗ / 2), u′ the same for t + 1, P the product of all u, P′ = P u′. Dozat (2016); as in Keras.
///
/// ```swift
/// let optimizer = Optimizer.nadam(learningRate: 0.002)
/// ```
public struct Nadam: MomentsRule {
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

    public static let schema = Schema(Nadam(), momentFields)

    public static var scaleCount: Int { 3 }

    public func scales<Number: StepNumber>(rate: Number, step: Number) -> StepScales<Number> {
        func momentum<Step: StepNumber>(_ step: Step) -> Step { Step(beta1) * (1 - 0.5 * Step.power(0.96, step)) }
        // 0.96ᵗ is nothing after a thousand steps: all further factors are β₁.
        let product =
            step.product(limit: 1000) { momentum($0) }
            * Number.power(beta1, step.ifGreater(than: 1000, step - 1000, else: 0))
        let next = momentum(step + 1)
        return StepScales(
            rate * next / (1 - product * next), rate * (1 - momentum(step)) / (1 - product),
            1 / moments.varianceCorrection(step))
    }

    public func update(
        _ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]
    ) -> (variable: Tensor, slots: [Tensor]) {
        let (mean, variance) = moments.updated(slots, gradient)
        let step = mean * scales[0] + gradient * scales[1]
        return (variable - step / (sqrt(variance) * scales[2] + epsilon), [mean, variance])
    }
}
