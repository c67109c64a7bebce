public import ApusConfiguration
public import ApusGraph
public import ApusTensor

/// How a variable gets its start values.
///
/// Fan in and fan out are the numbers of inputs and outputs that one element of a weight connects: of a kernel
/// [window…, in, out] the window's size times `in`, and times `out`.
///
/// ```swift
/// let layer = Dense(128, activation: .relu, kernelInitializer: .heNormal)
/// let start = Initializer.glorotUniform.tensor([784, 128], key: RandomKey(seed: 7))
/// let sine = Initializer.custom("sine") { shape, key in sin(Tensor.uniform(shape, high: 6.28, key: key)) }
/// ```
public enum Initializer: ConfigurableCases {
    /// 0 everywhere.
    case zeros
    /// 1 everywhere.
    case ones
    /// One number everywhere.
    case constant(Double = 0)
    /// Given numbers, as many as the variable has; one number stands for all.
    case values([Double])
    /// N(0, σ²)
    case normal(standardDeviation: Double = 0.05)
    /// Uniform in [low, high).
    case uniform(low: Double = -0.05, high: Double = 0.05)
    /// N(0, σ²), cut at two standard deviations.
    case truncatedNormal(standardDeviation: Double = 0.05)
    /// Variance 2 / (fan in + fan out), uniform; also called Xavier's. Glorot & Bengio (2010); the default, as in Keras.
    case glorotUniform
    /// Variance 2 / (fan in + fan out), truncated normal.
    case glorotNormal
    /// N(0, 1 / fan in), not cut: the form 1/√n of Xavier's rule.
    case inverseRootN
    /// Variance 2 / fan in, uniform. He et al. (2015).
    case heUniform
    /// Variance 2 / fan in, truncated normal.
    case heNormal
    /// Variance 1 / fan in, uniform. LeCun et al. (1998).
    case lecunUniform
    /// Variance 1 / fan in, truncated normal.
    case lecunNormal
    /// Variance scale / fan.
    case varianceScaling(scale: Double = 1, mode: Fan = .fanIn, distribution: Distribution = .truncatedNormal)
    /// A matrix [all axes but the last, last] with orthonormal columns, or rows if it is wide, times the gain.
    /// Saxe, McClelland & Ganguli (2014).
    case orthogonal(gain: Double = 1)
    /// The identity for matrices; for convolution kernels output o is input o at the window's middle (Dirac).
    case identity(gain: Double = 1)
    /// A function of the program; see `custom`.
    case function(NamedFunction<@Sendable (Shape, RandomKey) -> Tensor>)

    /// Start values by a function of shape and key: `.custom("sine") { shape, key in sin(.uniform(shape, key: key)) }`.
    ///
    /// Functions of one name are taken for equal. They can't be written to files.
    public static func custom(
        _ name: String, _ function: @escaping @Sendable (_ shape: Shape, _ key: RandomKey) -> Tensor
    ) -> Initializer {
        .function(NamedFunction(name, function))
    }

    /// Which number of connections a variance is divided by.
    public enum Fan: String, Sendable, Hashable, Codable, CaseIterable {
        /// The inputs of a unit.
        case fanIn
        /// The outputs of a unit.
        case fanOut
        /// The mean of inputs and outputs.
        case fanAverage
    }

    /// What numbers of a given variance are drawn from.
    public enum Distribution: String, Sendable, Hashable, Codable, CaseIterable {
        /// A normal distribution without values beyond two standard deviations.
        case truncatedNormal
        /// A normal distribution.
        case normal
        /// A uniform distribution.
        case uniform
    }

    public static let what = "initializer"
    public static let synonyms = ["xavierUniform": "glorotUniform", "xavierNormal": "glorotNormal"]

    public static let cases: [Case<Initializer>] = [
        Case(.zeros), Case(.ones), Case(.constant()) { .constant(try $0.next()) },
        Case(.values([]), isRequired: true) { .values(try $0.next()) },
        Case(.normal()) { .normal(standardDeviation: try $0.next()) },
        Case(.uniform()) { .uniform(low: try $0.next(), high: try $0.next()) },
        Case(.truncatedNormal()) { .truncatedNormal(standardDeviation: try $0.next()) }, Case(.glorotUniform),
        Case(.glorotNormal), Case(.inverseRootN), Case(.heUniform), Case(.heNormal), Case(.lecunUniform),
        Case(.lecunNormal),
        Case(.varianceScaling()) {
            .varianceScaling(scale: try $0.next(), mode: try $0.next(), distribution: try $0.next())
        },
        Case(.orthogonal()) { .orthogonal(gain: try $0.next()) }, Case(.identity()) { .identity(gain: try $0.next()) },
    ]

