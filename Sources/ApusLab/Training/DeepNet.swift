import Apus

/// A network of equal dense layers, with what is said to carry values and gradients through many of them.
struct DeepNet: Codable, Hashable, Sendable {
    /// The start values of all kernels, for n inputs.
    enum Start: Codable, Hashable {
        /// N(0, σ²) whatever n is.
        case deviation(Double)
        /// N(0, 1/n)
        case xavier
        /// N(0, 2/n)
        case he
        /// N(0, 16/n): what a sigmoid needs, whose slope is at most 1/4.
        case slope
        /// Uniform with variance 2 / (n + m), m outputs: the default of libraries.
        case glorot

        var initializer: Initializer {
            switch self {
            case .deviation(let deviation): .normal(standardDeviation: deviation)
            case .xavier: .inverseRootN
            case .he: .varianceScaling(scale: 2, distribution: .normal)
            case .slope: .varianceScaling(scale: 16, distribution: .normal)
            case .glorot: .glorotUniform
            }
        }
    }

    /// The hidden layers.
    var depth: Int
    /// The units of each.
    var units = 100
    var activation: DenseStack.Activation = .relu
    var start: Start = .he
    /// Batch normalization between each hidden layer and its activation.
    var isNormalized = false
    /// The small number that keeps the divisor of the normalization from 0.
    var epsilon = 1e-3
    /// From the second hidden layer on the input of each is added to its output.
    var hasSkips = false
    /// The size of the random shift and scale that each normalized unit gets anew in every step.
    var noise = 0.0

    /// The hidden layers, one after the other; each begins with its kernel.
    var hidden: [any Layer] {
        (0..<depth).map { index in
            let layers = layer(isActivated: true)
            return hasSkips && index > 0 ? Residual(body: Sequential(layers)) : Sequential(layers)
        }
    }

    /// The part of the model up to what the activation of a hidden layer receives, with the same weights.
    func part(before layer: Int) -> Sequential {
        Sequential([Flatten()] + hidden.prefix(layer) + [Sequential(self.layer(isActivated: false))])
    }

    /// The model: the hidden layers and a head of ten classes.
    var model: Sequential {
        Sequential([Flatten()] + hidden + [Dense(10, kernelInitializer: start.initializer)])
    }

    private func layer(isActivated: Bool) -> [any Layer] {
        let activation = isActivated ? activation.layer : .linear
        guard isNormalized else {
            return [Dense(units, activation: activation, kernelInitializer: start.initializer)]
        }
        var layers: [any Layer] = [
            Dense(units, useBias: false, kernelInitializer: start.initializer),
            BatchNorm(momentum: 0.9, epsilon: epsilon),
        ]
        if noise > 0 { layers.append(DeepNet.shifting(noise)) }
        return layers + [ActivationLayer(activation)]
    }

    /// In training y = s x + m, where s and m of each unit are drawn anew in every step, and moved a little for each sample: inputs of
    /// the next layer whose distribution never rests. With 0.5 the numbers are those of Santurkar et al. (2018).
    private static func shifting(_ size: Double) -> some Layer {
        Lambda("shifting") { x, context in
            guard context.mode == .training else { return x }
            let unit: Shape = [1, x.shape[-1]]
            let shift = context.uniform(unit, low: -size, high: size)
            let scale = context.uniform(unit, low: 1, high: 1 + size / 2)
            let samples = context.uniform(x.shape, low: -size / 5, high: size / 5)
            return x * (scale + context.normal(x.shape, standardDeviation: size / 5)) + shift + samples
        }
    }
}
