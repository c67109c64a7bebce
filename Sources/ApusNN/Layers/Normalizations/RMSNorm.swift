public import ApusConfiguration
import ApusTensor

/// Root-mean-square normalization: y = γ x / √(mean(x²) + ε) over the last axis; no mean is taken off.
///
/// Shapes: x and y [..., C], γ [C]. Zhang & Sennrich (2019).
public struct RMSNorm: SampleNormalization, Configurable {
    /// A small number that keeps divisors from 0.
    public var epsilon: Double
    /// Whether there is a scale γ.
    public var scale: Bool

    /// Creates the layer; arguments set the properties of their names.
    public init(epsilon: Double = 1e-6, scale: Bool = true) {
        self.epsilon = epsilon
        self.scale = scale
    }

    public static let schema = Schema(RMSNorm(), .optional("epsilon", \.epsilon), .optional("scale", \.scale))

    func normalized(_ x: Tensor, in context: Context) -> Tensor {
        let y = x * rsqrt(square(x).mean(axes: [-1], keepingAxes: true) + epsilon)
        return scale ? y * context.scale([x.shape[-1]], x.elementType, isUsed: true) : y
    }
}
