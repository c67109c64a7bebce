public import ApusConfiguration
import ApusTensor

/// Instance normalization: group normalization with a group for each channel.
///
/// Shapes: x and y [N, ..., C], γ and β [C]. Ulyanov, Vedaldi & Lempitsky (2016).
///
/// ```swift
/// let style = Sequential { Conv2D(filters: 16, kernelSize: 9, padding: .same); InstanceNorm() }
/// ```
public struct InstanceNorm: SampleNormalization, Configurable {
    /// A small number that keeps divisors from 0.
    public var epsilon: Double
    /// Whether there is an offset β.
    public var center: Bool
    /// Whether there is a scale γ.
    public var scale: Bool

    /// A normalization of each channel of each sample over all its positions; x and y [N, ..., C], γ and β [C].
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
        InstanceNorm(), .optional("epsilon", \.epsilon), .optional("center", \.center), .optional("scale", \.scale))

    func normalized(_ x: Tensor, in context: Context) -> Tensor {
        GroupNorm(groups: x.shape[-1], epsilon: epsilon, center: center, scale: scale).normalized(x, in: context)
    }
}
