public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// Inverted dropout: in training each element is 0 with probability `rate`, others are divided by 1 − rate; at inference x.
///
/// So the expectation of every element stays the same. Srivastava et al. (2014).
///
/// ```swift
/// let net = Sequential {
///     Dense(256, activation: .relu)
///     Dropout(0.5)
///     Dense(10)
/// }
/// ```
public struct Dropout: CheckedLayer, Configurable {
    /// The probability to be dropped.
    public var rate: Double

    /// Dropout of single elements, in training only; x and y [N, ...] have one shape.
    ///
    /// - Parameter rate: The probability that an element becomes 0, in 0..<1.
    public init(_ rate: Double) {
        self.rate = rate
    }

    public static let schema = Schema(Dropout(0), .leading("rate", \.rate))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectRate(rate)
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        x.dropped(rate, x.shape, context)
    }
}

/// Dropout of whole channels: all positions of a channel (last axis) of a sample stay or become 0 together.
///
/// Tompson et al. (2015).
///
/// ```swift
/// let net = Sequential {
///     Conv2D(filters: 32, kernelSize: 3, activation: .relu)
///     SpatialDropout(0.2)   // whole channels, for neighbouring pixels are alike
/// }
/// ```
public struct SpatialDropout: CheckedLayer, Configurable {
    /// The probability to be dropped.
    public var rate: Double

    /// Dropout of whole channels, in training only; x and y [N, ..., C] have one shape.
    ///
    /// - Parameter rate: The probability that a channel of a sample becomes 0, in 0..<1.
    public init(_ rate: Double) {
        self.rate = rate
    }

    public static let schema = Schema(SpatialDropout(0), .leading("rate", \.rate))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectRate(rate)
        check.expectChannels()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let channels = Shape([x.shape[0]] + Array(repeating: 1, count: x.rank - 2) + [x.shape[-1]])
        return x.dropped(rate, channels, context)
    }
}

/// Dropout for networks with SELU: in training elements become α′ = −1.7581 with probability `rate`, and all are scaled and shifted
/// so that mean 0 and variance 1 stay: y = a·x′ + b with a = ((1 − rate)(1 + rate·α′²))^−½ and b = −a·rate·α′.
///
/// Klambauer et al. (2017).
///
/// ```swift
/// let net = Sequential {
///     Dense(128, activation: .selu, kernelInitializer: .lecunNormal)
///     AlphaDropout(0.1)
///     Dense(10)
/// }
/// ```
public struct AlphaDropout: CheckedLayer, Configurable {
    /// The probability to be dropped.
    public var rate: Double

    /// Dropout that keeps mean and variance, in training only; x and y [N, ...] have one shape.
    ///
    /// - Parameter rate: The probability that an element is dropped, in 0..<1.
    public init(_ rate: Double) {
        self.rate = rate
    }

    public static let schema = Schema(AlphaDropout(0), .leading("rate", \.rate))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectRate(rate)
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        guard rate > 0, context.mode == .training else { return x }
        let saturation = -Activation.seluScale * Activation.seluAlpha
        let kept = 1 - rate
        let factor = 1 / (kept * (1 + rate * saturation * saturation)).squareRoot()
        let shift = -factor * rate * saturation
        let mask = context.bernoulli(x.shape, probability: kept)
        return select(mask, x, Tensor.full(x.shape, saturation, type: x.elementType)) * factor + shift
    }
}

/// Multiplicative noise: in training y = x · N(1, rate / (1 − rate)), whose variance is that of dropout.
///
/// Srivastava et al. (2014), section 10.
///
/// ```swift
/// let net = Sequential { Dense(64, activation: .relu); GaussianDropout(0.3); Dense(1) }
/// ```
public struct GaussianDropout: CheckedLayer, Configurable {
    /// The rate of the dropout whose noise has the same variance, rate / (1 − rate).
    public var rate: Double

    /// Multiplication by normal noise of mean 1, in training only; x and y [N, ...] have one shape.
    ///
    /// - Parameter rate: The rate of the dropout whose noise has the same variance, rate / (1 − rate); in 0..<1.
    public init(_ rate: Double) {
        self.rate = rate
    }

    public static let schema = Schema(GaussianDropout(0), .leading("rate", \.rate))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectRate(rate)
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        guard rate > 0, context.mode == .training else { return x }
        let spread = (rate / (1 - rate)).squareRoot()
        return x * context.normal(x.shape, mean: 1, standardDeviation: spread).cast(to: x.elementType)
    }
}

/// Additive noise: in training y = x + N(0, σ²).
///
/// ```swift
/// let denoiser = Sequential {
///     GaussianNoise(0.1)   // the input is made noisy in training only
///     Dense(32, activation: .relu)
///     Dense(784)
/// }
/// ```
public struct GaussianNoise: CheckedLayer, Configurable {
    /// σ of the noise.
    public var standardDeviation: Double

    /// Addition of normal noise of mean 0, in training only; x and y [N, ...] have one shape.
    ///
    /// - Parameter standardDeviation: σ, in the unit of the inputs; not negative.
    public init(_ standardDeviation: Double) {
        self.standardDeviation = standardDeviation
    }

    public static let schema = Schema(GaussianNoise(0), .leading("standardDeviation", \.standardDeviation))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expect(
            standardDeviation >= 0 && standardDeviation.isFinite,
            "the standard deviation must be a number ≥ 0, received \(standardDeviation)")
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        guard standardDeviation > 0, context.mode == .training else { return x }
        return x + context.normal(x.shape, standardDeviation: standardDeviation).cast(to: x.elementType)
    }
}

extension Tensor {
    /// Zeros with the probability `rate`, drawn for each element of a shape that broadcasts; the rest divided by 1 − rate.
    func dropped(_ rate: Double, _ shape: Shape, _ context: Context) -> Tensor {
        guard rate > 0, context.mode == .training else { return self }
        // Numbers get a name, and so the type Double: written beside a tensor, 1 − 0.9 would be a float32 expression.
        let probability = 1 - rate
        let factor = 1 / probability
        let kept = context.bernoulli(shape, probability: probability)
        return select(kept, self * factor, Tensor.zeros(self.shape, type: elementType))
    }
}