    /// The numbers of inputs and outputs that one element of a weight connects, for kernels [in, out] and [window…, in, out].
    public static func fans(_ shape: Shape) -> (input: Double, output: Double) {
        switch shape.rank {
        case 0: return (1, 1)
        case 1: return (Double(shape[0]), Double(shape[0]))
        default:
            let window = shape.dimensions.dropLast(2).product
            return (Double(window) * Double(shape[-2]), Double(window) * Double(shape[-1]))
        }
    }

    /// Start values of the given shape; a pure function of the key.
    public func tensor(_ shape: Shape, key: RandomKey) -> Tensor {
        switch self {
        case .zeros: .zeros(shape)
        case .ones: .ones(shape)
        case .constant(let value): .full(shape, value)
        case .values(let values): Initializer.values(values, shape)
        case .normal(let spread): .normal(shape, standardDeviation: spread, key: key)
        case .uniform(let low, let high): .uniform(shape, low: low, high: high, key: key)
        case .truncatedNormal(let spread): .truncatedNormal(shape, standardDeviation: spread, key: key)
        case .glorotUniform: Initializer.scaled(1, .fanAverage, .uniform, shape, key)
        case .glorotNormal: Initializer.scaled(1, .fanAverage, .truncatedNormal, shape, key)
        case .inverseRootN: Initializer.scaled(1, .fanIn, .normal, shape, key)
        case .heUniform: Initializer.scaled(2, .fanIn, .uniform, shape, key)
        case .heNormal: Initializer.scaled(2, .fanIn, .truncatedNormal, shape, key)
        case .lecunUniform: Initializer.scaled(1, .fanIn, .uniform, shape, key)
        case .lecunNormal: Initializer.scaled(1, .fanIn, .truncatedNormal, shape, key)
        case .varianceScaling(let scale, let mode, let distribution):
            Initializer.scaled(scale, mode, distribution, shape, key)
        case .orthogonal(let gain): Initializer.orthogonal(gain, shape, key)
        case .identity(let gain): Initializer.identity(gain, shape)
        case .function(let named): Initializer.checked(named.function(shape, key), named.name, shape)
        }
    }

    private static func checked(_ value: Tensor, _ name: String, _ shape: Shape) -> Tensor {
        guard value.problems.isEmpty, value.shape != shape else { return value.cast(to: .float32) }
        return Tensor(
            Node(
                problem: "the initializer \(name.quoted) was asked for the shape \(shape) but gives \(value.shape)",
                operation: "initializer"))
    }

    private static func values(_ values: [Double], _ shape: Shape) -> Tensor {
        if values.count == 1 { return .full(shape, values[0]) }
        guard values.count == shape.count else {
            return Tensor(
                Node(
                    problem: "expected \(shape.count) values for shape \(shape), received \(values.count)",
                    operation: "values"))
        }
        return Tensor(values, shape: shape, type: .float32)
    }

    private static func scaled(
        _ scale: Double, _ mode: Fan, _ distribution: Distribution, _ shape: Shape, _ key: RandomKey
    ) -> Tensor {
        let (input, output) = fans(shape)
        let fan =
            switch mode {
            case .fanIn: input
            case .fanOut: output
            case .fanAverage: (input + output) / 2
            }
        let variance = scale / Swift.max(1, fan)
        switch distribution {
        case .uniform:
            let limit = (3 * variance).squareRoot()
            return .uniform(shape, low: -limit, high: limit, key: key)
        case .normal: return .normal(shape, standardDeviation: variance.squareRoot(), key: key)
        // Cutting at ±2σ leaves 0.8796… of the standard deviation; the draw is widened so that the variance is as asked.
        case .truncatedNormal:
            return .truncatedNormal(
                shape, standardDeviation: variance.squareRoot() / 0.879_625_661_034_239_78, key: key)
        }
    }

    private static func identity(_ gain: Double, _ shape: Shape) -> Tensor {
        guard shape.rank >= 2 else {
            return Tensor(
                Node(
                    problem: "only matrices and kernels have an identity, received shape \(shape)",
                    operation: "identity"))
        }
        let window = shape.dimensions.dropLast(2)
        let diagonal =
            Tensor.positions(shape[-2], of: shape, axis: shape.rank - 2)
            .== Tensor.positions(
                shape[-1], of: shape, axis: shape.rank - 1)
        let isMiddle = window.indices.map {
            Tensor.positions(window[$0], of: shape, axis: $0) .== .full([], Double(window[$0] / 2))
        }
        return isMiddle.reduce(diagonal) { $0 .& $1 }.cast(to: .float32) * gain
    }
}
