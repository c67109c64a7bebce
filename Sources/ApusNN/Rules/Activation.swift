public import ApusConfiguration
public import ApusTensor

/// A function applied to every element, or to a whole axis, of a layer's result.
///
/// ```swift
/// let hidden = Dense(64, activation: .leakyReLU(negativeSlope: 0.1))
/// print(Activation.relu(Tensor([-1.0, 2])).scalars)   // [0.0, 2.0]
/// ```
public enum Activation: ConfigurableCases {
    /// x
    case linear
    /// max(x, 0)
    case relu
    /// min(max(x, 0), 6). Howard et al. (2017).
    case relu6
    /// x for x ≥ 0, else slope · x. Maas et al. (2013); the slope is Keras's.
    case leakyReLU(negativeSlope: Double = 0.2)
    /// x for x ≥ 0, else α (eˣ − 1). Clevert et al. (2016).
    case elu(alpha: Double = 1)
    /// λ x for x ≥ 0, else λ α (eˣ − 1) with λ ≈ 1.0507, α ≈ 1.6733. Klambauer et al. (2017).
    case selu
    /// max(x, 0) + min(α (e^(x/α) − 1), 0). Barron (2017).
    case celu(alpha: Double = 1)
    /// x Φ(x), with Φ by erf, or by tanh: x/2 (1 + tanh(√(2/π) (x + 0.044715 x³))). Hendrycks & Gimpel (2016).
    case gelu(approximate: Bool = false)
    /// x / (1 + e⁻ˣ), also called swish. Ramachandran et al. (2017).
    case silu
    /// x tanh(log(1 + eˣ)). Misra (2019).
    case mish
    /// 1 / (1 + e⁻ˣ)
    case sigmoid
    /// min(max(x + 3, 0), 6) / 6
    case hardSigmoid
    /// x · hardSigmoid(x). Howard et al. (2019).
    case hardSwish
    /// (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)
    case tanh
    /// log(1 + eˣ)
    case softplus
    /// x / (1 + |x|)
    case softsign
    /// eˣ / Σ eˣ over the last axis
    case softmax
    /// log softmax(x)
    case logSoftmax
    /// eˣ
    case exponential

    public static let what = "activation"
    public static let synonyms = ["swish": "silu"]

    public static let cases: [Case<Activation>] = [
        Case(.linear), Case(.relu), Case(.relu6), Case(.leakyReLU()) { .leakyReLU(negativeSlope: try $0.next()) },
        Case(.elu()) { .elu(alpha: try $0.next()) }, Case(.selu), Case(.celu()) { .celu(alpha: try $0.next()) },
        Case(.gelu()) { .gelu(approximate: try $0.next()) }, Case(.silu), Case(.mish), Case(.sigmoid),
        Case(.hardSigmoid),
        Case(.hardSwish), Case(.tanh), Case(.softplus), Case(.softsign), Case(.softmax), Case(.logSoftmax),
        Case(.exponential),
    ]

    static let seluAlpha = 1.6732632423543772
    static let seluScale = 1.0507009873554805

    /// The function of x, of its shape.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        switch self {
        case .linear: return x
        case .relu: return ApusTensor.relu(x)
        case .relu6: return x.clamped(min: 0, max: 6)
        case .leakyReLU(let slope): return Activation.branched(x, below: x * slope)
        case .elu(let alpha): return Activation.exponentialBelow(x, alpha, 1)
        case .selu: return Activation.exponentialBelow(x, Activation.seluAlpha, 1) * Activation.seluScale
        case .celu(let alpha): return Activation.exponentialBelow(x, alpha, alpha)
        case .gelu(approximate: false):
            let half = 0.5.squareRoot()
            return x * 0.5 * (erf(x * half) + 1)
        case .gelu(approximate: true):
            let factor = (2 / Double.pi).squareRoot()
            return x * 0.5 * (ApusTensor.tanh((x + x * square(x) * 0.044715) * factor) + 1)
        case .silu: return x * ApusTensor.sigmoid(x)
        case .mish: return x * ApusTensor.tanh(ApusTensor.softplus(x))
        case .sigmoid: return ApusTensor.sigmoid(x)
        case .hardSigmoid: return Activation.hardSigmoid(x)
        case .hardSwish: return x * Activation.hardSigmoid(x)
        case .tanh: return ApusTensor.tanh(x)
        case .softplus: return ApusTensor.softplus(x)
        case .softsign: return x / (abs(x) + 1)
        case .softmax: return ApusTensor.softmax(x)
        case .logSoftmax: return ApusTensor.logSoftmax(x)
        case .exponential: return exp(x)
        }
    }

    private static func hardSigmoid(_ x: Tensor) -> Tensor {
        let sixth = 1.0 / 6
        return (x + 3).clamped(min: 0, max: 6) * sixth
    }

    /// x above 0, another tensor elsewhere; so the slope at 0 is that from below, as in PyTorch.
    static func branched(_ x: Tensor, below: Tensor) -> Tensor {
        select(x .> Tensor.zeros([], type: x.elementType), x, below)
    }

    /// x above 0, α (e^(x/scale) − 1) below.
    private static func exponentialBelow(_ x: Tensor, _ alpha: Double, _ scale: Double) -> Tensor {
        // Of x ≤ 0 alone, so that no exponential overflows.
        let zero = Tensor.zeros([], type: x.elementType)
        let below = select(x .> zero, zero, x)
        return branched(x, below: expm1(scale == 1 ? below : below / scale) * alpha)
    }
}
