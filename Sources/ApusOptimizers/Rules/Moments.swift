import ApusConfiguration
import ApusTensor

/// What Adam and its relatives have in common: exponentially weighted means of gradients and of their squares.
///
/// ```swift
/// let adam = Adam(beta1: 0.5, beta2: 0.99)
/// let moments: Moments = adam.moments
/// print(moments.beta1, moments.epsilon)   // 0.5 1e-07
/// ```
public struct Moments: Sendable, Hashable {
    /// β₁, the fraction of the mean of gradients that is kept.
    public var beta1: Double
    /// β₂, the fraction of the mean of squares that is kept.
    public var beta2: Double
    /// A small number that keeps divisors from 0.
    public var epsilon: Double

    static let slots = [OptimizerSlot("mean"), OptimizerSlot("variance")]

    /// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²
    func updated(_ slots: [Tensor], _ gradient: Tensor) -> (mean: Tensor, variance: Tensor) {
        // In Double: as an expression of tensors, 1 − 0.999 would lose four digits.
        let (share1, share2) = (1 - beta1, 1 - beta2)
        return (slots[0] * beta1 + gradient * share1, slots[1] * beta2 + square(gradient) * share2)
    }

    /// Adam's step: −scale · m / (√v + ε), v the largest so far where a third slot holds it.
    func adam(
        _ variable: Tensor, _ gradient: Tensor, _ slots: [Tensor], _ scale: Tensor
    ) -> (variable: Tensor, slots: [Tensor]) {
        let (mean, variance) = updated(slots, gradient)
        let largest = slots.count > 2 ? [maximum(slots[2], variance)] : []
        return (variable - mean * scale / (sqrt(largest.first ?? variance) + epsilon), [mean, variance] + largest)
    }

    static func slots(amsgrad: Bool) -> [OptimizerSlot] { slots + (amsgrad ? [OptimizerSlot("maximum")] : []) }

    // MARK: Corrections of a step

    /// 1 − β₁ᵗ
    func meanCorrection<Number: StepNumber>(_ step: Number) -> Number { 1 - Number.power(beta1, step) }

    /// √(1 − β₂ᵗ)
    func varianceCorrection<Number: StepNumber>(_ step: Number) -> Number {
        (1 - Number.power(beta2, step)).squareRoot()
    }
}

/// A rule that keeps means of gradients.
///
/// ```swift
/// func slowed<Rule: MomentsRule>(_ rule: Rule) -> Rule {
///     var rule = rule
///     rule.beta1 = 0.5   // as for generative adversarial networks
///     return rule
/// }
/// let optimizer = Optimizer(slowed(Nadam()))
/// ```
public protocol MomentsRule: OptimizerRule {
    /// The means, and how much of them is kept.
    var moments: Moments { get set }
}

extension MomentsRule {
    /// β₁, the fraction of the mean of gradients that is kept.
    public var beta1: Double {
        get { moments.beta1 }
        set { moments.beta1 = newValue }
    }

    /// β₂, the fraction of the mean of squares that is kept.
    public var beta2: Double {
        get { moments.beta2 }
        set { moments.beta2 = newValue }
    }

    /// A small number that keeps divisors from 0.
    public var epsilon: Double {
        get { moments.epsilon }
        set { moments.epsilon = newValue }
    }

    public var slots: [OptimizerSlot] { Moments.slots }

    public func check(_ check: inout OptimizerCheck) {
        check.expectShare("beta1", beta1)
        check.expectShare("beta2", beta2)
        check.expectPositive("epsilon", epsilon)
    }

    /// Learning rate and means in files.
    static var momentFields: [Schema<Self>.Field] {
        [
            .optional("learningRate", \.learningRate), .optional("beta1", \.beta1), .optional("beta2", \.beta2),
            .optional("epsilon", \.epsilon),
        ]
    }
}
