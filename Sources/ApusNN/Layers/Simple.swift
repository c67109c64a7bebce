import ApusGraph
public import ApusTensor

/// Joins all axes but the first: [N, ...] → [N, product].
public struct Flatten: Layer, CustomStringConvertible {
    public init() {}

    public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
        context.entering(self, x) {
            var check = Check("flatten", x)
            check.expectInput(x.rank >= 1, "expected a batch [N, ...] but received a scalar")
            guard check.passed else { return check.failure }
            return x.reshaped(to: [x.shape[0], x.shape.dimensions.dropFirst().reduce(1, *)])
        }
    }

    public var description: String { "Flatten()" }
}

/// An activation by itself.
public struct ActivationLayer: Layer, CustomStringConvertible {
    public var activation: Activation

    public init(_ activation: Activation) {
        self.activation = activation
    }

    public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
        context.entering(self, x) { activation(x) }
    }

    public var description: String { "ActivationLayer(.\(activation))" }
}

/// Inverted dropout: in training each element is 0 with probability `rate`, others are divided by 1 − rate; at inference x.
///
/// So the expectation of every element stays the same. Srivastava et al. (2014).
public struct Dropout: Layer, CustomStringConvertible {
    public var rate: Double

    public init(_ rate: Double) {
        self.rate = rate
    }

    public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
        context.entering(self, x) {
            var check = Check("dropout", x)
            check.expect((0..<1).contains(rate), "the rate must be in 0..<1, received \(rate)")
            guard check.passed else { return check.failure }
            guard context.mode == .training, rate > 0 else { return x }
            // Numbers get a name, and so the type Double: written beside a tensor, 1 − 0.9 would be a float32 expression.
            let probability = 1 - rate
            let factor = 1 / probability
            let kept = context.bernoulli(x.shape, probability: probability)
            return select(kept, x * factor, Tensor.zeros(x.shape, type: x.elementType))
        }
    }

    public var description: String { "Dropout(\(rate))" }
}

/// Batch normalization: y = γ (x − μ) / √(σ² + ε) + β, each channel (last axis) by itself.
///
/// In training μ and σ² are the batch's mean and biased variance, and the running values move by
/// running ← momentum · running + (1 − momentum) · batch; at inference the running values are used. Momentum 0.99 and ε = 10⁻³ are
/// Keras's; PyTorch's `momentum` is 1 − this one. Ioffe & Szegedy (2015).
public struct BatchNorm: Layer {
    public var momentum: Double
    public var epsilon: Double
    /// Whether there is an offset β and a scale γ.
    public var center: Bool
    public var scale: Bool

    public init(momentum: Double = 0.99, epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true) {
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
    }

    public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor {
        context.entering(self, x) {
            var check = Check("batchNorm", x)
            check.expect((0...1).contains(momentum), "momentum must be in 0...1, received \(momentum)")
            check.expect(epsilon > 0 && epsilon.isFinite, "epsilon must be a number > 0, received \(epsilon)")
            check.expectInput(x.rank >= 2, "expected a batch [N, ..., channels] but received shape \(x.shape)")
            return check.passed ? normalized(x, context) : check.failure
        }
    }

    private func normalized(_ x: Tensor, _ context: Context) -> Tensor {
        let channels: Shape = [x.shape[-1]]
        let gamma = scale ? context.parameter("gamma", shape: channels, initializer: .ones) : Tensor.ones(channels)
        let beta = center ? context.parameter("beta", shape: channels, initializer: .zeros) : Tensor.zeros(channels)
        let mean = context.state("runningMean", shape: channels, initializer: .zeros)
        let variance = context.state("runningVariance", shape: channels, initializer: .ones)
        guard context.mode == .training else {
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

extension BatchNorm: CustomStringConvertible {
    public var description: String {
        Configuration("BatchNorm").adding("momentum", momentum, unless: 0.99).adding("epsilon", epsilon, unless: 1e-3)
            .adding("center", center, unless: true).adding("scale", scale, unless: true).text
    }
}
