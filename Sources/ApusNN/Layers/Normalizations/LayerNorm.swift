public import ApusConfiguration
import ApusGraph
import ApusTensor

/// Layer normalization: y = γ (x − μ) / √(σ² + ε) + β with mean and biased variance over the last axis of each sample.
///
/// Shapes: x and y [..., C], γ and β [C]. ε = 10⁻³ as in Keras. Ba, Kiros & Hinton (2016).
///
/// ```swift
/// let block = Residual {
///     LayerNorm()
///     Dense(256, activation: .gelu())
///     Dense(64)
/// }   // [20, 64] → [20, 64]
/// ```
public struct LayerNorm: SampleNormalization, Configurable {
    /// A small number that keeps divisors from 0.
    public var epsilon: Double
    /// Whether there is an offset β.
    public var center: Bool
    /// Whether there is a scale γ.
    public var scale: Bool

    /// A normalization over the last axis, each position by itself; x and y [..., C], γ and β [C].
    ///
    /// - Parameters:
    ///   - epsilon: ε, a positive number that keeps divisors from 0.
    ///   - center: Whether a trained offset β is added.
    ///   - scale: Whether the result is multiplied by a trained scale γ.
    public init(epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true) {
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
    }

    public static let schema = Schema(
        LayerNorm(), .optional("epsilon", \.epsilon), .optional("center", \.center), .optional("scale", \.scale))

    func normalized(_ x: Tensor, in context: Context) -> Tensor {
        let channels: Shape = [x.shape[-1]]
        let gamma = context.scale(channels, x.elementType, isUsed: scale)
        let beta = context.offset(channels, x.elementType, isUsed: center)
        return Tensor(.layerNorm(epsilon: epsilon), [x.node, gamma.node, beta.node])
    }
}
