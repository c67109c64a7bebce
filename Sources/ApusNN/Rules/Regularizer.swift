public import ApusTensor

/// A penalty on weights that is added to the loss.
public enum Regularizer: Sendable, Hashable, Codable {
    /// λ Σ |w|
    case l1(Double)
    /// λ Σ w²
    case l2(Double)
    /// λ₁ Σ |w| + λ₂ Σ w²
    case l1l2(l1: Double, l2: Double)

    public func callAsFunction(_ weights: Tensor) -> Tensor {
        switch self {
        case .l1(let factor): abs(weights).sum() * factor
        case .l2(let factor): square(weights).sum() * factor
        case .l1l2(let l1, let l2): abs(weights).sum() * l1 + square(weights).sum() * l2
        }
    }
}

/// A set that weights are kept in: after every step they are moved to its nearest point.
public enum Constraint: Sendable, Hashable, Codable {
    /// The norm of each output unit's weights is at most the given value.
    case maxNorm(Double)
    /// The norm of each output unit's weights is 1.
    case unitNorm
    /// No weight is negative.
    case nonNegative

    /// Keras divides by norm + ε with this ε.
    private static let epsilon = 1e-7

    public func callAsFunction(_ weights: Tensor) -> Tensor {
        // All axes but the last lead to one output unit.
        let axes = Array(0..<Swift.max(0, weights.rank - 1))
        func norms() -> Tensor { sqrt(square(weights).sum(axes: axes, keepingAxes: true)) }
        switch self {
        case .maxNorm(let limit):
            let norms = norms()
            return weights * (norms.clamped(0, limit) / (norms + Constraint.epsilon))
        case .unitNorm: return weights / (norms() + Constraint.epsilon)
        case .nonNegative: return relu(weights)
        }
    }
}
