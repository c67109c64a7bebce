public import ApusConfiguration
public import ApusTensor

/// A weight for each channel, computed from all channels' means: y = x · gate(W₂ act(W₁ mean(x) + b₁) + b₂).
///
/// Shapes: x and y [N, H, W, C], W₁ [1, 1, C, channels], W₂ [1, 1, channels, C]. Children are named `fc1` and `fc2`.
/// Hu, Shen & Sun (2018).
///
/// ```swift
/// let block = Residual {
///     Conv2D(filters: 32, kernelSize: 3, padding: .same, activation: .relu)
///     SqueezeExcitation(8)   // 32 means → 8 → 32 weights
/// }   // [16, 16, 32] → [16, 16, 32]
/// ```
public struct SqueezeExcitation: CheckedLayer, Configurable {
    /// The number of channels between the two maps.
    public var channels: Int
    /// The function after the first map.
    public var activation: Activation
    /// The function that makes weights.
    public var gate: Activation

    /// A weight for each channel of images: [N, H, W, C] → [N, H, W, C].
    ///
    /// - Parameters:
    ///   - channels: The number of channels between the two maps, at least 1; a quarter or less of C in papers.
    ///   - activation: The function after the first map.
    ///   - gate: The function that makes weights of the second map's results, between 0 and 1.
    public init(_ channels: Int, activation: Activation = .relu, gate: Activation = .sigmoid) {
        self.channels = channels
        self.activation = activation
        self.gate = gate
    }

    public static let schema = Schema(
        SqueezeExcitation(0), .leading("channels", \.channels), .optional("activation", \.activation),
        .optional("gate", \.gate))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expectPositive("channels", channels)
        check.expectImages()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let means = x.mean(axes: x.positionAxes, keepingAxes: true)
        let hidden = Conv2D(filters: channels, kernelSize: 1, activation: activation)(means, in: context["fc1"])
        return x * Conv2D(filters: x.shape[-1], kernelSize: 1, activation: gate)(hidden, in: context["fc2"])
    }
}

extension SqueezeExcitation: Container {
    var label: String { description }
}
