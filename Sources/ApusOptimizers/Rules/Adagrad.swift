public import ApusConfiguration
public import ApusTensor

/// Steps that shrink with the squares of all gradients so far: a ← a + g², w ← w − η g / √(a + ε). Duchi et al. (2011); as in Keras.
///
/// ```swift
/// let sparse = Optimizer(Adagrad(learningRate: 0.01))   // for features that are rarely there
/// ```
public struct Adagrad: OptimizerRule {
    /// The learning rate η, which the schedule multiplies.
    public var learningRate: Double
    /// The start value of the sum of squares.
    public var initialAccumulator: Double
    /// A small number that keeps divisors from 0.
    public var epsilon: Double

    /// The algorithm with Keras's defaults.
    ///
    /// - Parameters:
    ///   - learningRate: η, at least 0.
    ///   - initialAccumulator: The start value of the sum of squares.
    ///   - epsilon: ε, above 0.
    public init(
        learningRate: Double = 0.001, initialAccumulator: Double = 0.1, epsilon: Double = 1e-7
    ) {
        self.learningRate = learningRate
        self.initialAccumulator = initialAccumulator
        self.epsilon = epsilon
    }

    public static let schema = Schema(
        Adagrad(), .optional("learningRate", \.learningRate), .optional("initialAccumulator", \.initialAccumulator),
        .optional("epsilon", \.epsilon))

    public var slots: [OptimizerSlot] {
        [OptimizerSlot("accumulator", initial: initialAccumulator)]
    }

    public func update(
        _ variable: Tensor, gradient: Tensor, slots: [Tensor], scales: [Tensor]
    ) -> (variable: Tensor, slots: [Tensor]) {
        let accumulator = slots[0] + square(gradient)
        return (variable - gradient * scales[0] / sqrt(accumulator + epsilon), [accumulator])
    }

    public func check(_ check: inout OptimizerCheck) {
        check.expectNotNegative("initialAccumulator", initialAccumulator)
        check.expectPositive("epsilon", epsilon)
    }
}
