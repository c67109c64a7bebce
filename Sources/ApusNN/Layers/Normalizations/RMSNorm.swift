public import ApusConfiguration
import ApusTensor

/// Root-mean-square normalization: y = γ x / √(mean(x²) + ε) over the last axis; no mean is taken off.
///
/// Shapes: x and y [..., C], γ [C]. Zhang & Sennrich (2019).
///
/// ```swift
/// let layer = RMSNorm()
/// let weights = try layer.initialized(input: [2], seed: 0)
/// print(layer(Tensor([[3.0, 4]]), weights).scalars)   // [0.8485281, 1.1313708]
/// ```
public struct RMSNorm: SampleNormalization, Configurable {
    /// A small number that keeps divisors from 0.
    public var epsilon: Double
    /// Whether there is a scale γ.
    public var scale: Bool

    /// A division by the root of the mean square over the last axis; x and y [..., C], γ [C].
    ///
    /// - Parameters:
    ///   - epsilon: ε, a positive number that keeps divisors from 0.
    ///   - scale: Whether the result is multiplied by a trained scale γ.
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
