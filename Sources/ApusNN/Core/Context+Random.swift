public import ApusGraph
public import ApusTensor

extension Context {
    /// A key of random numbers, another one with each call and in every step: `Tensor.normal([3], key: context.key)`.
    ///
    /// A key that a layer makes of a seed gives the same numbers in every step.
    public var key: RandomKey {
        trace.note(.draws, at: path)
        return RandomKey(trace.key.tensor, stream: trace.key.stream(of: trace.nextStream(path)))
    }

    /// `true` with the given probability, drawn anew in every step from the layer's own stream.
    public func bernoulli(_ shape: Shape, probability: Double) -> Tensor {
        random(.bernoulli(probability: probability), shape, .bool)
    }

    /// Normally distributed numbers, drawn anew in every step from the layer's own stream.
    public func normal(_ shape: Shape, mean: Double = 0, standardDeviation: Double = 1) -> Tensor {
        random(.normal(mean: mean, standardDeviation: standardDeviation), shape, .float32)
    }

    /// Numbers of low..<high that are equally likely, drawn anew in every step from the layer's own stream.
    public func uniform(_ shape: Shape, low: Double = 0, high: Double = 1) -> Tensor {
        random(.uniform(low: low, high: high), shape, .float32)
    }

    private func random(_ distribution: RandomDistribution, _ shape: Shape, _ type: ElementType) -> Tensor {
        let key = key
        return Tensor(.random(distribution, stream: key.stream, TensorType(shape, type)), [key.tensor.node])
    }
}
