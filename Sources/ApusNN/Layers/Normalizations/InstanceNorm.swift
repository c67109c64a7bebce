public import ApusConfiguration
import ApusTensor

/// Instance normalization: group normalization with a group for each channel.
///
/// Shapes: x and y [N, ..., C], γ and β [C]. Ulyanov, Vedaldi & Lempitsky (2016).
public struct InstanceNorm: SampleNormalization, Configurable {
    /// A small number that keeps divisors from 0.
    public var epsilon: Double
    /// Whether there is an offset β.
    public var center: Bool
    /// Whether there is a scale γ.
    public var scale: Bool

    /// Creates the layer; arguments set the properties of their names.
    public init(epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true) {
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
    }

    public static let schema = Schema(
        InstanceNorm(), .optional("epsilon", \.epsilon), .optional("center", \.center), .optional("scale", \.scale))

    func normalized(_ x: Tensor, in context: Context) -> Tensor {
        GroupNorm(groups: x.shape[-1], epsilon: epsilon, center: center, scale: scale).normalized(x, in: context)
    }
}
