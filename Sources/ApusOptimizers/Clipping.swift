public import ApusConfiguration
public import ApusTensor

/// How gradients are clipped.
///
/// ```swift
/// let optimizer = Optimizer.adam().clippingGradients(.globalNorm(1))
/// print(Clipping.value(0.5)([Tensor([-2.0, 0.1, 3])])[0].scalars)   // [-0.5, 0.1, 0.5]
/// ```
public enum Clipping: ConfigurableCases {
    /// Each element is moved into −limit…limit (PyTorch's `clip_grad_value_`).
    case value(Double)
    /// The gradient of each variable is scaled down to this norm.
    case norm(Double)
    /// All gradients together are scaled down to this norm (PyTorch's `clip_grad_norm_`). Pascanu, Mikolov & Bengio (2013).
    case globalNorm(Double)

    public static let what = "clipping"

    public static let cases: [Case<Clipping>] = [
        Case(.value(1), isRequired: true) { .value(try $0.next()) },
        Case(.norm(1), isRequired: true) { .norm(try $0.next()) },
        Case(.globalNorm(1), isRequired: true) { .globalNorm(try $0.next()) },
    ]

    var limit: Double {
        switch self {
        case .value(let limit), .norm(let limit), .globalNorm(let limit): limit
        }
    }

    /// The gradients after clipping.
    public func callAsFunction(_ gradients: [Tensor]) -> [Tensor] {
        func scaled(_ gradient: Tensor, _ norm: Tensor) -> Tensor {
            let bound = Tensor.full([], limit)
            // A norm of 0 leaves the gradient as it is.
            return gradient * (bound / maximum(norm, bound))
        }
        func squareSum(_ gradient: Tensor) -> Tensor { square(gradient).sum() }
        switch self {
        case .value(let limit): return gradients.map { $0.clamped(min: -limit, max: limit) }
        case .norm: return gradients.map { scaled($0, sqrt(squareSum($0))) }
        case .globalNorm:
            guard let first = gradients.first else { return [] }
            let norm = sqrt(gradients.dropFirst().reduce(squareSum(first)) { $0 + squareSum($1) })
            return gradients.map { scaled($0, norm) }
        }
    }
}
