public import ApusGraph
public import ApusTensor

/// How a variable gets its start values.
public enum Initializer: Sendable, Hashable, Codable {
    case zeros
    case ones
    case constant(Double)
    /// N(0, σ²)
    case normal(standardDeviation: Double = 0.05)
    /// Uniform in [low, high).
    case uniform(low: Double = -0.05, high: Double = 0.05)
    /// N(0, σ²), cut at two standard deviations.
    case truncatedNormal(standardDeviation: Double = 0.05)
    /// Variance 2 / (fan in + fan out), uniform. Glorot & Bengio (2010); the default of Dense and Conv2D, as in Keras.
    case glorotUniform
    /// Variance 2 / (fan in + fan out), truncated normal.
    case glorotNormal
    /// Variance 2 / fan in, uniform. He et al. (2015).
    case heUniform
    /// Variance 2 / fan in, truncated normal.
    case heNormal
    /// Variance 1 / fan in, uniform. LeCun et al. (1998).
    case lecunUniform
    /// Variance 1 / fan in, truncated normal.
    case lecunNormal

    /// The numbers of inputs and outputs that one element of a weight connects, for kernels [in, out] and [kh, kw, in, out].
    public static func fans(_ shape: Shape) -> (input: Double, output: Double) {
        switch shape.rank {
        case 0: return (1, 1)
        case 1: return (Double(shape[0]), Double(shape[0]))
        default:
            let window = shape.dimensions.dropLast(2).reduce(1, *)
            return (Double(window * shape[-2]), Double(window * shape[-1]))
        }
    }

    /// Start values of the given shape; a pure function of the key.
    public func tensor(_ shape: Shape, key: RandomKey) -> Tensor {
        let (input, output) = Initializer.fans(shape)
        switch self {
        case .zeros: return .zeros(shape)
        case .ones: return .ones(shape)
        case .constant(let value): return .full(shape, value)
        case .normal(let spread): return .normal(shape, standardDeviation: spread, key: key)
        case .uniform(let low, let high): return .uniform(shape, low: low, high: high, key: key)
        case .truncatedNormal(let spread): return .truncatedNormal(shape, standardDeviation: spread, key: key)
        case .glorotUniform: return Initializer.uniform(variance: 2 / (input + output), shape, key)
        case .glorotNormal: return Initializer.normal(variance: 2 / (input + output), shape, key)
        case .heUniform: return Initializer.uniform(variance: 2 / input, shape, key)
        case .heNormal: return Initializer.normal(variance: 2 / input, shape, key)
        case .lecunUniform: return Initializer.uniform(variance: 1 / input, shape, key)
        case .lecunNormal: return Initializer.normal(variance: 1 / input, shape, key)
        }
    }

    private static func uniform(variance: Double, _ shape: Shape, _ key: RandomKey) -> Tensor {
        let limit = (3 * variance).squareRoot()
        return .uniform(shape, low: -limit, high: limit, key: key)
    }

    /// Cutting at two standard deviations leaves 0.8796… of the spread; the draw is widened so that the variance is as asked.
    private static func normal(variance: Double, _ shape: Shape, _ key: RandomKey) -> Tensor {
        .truncatedNormal(shape, standardDeviation: variance.squareRoot() / 0.879_625_661_034_239_78, key: key)
    }
}
