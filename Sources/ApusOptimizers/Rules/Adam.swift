public import ApusConfiguration
public import ApusTensor

/// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², w ← w − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε). Kingma & Ba (2015).
///
/// As in Keras, where ε stands beside √v without correction. With `amsgrad` the largest v so far takes the place of v
/// (Reddi et al. 2018).
///
/// ```swift
/// let net = Sequential { Dense(32, activation: .relu); Dense(10) }
/// let trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 3e-4))
/// ```
public struct Adam: MomentsRule {
    /// The learning rate η, which the schedule multiplies.
    public var learningRate: Double
    /// The means of gradients, and how much of them is kept.
    public var moments: Moments
    /// Whether the largest mean of squares so far counts.
    public var amsgrad: Bool

    /// The algorithm with Keras's defaults.
    ///
    /// - Parameters:
    ///   - learningRate: η, at least 0.
    ///   - beta1: β₁, in 0..<1: the fraction of the mean of gradients that stays in a step.
    ///   - beta2: β₂, in 0..<1: the fraction of the mean of squares that stays in a step.
    ///   - epsilon: ε, above 0.
    ///   - amsgrad: Whether the largest v so far takes the place of v. Reddi et al. (2018).
    public init(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7,
        amsgrad: Bool = false
    ) {
        self.learningRate = learningRate
        moments = Moments(beta1: beta1, beta2: beta2, epsilon: epsilon)
        self.amsgrad = amsgrad
    }

    public static let schema = Schema(Adam(), momentFields + [.optional("amsgrad", \.amsgrad)])

    public var slots: [OptimizerSlot] {
        Moments.slots(amsgrad: amsgrad)
    }

    public func scales<Number: StepNumber>(rate: Number, step: Number) -> StepScales<Number> {
        StepScales(rate * (moments.varianceCorrection(step) / moments.meanCorrection(step)))
    }

    public func update(
        _ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]
    ) -> (variable: Tensor, slots: [Tensor]) {
        moments.adam(variable, gradient, slots, scales[0])
    }
}
