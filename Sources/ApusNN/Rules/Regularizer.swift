public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// A penalty on weights or outputs that is added to the loss.
///
/// ```swift
/// let layer = Dense(64, kernelRegularizer: .l2(1e-4))
/// print(Regularizer.l1(0.1)(Tensor([1.0, -2])).item())   // 0.3: 0.1 · (1 + 2)
/// ```
public enum Regularizer: ConfigurableCases {
    /// λ Σ |w|
    case l1(Double = 0.01)
    /// λ Σ w²
    case l2(Double = 0.01)
    /// λ₁ Σ |w| + λ₂ Σ w²
    case l1l2(l1: Double = 0.01, l2: Double = 0.01)
    /// λ times the mean of |cos| between different rows, or columns, of a matrix: 0 if they are orthogonal. As in Keras.
    case orthogonal(factor: Double = 0.01, mode: OrthogonalMode = .rows)

    /// A function of the program; see `custom`.
    case function(NamedFunction<@Sendable (Tensor) -> Tensor>)

    /// A penalty by a function of the weights that gives a scalar: `.custom("cubic") { w in pow(abs(w), 3).sum() * 0.01 }`.
    ///
    /// Functions of one name are taken for equal. They can't be written to files.
    public static func custom(
        _ name: String, _ function: @escaping @Sendable (_ weights: Tensor) -> Tensor
    ) -> Regularizer {
        .function(NamedFunction(name, function))
    }

    /// What shall be orthogonal.
    public enum OrthogonalMode: String, Sendable, Hashable, Codable, CaseIterable {
        /// The rows of the matrix shall be orthogonal.
        case rows
        /// The columns of the matrix shall be orthogonal.
        case columns
    }

    public static let what = "regularizer"

    public static let cases: [Case<Regularizer>] = [
        Case(.l1()) { .l1(try $0.next()) }, Case(.l2()) { .l2(try $0.next()) },
        Case(.l1l2()) { .l1l2(l1: try $0.next(), l2: try $0.next()) },
        Case(.orthogonal()) { .orthogonal(factor: try $0.next(), mode: try $0.next()) },
    ]

    /// The penalty, a scalar; `orthogonal` takes matrices only.
    public func callAsFunction(_ weights: Tensor) -> Tensor {
        switch self {
        case .l1(let factor): return abs(weights).sum() * factor
        case .l2(let factor): return square(weights).sum() * factor
        case .l1l2(let l1, let l2): return abs(weights).sum() * l1 + square(weights).sum() * l2
        case .orthogonal(let factor, let mode):
            guard weights.rank == 2 else {
                return Tensor(
                    Node(
                        problem:
                            "only matrices can be orthogonal, received shape \(weights.shape); use it on dense kernels",
                        operation: "orthogonal"))
            }
            let rows = mode == .rows ? weights : weights.transposed()
            let count = rows.shape[0]
            let units = rows * rsqrt(maximum(square(rows).sum(axes: [1], keepingAxes: true), 1e-14))
            let cosines = abs(units.matmul(units.transposed())) * (1 - Tensor.identity(count))
            let pairs = Swift.max(1, Double(count) * Double(count - 1))
            return cosines.sum() * (factor / pairs)
        case .function(let named):
            let penalty = named.function(weights)
            guard penalty.problems.isEmpty, penalty.rank > 0 else { return penalty }
            return Tensor(
                Node(
                    problem:
                        "the regularizer \(named.name.quoted) must give a scalar but gives \(penalty.shape); take its sum() or mean()",
                    operation: "regularizer"))
        }
    }
}
