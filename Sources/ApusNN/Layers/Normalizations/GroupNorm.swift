public import ApusConfiguration
import ApusGraph
import ApusTensor

/// Group normalization: y = γ (x − μ) / √(σ² + ε) + β with mean and biased variance over all positions and the channels of one
/// group, each sample by itself.
///
/// Shapes: x and y [N, ..., C], γ and β [C]; groups divide C. ε = 10⁻³ as in Keras. Wu & He (2018).
///
/// ```swift
/// let block = Sequential {
///     Conv2D(filters: 32, kernelSize: 3, padding: .same)
///     GroupNorm(groups: 8)   // four channels a group, whatever the size of the batch
/// }
/// ```
public struct GroupNorm: SampleNormalization, Configurable {
    /// The number of parts that channels are divided into.
    public var groups: Int
    /// A small number that keeps divisors from 0.
    public var epsilon: Double
    /// Whether there is an offset β.
    public var center: Bool
    /// Whether there is a scale γ.
    public var scale: Bool

    /// A normalization of groups of channels, each sample by itself; x and y [N, ..., C], γ and β [C].
    ///
    /// - Parameters:
    ///   - groups: The number of groups, which divides the number of channels.
    ///   - epsilon: ε, a positive number that keeps divisors from 0.
    ///   - center: Whether a trained offset β is added.
    ///   - scale: Whether the result is multiplied by a trained scale γ.
    public init(groups: Int = 32, epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true) {
        self.groups = groups
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
    }

    public static let schema = Schema(
        GroupNorm(), .leading("groups", \.groups, hasDefault: true, isLabelled: true), .optional("epsilon", \.epsilon),
        .optional("center", \.center), .optional("scale", \.scale))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("groups", groups)
        check.expectEpsilon(epsilon)
        check.expectChannels()
        check.expectInput(
            x.shape[-1] % groups == 0,
            "expected a multiple of \(groups) channels (axis \(x.rank - 1)), one part for each group, but received "
                + "\(x.shape[-1]) in shape \(x.shape)")
    }

    func normalized(_ x: Tensor, in context: Context) -> Tensor {
        let channels = x.shape[-1]
        let positions = x.shape.dimensions.dropFirst().dropLast().product
        let grouped = x.reshaped(to: [x.shape[0], positions, groups, channels / groups])
        let mean = grouped.mean(axes: [1, 3], keepingAxes: true)
        let centered = grouped - mean
        let variance = square(centered).mean(axes: [1, 3], keepingAxes: true)
        var y = (centered * rsqrt(variance + epsilon)).reshaped(to: x.shape)
        if scale { y = y * context.scale([channels], x.elementType, isUsed: true) }
        if center { y = y + context.offset([channels], x.elementType, isUsed: true) }
        return y
    }
}
