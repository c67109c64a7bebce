import ApusGraph
import ApusTensor

/// A layer that normalizes each sample by itself: what such layers have in common.
///
/// They compute in the numbers that sums are taken in, for eight bits are too few for a mean and what is left without it.
protocol SampleNormalization: CheckedLayer {
    /// A small number that keeps divisors from 0.
    var epsilon: Double { get }
    /// y for x in float32 or more, of its shape.
    func normalized(_ x: Tensor, in context: Context) -> Tensor
}

extension SampleNormalization {
    func check(_ check: inout Check, _ x: Tensor) {
        check.expectEpsilon(epsilon)
        check.expectChannels()
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        normalized(x.cast(to: x.elementType.accumulator), in: context).cast(to: x.elementType)
    }
}

extension Context {
    /// The scale γ of a normalization, or ones.
    func scale(_ shape: Shape, _ type: ElementType, isUsed: Bool) -> Tensor {
        isUsed ? parameter("gamma", shape: shape, initializer: .ones) : Tensor.ones(shape, type: type)
    }

    /// The offset β of a normalization, or zeros.
    func offset(_ shape: Shape, _ type: ElementType, isUsed: Bool) -> Tensor {
        isUsed ? parameter("beta", shape: shape, initializer: .zeros) : Tensor.zeros(shape, type: type)
    }
}
