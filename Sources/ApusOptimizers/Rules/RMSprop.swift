public import ApusConfiguration
public import ApusTensor

/// Gradients divided by their recent size: v ← ρ v + (1 − ρ) g², w ← w − η g / √(v + ε); centered, v − a² takes the place of v with
/// a ← ρ a + (1 − ρ) g; with momentum the steps add up: m ← μ m + step. Hinton (2012); as in Keras.
///
/// ```swift
/// let optimizer = Optimizer.rmsprop(learningRate: 1e-3, momentum: 0.9, centered: true)
/// ```
public struct RMSprop: OptimizerRule {
    /// The learning rate η, which the schedule multiplies.
    public var learningRate: Double
    /// ρ, the fraction of the means that is kept.
    public var rho: Double
    /// μ, the fraction of the last step that is kept.
    public var momentum: Double
    /// Whether the variance takes the place of the mean of squares.
    public var centered: Bool
    /// A small number that keeps divisors from 0.
    public var epsilon: Double

    /// The algorithm with Keras's defaults.
    ///
    /// - Parameters:
    ///   - learningRate: η, at least 0.
    ///   - rho: ρ, in 0..<1: the fraction of the mean of squares that stays in a step.
    ///   - momentum: μ, in 0..<1; 0 for none.
    ///   - centered: Whether the mean of squares is centered.
    ///   - epsilon: ε, above 0.
    public init(
        learningRate: Double = 0.001, rho: Double = 0.9, momentum: Double = 0, centered: Bool = false,
        epsilon: Double = 1e-7
    ) {
        self.learningRate = learningRate
        self.rho = rho
        self.momentum = momentum
        self.centered = centered
        self.epsilon = epsilon
    }

    public static var kind: String { "rmsprop" }
    public static let schema = Schema(
        RMSprop(), .optional("learningRate", \.learningRate), .optional("rho", \.rho),
        .optional("momentum", \.momentum),
        .optional("centered", \.centered), .optional("epsilon", \.epsilon))

    public var slots: [OptimizerSlot] {
        ["velocity", centered ? "mean" : nil, momentum > 0 ? "momentum" : nil].compactMap {
            $0.map { OptimizerSlot($0) }
        }
    }

    public func update(
        _ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]
    ) -> (variable: Tensor, slots: [Tensor]) {
        let share = 1 - rho
        var results = [slots[0] * rho + square(gradient) * share]
        var variance = results[0]
        if centered {
            let mean = slots[1] * rho + gradient * share
            results.append(mean)
            variance = variance - square(mean)
        }
        var step = gradient * scales[0] / sqrt(variance + epsilon)
        if momentum > 0 {
            step = slots[results.count] * momentum + step
            results.append(step)
        }
        return (variable - step, results)
    }

    public func check(_ check: inout OptimizerCheck) {
        check.expectShare("rho", rho)
        check.expectShare("momentum", momentum)
        check.expectPositive("epsilon", epsilon)
    }
}
