public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// A trained factor for each channel, and an offset if wanted: y = act(γ x + β).
///
/// Shapes: x and y [..., C], γ and β [C]. With a small start value at the end of a residual body, the block begins as almost
/// the identity: Touvron et al. (2021).
///
/// ```swift
/// let block = Residual { Dense(64, activation: .gelu()); Dense(16); ChannelScale(1e-6) }   // [20, 16] → [20, 16]
/// // The trained pooling of LeNet-5: a mean, a factor, an offset, and a function
/// let pooling = Sequential { AveragePool2D(2); ChannelScale(useBias: true, activation: .tanh) }
/// ```
public struct ChannelScale: CheckedLayer, Configurable {
    /// The start value of γ.
    public var initial: Double
    /// Whether there is an offset β.
    public var useBias: Bool
    /// The function applied to the result.
    public var activation: Activation

    /// A trained factor for each channel; x and y [..., C].
    ///
    /// - Parameters:
    ///   - initial: The start value of γ.
    ///   - useBias: Whether a trained offset β is added; it starts at 0.
    ///   - activation: The function applied to the result; none unless given.
    public init(_ initial: Double = 1, useBias: Bool = false, activation: Activation = .linear) {
        self.initial = initial
        self.useBias = useBias
        self.activation = activation
    }

    public static let schema = Schema(
        ChannelScale(), .leading("initial", \.initial, hasDefault: true), .optional("useBias", \.useBias),
        .optional("activation", \.activation))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expect(initial.isFinite, "the start value must be a number, received \(initial)")
        check.expectChannels()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let channels: Shape = [x.shape[-1]]
        let factor = context.parameter("gamma", shape: channels, initializer: .constant(initial))
        let y = x * factor.cast(to: x.elementType)
        guard useBias else { return activation(y) }
        return activation(y + context.offset(channels, x.elementType, isUsed: true).cast(to: x.elementType))
    }
}
