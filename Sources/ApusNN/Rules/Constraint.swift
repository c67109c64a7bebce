public import ApusConfiguration
public import ApusTensor

/// A set that weights are kept in: after every step they are moved to a point of it.
///
/// Norms are those of each output unit's weights, over all axes but the last; a vector, such as a bias, is one unit. So is Keras's
/// axis 0, which it takes of kernels of dense layers and of vectors.
///
/// ```swift
/// let layer = Dense(64, kernelConstraint: .maxNorm(3))
/// let weights = Tensor([[3.0], [4.0]])                         // one unit, whose weights have the norm 5
/// print(Constraint.unitNorm(weights).scalars)                  // [0.6, 0.8]
/// ```
public enum Constraint: ConfigurableCases {
    /// The norm of each output unit's weights is at most the limit.
    case maxNorm(Double = 2)
    /// The norm of each output unit's weights is 1.
    case unitNorm
    /// No weight is negative.
    case nonNegative
    /// The norm of each output unit's weights moves into the range, by `rate` of the way.
    case minMaxNorm(minimum: Double = 0, maximum: Double = 1, rate: Double = 1)

    /// A function of the program; see `custom`.
    case function(NamedFunction<@Sendable (Tensor) -> Tensor>)

    /// A set by the function that moves weights to it: `.custom("rounded") { w in round(w * 8) / 8 }`.
    ///
    /// Functions of one name are taken for equal. They can't be written to files.
    public static func custom(
        _ name: String, _ function: @escaping @Sendable (_ weights: Tensor) -> Tensor
    ) -> Constraint {
        .function(NamedFunction(name, function))
    }

    public static let what = "constraint"

    public static let cases: [Case<Constraint>] = [
        Case(.maxNorm()) { .maxNorm(try $0.next()) }, Case(.unitNorm), Case(.nonNegative),
        Case(.minMaxNorm()) { .minMaxNorm(minimum: try $0.next(), maximum: try $0.next(), rate: try $0.next()) },
    ]

    /// Keras divides by norm + ε with this ε.
    private static let epsilon = 1e-7

    /// The point of the set that weights are moved to, of their shape.
    public func callAsFunction(_ weights: Tensor) -> Tensor {
        // All axes but the last lead to one output unit; a vector is one by itself.
        let axes = Array(0..<Swift.max(Swift.min(1, weights.rank), weights.rank - 1))
        func norms() -> Tensor { sqrt(square(weights).sum(axes: axes, keepingAxes: true)) }
        switch self {
        case .maxNorm(let limit):
            let norms = norms()
            return weights * (norms.clamped(min: 0, max: limit) / (norms + Constraint.epsilon))
        case .unitNorm: return weights / (norms() + Constraint.epsilon)
        case .nonNegative: return relu(weights)
        case .minMaxNorm(let minimum, let maximum, let rate):
            let norms = norms()
            let rest = 1 - rate
            let wanted = norms.clamped(min: minimum, max: maximum) * rate + norms * rest
            return weights * (wanted / (norms + Constraint.epsilon))
        case .function(let named):
            let moved = named.function(weights)
            guard moved.problems.isEmpty, moved.shape != weights.shape else { return moved }
            return .invalid(
                "the constraint \(named.name.quoted) must give weights of the shape \(weights.shape) but gives \(moved.shape)"
            )
        }
    }
}
