public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// Batch normalization: y = γ (x − μ) / √(σ² + ε) + β, each channel (last axis) by itself.
///
/// In training μ and σ² are the batch's mean and biased variance, and the running values move by
/// running ← momentum · running + (1 − momentum) · batch; at inference the running values are used, and so they are in training
/// where the optimizer freezes them: they stay, as in Keras where the layer is not trainable. Momentum 0.99 and ε = 10⁻³ are
/// Keras's; PyTorch's `momentum` is 1 − this one. Ioffe & Szegedy (2015).
///
/// ```swift
/// let block = Sequential {
///     // The offset β takes the place of the bias
///     Conv2D(filters: 16, kernelSize: 3, padding: .same, useBias: false)
///     BatchNorm(momentum: 0.9)
///     ActivationLayer(.relu)
/// }
/// ```
public struct BatchNorm: CheckedLayer, Configurable {
    /// The fraction of the running values that stays in a step.
    public var momentum: Double
    /// A small number that keeps divisors from 0.
    public var epsilon: Double
    /// Whether there is an offset β.
    public var center: Bool
    /// Whether there is a scale γ.
    public var scale: Bool

    /// A normalization of each channel over the batch and all positions; x and y [N, ..., C], γ and β [C].
    ///
    /// - Parameters:
    ///   - momentum: The fraction of the running values that stays in a step, in 0...1; PyTorch's `momentum` is 1 − this one.
    ///   - epsilon: ε, a positive number that keeps divisors from 0.
    ///   - center: Whether a trained offset β is added.
    ///   - scale: Whether the result is multiplied by a trained scale γ.
    public init(momentum: Double = 0.99, epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true) {
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
    }

    public static let schema = Schema(
        BatchNorm(), .optional("momentum", \.momentum), .optional("epsilon", \.epsilon), .optional("center", \.center),
        .optional("scale", \.scale))

    func check(_ check: inout Check, _ x: Tensor) {
        check.expect((0...1).contains(momentum), "momentum must be in 0...1, received \(momentum)")
        check.expectEpsilon(epsilon)
        check.expectChannels()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        normalized(x, context)
    }

    private func normalized(_ x: Tensor, _ context: Context) -> Tensor {
        let channels: Shape = [x.shape[-1]]
        let gamma = context.scale(channels, x.elementType.accumulator, isUsed: scale)
        let beta = context.offset(channels, x.elementType.accumulator, isUsed: center)
        let mean = context.state("runningMean", shape: channels, initializer: .zeros)
        let variance = context.state("runningVariance", shape: channels, initializer: .ones)
        let isFrozen = context.isFrozen("runningMean") || context.isFrozen("runningVariance")
        guard context.mode == .training, !isFrozen else {
            return Tensor(.batchNorm(epsilon: epsilon), [x.node, gamma.node, beta.node, mean.node, variance.node])
        }
        let moments = Tensor(.channelMoments, [x.node])
        let constant = moments.stoppingGradient()
        let share = 1 - momentum
        context.update("runningMean", to: mean * momentum + constant[0] * share)
        context.update("runningVariance", to: variance * momentum + constant[1] * share)
        return Tensor(.batchNormTraining(epsilon: epsilon), [x.node, gamma.node, beta.node, moments.node])
    }
}
