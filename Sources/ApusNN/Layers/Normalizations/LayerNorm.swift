public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// Layer normalization: y = γ (x − μ) / √(σ² + ε) + β with mean and biased variance over the last axis of each sample.
///
/// Shapes: x and y [..., C], γ and β [C]. ε = 10⁻³ as in Keras. Ba, Kiros & Hinton (2016).
public struct LayerNorm: CheckedLayer, Configurable {
    /// A small number that keeps divisors from 0.
    public var epsilon: Double
    /// Whether there is an offset β.
    public var center: Bool
    /// Whether there is a scale γ.
    public var scale: Bool

    public init(epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true) {
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
    }

    public static let schema = Schema(
        LayerNorm(), .optional("epsilon", \.epsilon), .optional("center", \.center), .optional("scale", \.scale))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectEpsilon(epsilon)
        check.expectChannels()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let channels: Shape = [x.shape[-1]]
        let wide = x.cast(to: x.elementType.accumulator)
        let gamma = context.scale(channels, wide.elementType, isUsed: scale)
        let beta = context.offset(channels, wide.elementType, isUsed: center)
        let y = Tensor(.layerNorm(epsilon: epsilon), [wide.node, gamma.node, beta.node])
        return y.cast(to: x.elementType)
    }
}

/// Root-mean-square normalization: y = γ x / √(mean(x²) + ε) over the last axis; no mean is taken off.
///
/// Shapes: x and y [..., C], γ [C]. Zhang & Sennrich (2019).
public struct RMSNorm: CheckedLayer, Configurable {
    /// A small number that keeps divisors from 0.
    public var epsilon: Double
    /// Whether there is a scale γ.
    public var scale: Bool

    public init(epsilon: Double = 1e-6, scale: Bool = true) {
        self.epsilon = epsilon
        self.scale = scale
    }

    public static let schema = Schema(RMSNorm(), .optional("epsilon", \.epsilon), .optional("scale", \.scale))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectEpsilon(epsilon)
        check.expectChannels()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let wide = x.cast(to: x.elementType.accumulator)
        var y = wide * rsqrt(square(wide).mean(axes: [-1], keepingAxes: true) + epsilon)
        if scale { y = y * context.scale([x.shape[-1]], wide.elementType, isUsed: true) }
        return y.cast(to: x.elementType)
    }
}
