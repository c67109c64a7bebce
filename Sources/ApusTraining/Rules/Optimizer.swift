package import ApusTensor

/// How a gradient changes a variable: a pure rule with named slots.
public enum Optimizer: Sendable, Hashable, Codable {
    /// Gradient descent, with momentum m ← μ m − η g, w ← w + m; Nesterov's form w ← w + μ m − η g. As in Keras.
    case sgd(learningRate: Double = 0.01, momentum: Double = 0, nesterov: Bool = false)
    /// Adam (Kingma & Ba 2015): m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
    /// w ← w − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε). As in Keras, where ε stands beside √v without correction.
    case adam(learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7)

    public var learningRate: Double {
        switch self {
        case .sgd(let rate, _, _), .adam(let rate, _, _, _): rate
        }
    }

    /// The same rule with another learning rate.
    public func with(learningRate: Double) -> Optimizer {
        switch self {
        case .sgd(_, let momentum, let nesterov): .sgd(learningRate: learningRate, momentum: momentum, nesterov: nesterov)
        case .adam(_, let beta1, let beta2, let epsilon):
            .adam(learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon)
        }
    }

    /// The names of the values that the rule keeps for each variable, all zero at first.
    public var slots: [String] {
        switch self {
        case .sgd(_, let momentum, _): momentum == 0 ? [] : ["momentum"]
        case .adam: ["mean", "variance"]
        }
    }

    /// Whatever the rule derives from the step alone, computed once for all variables.
    ///
    /// - Parameters:
    ///   - rate: The learning rate η, a scalar.
    ///   - step: The number t of this step, from 1, a float64 scalar.
    package func scale(rate: Tensor, step: Tensor) -> Tensor {
        switch self {
        case .sgd: return rate
        case .adam(_, let beta1, let beta2, _):
            // In float64: 1 − 0.999ᵗ loses half its digits in float32.
            let correction = sqrt(1 - pow(Tensor(beta2, type: .float64), step)) / (1 - pow(Tensor(beta1, type: .float64), step))
            return (rate.cast(to: .float64) * correction).cast(to: .float32)
        }
    }

    /// The variable and its slots after a step.
    ///
    /// - Parameter scale: What `scale(rate:step:)` yields.
    package func update(_ variable: Tensor, gradient: Tensor, slots: [Tensor], scale: Tensor) -> (variable: Tensor, slots: [Tensor]) {
        switch self {
        case .sgd(_, let momentum, let nesterov):
            guard momentum != 0 else { return (variable - gradient * scale, []) }
            let velocity = slots[0] * momentum - gradient * scale
            guard nesterov else { return (variable + velocity, [velocity]) }
            return (variable + (velocity * momentum - gradient * scale), [velocity])
        case .adam(_, let beta1, let beta2, let epsilon):
            // In Double: as an expression of tensors, 1 − 0.999 would lose four digits.
            let (share1, share2) = (1 - beta1, 1 - beta2)
            let mean = slots[0] * beta1 + gradient * share1
            let variance = slots[1] * beta2 + square(gradient) * share2
            return (variable - mean * scale / (sqrt(variance) + epsilon), [mean, variance])
        }
    }

    /// What is wrong with the constants.
    ///
    /// - Throws: `TrainingError` that names the constant, its value and its range.
    package func validate() throws(TrainingError) {
        func check(_ isRight: Bool, _ name: String, _ value: Double, _ range: String) throws(TrainingError) {
            if !isRight { throw TrainingError("the optimizer's \(name) is \(value) but must be \(range)") }
        }
        try check(learningRate.isFinite && learningRate >= 0, "learningRate", learningRate, "a number ≥ 0")
        switch self {
        case .sgd(_, let momentum, _): try check((0..<1).contains(momentum), "momentum", momentum, "in 0..<1")
        case .adam(_, let beta1, let beta2, let epsilon):
            try check((0..<1).contains(beta1), "beta1", beta1, "in 0..<1")
            try check((0..<1).contains(beta2), "beta2", beta2, "in 0..<1")
            try check(epsilon > 0 && epsilon.isFinite, "epsilon", epsilon, "a number > 0")
        }
    }
}

/// A training that can't be set up as asked.
public struct TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
    /// What sort of failure it is; a command derives its exit code from it.
    public var kind: Kind

    public enum Kind: Sendable, Hashable {
        /// A setting is impossible.
        case setting
        /// What was asked for does not exist.
        case missing
        /// A file or weights do not say what they should.
        case malformed
    }

    package init(_ description: String, kind: Kind = .setting) {
        self.description = description
        self.kind = kind
    }
}
