public import ApusConfiguration
public import ApusTensor

/// Adam with decoupled decay: w ← w − η λ w beside Adam's step. Loshchilov & Hutter (2019); λ as in Keras.
///
/// ```swift
/// let optimizer = Optimizer.adamW(learningRate: 1e-3, weightDecay: 0.05).group("*/gamma", weightDecay: 0)
/// ```
public struct AdamW: MomentsRule {
    /// The learning rate η, which the schedule multiplies.
    public var learningRate: Double
    /// The means of gradients, and how much of them is kept.
    public var moments: Moments
    /// λ of the decoupled decay.
    public var weightDecay: Double
    /// Whether the largest mean of squares so far counts.
    public var amsgrad: Bool

    /// Adam with decoupled weight decay, with Keras's defaults.
    ///
    /// - Parameters:
    ///   - learningRate: η, at least 0.
    ///   - beta1: β₁, in 0..<1: the fraction of the mean of gradients that stays in a step.
    ///   - beta2: β₂, in 0..<1: the fraction of the mean of squares that stays in a step.
    ///   - epsilon: ε, above 0.
    ///   - weightDecay: λ of the decay w ← w − η λ w.
    ///   - amsgrad: Whether the largest v so far takes the place of v. Reddi et al. (2018).
    public init(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7,
        weightDecay: Double = 0.004, amsgrad: Bool = false
    ) {
        self.learningRate = learningRate
        moments = Moments(beta1: beta1, beta2: beta2, epsilon: epsilon)
        self.weightDecay = weightDecay
        self.amsgrad = amsgrad
    }

    public static let schema = Schema(
        AdamW(), momentFields + [.optional("weightDecay", \.weightDecay), .optional("amsgrad", \.amsgrad)])

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
