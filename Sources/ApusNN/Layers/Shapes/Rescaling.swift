public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// y = x · scale + offset; 1/255 brings bytes to 0…1.
///
/// ```swift
/// let net = Sequential {
///     Rescaling(scale: 1 / 127.5, offset: -1)   // bytes to −1…1
///     Flatten()
///     Dense(10)
/// }
/// ```
public struct Rescaling: CheckedLayer, Configurable {
    /// The factor.
    public var scale: Double
    /// What is added.
    public var offset: Double

    /// A multiplication and an addition that training does not change; x and y have one shape.
    ///
    /// - Parameters:
    ///   - scale: The factor.
    ///   - offset: What is added.
    public init(scale: Double = 1, offset: Double = 0) {
        self.scale = scale
        self.offset = offset
    }

    public static let schema = Schema(Rescaling(), .optional("scale", \.scale), .optional("offset", \.offset))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expect(
            scale.isFinite && offset.isFinite, "scale and offset must be numbers, received \(scale) and \(offset)")
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let floating = x.elementType.isFloatingPoint ? x : x.cast(to: .float32)
        return floating * scale + offset
    }
}

/// y = (x − mean) / max(√variance, 10⁻⁷), each feature (last axis) by itself, with mean and variance learned from data.
///
/// `Normalization(learnedFrom: samples)` measures them. The model carries them as states, so they are saved with its weights.
///
/// ```swift
/// let samples = Tensor([[1.0, 100], [3, 300]])
/// let layer = try Normalization(learnedFrom: samples)
/// let weights = try layer.initialized(input: [2], seed: 0)
/// print(layer(samples, weights).scalars)   // [-1.0, -1.0, 1.0, 1.0]
/// ```
public struct Normalization: CheckedLayer, Configurable {
    /// The means, one for each feature or one for all.
    public var mean: [Double]
    /// The variances, as many as means, each ≥ 0.
    public var variance: [Double]

    /// A normalization with mean and variance that are known; x and y [..., features].
    ///
    /// - Parameters:
    ///   - mean: One for each feature, or one for all.
    ///   - variance: As many as means, none negative.
    public init(mean: [Double], variance: [Double]) {
        self.mean = mean
        self.variance = variance
    }

    /// Mean and biased variance of each feature (last axis) over some samples [N, ..., features].
    ///
    /// - Throws: `GraphError` if the samples carry problems or there are none.
    public init(learnedFrom samples: Tensor) throws {
        guard samples.rank >= 2, samples.count > 0 || !samples.problems.isEmpty else {
            throw GraphError([
                GraphProblem(
                    scope: [], operation: "normalization",
                    message: "expected samples [N, ..., features] but received shape \(samples.shape)")
            ])
        }
        let axes = Array(0..<(samples.rank - 1))
        let values = samples.cast(to: .float64)
        let (mean, variance) = (values.mean(axes: axes), values.variance(axes: axes))
        try evaluate(mean, variance)
        self.init(mean: mean.scalars(as: Double.self), variance: variance.scalars(as: Double.self))
    }

    public static let schema = Schema(
        Normalization(mean: [], variance: []), .required("mean", \.mean), .required("variance", \.variance))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expect(
            mean.count == variance.count && !mean.isEmpty,
            "mean and variance must have as many numbers each, received \(mean.count) and \(variance.count)")
        check.expect(
            mean.allSatisfy(\.isFinite) && variance.allSatisfy { $0.isFinite && $0 >= 0 },
            "means must be numbers and variances numbers ≥ 0, received \(mean) and \(variance)")
        check.expectChannels()
        check.expectInput(
            mean.count == 1 || mean.count == x.shape[-1],
            "expected \(mean.count) features (axis \(x.rank - 1)) but received \(x.shape[-1]) in shape \(x.shape)")
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let features: Shape = [mean.count]
        let mean = context.state("mean", shape: features, initializer: .values(mean))
        let variance = context.state("variance", shape: features, initializer: .values(variance))
        let floating = x.elementType.isFloatingPoint ? x : x.cast(to: .float32)
        return (floating - mean) / maximum(sqrt(variance), 1e-7)
    }
}
