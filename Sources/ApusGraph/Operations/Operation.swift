/// A primitive with its attributes.
///
/// Each case takes the inputs in the order given and has one result. Shapes: `Inference.swift`; gradients: `Gradients/`;
/// cost: `Cost.swift`; meaning: `ApusReference`.
package enum Operation: Hashable, Sendable {
    // MARK: Leaves
    /// A value given from outside. The name serves error messages and plans; identity is the node's.
    case input(String, TensorType)
    /// One number in every element.
    case constant(Scalar, TensorType)
    /// The index along an axis.
    case iota(axis: Int, TensorType)
    /// (key: int64 [2]) → random numbers; a pure function of key, stream and element index.
    case random(RandomDistribution, stream: UInt64, TensorType)

    // MARK: Elementwise
    /// (x) → the operation on each element.
    case unary(UnaryOperation)
    /// (a, b) of one type and shape.
    case binary(BinaryOperation)
    /// (condition: bool, a, b) → a where the condition holds, else b.
    case select
    /// (x) → min(max(x, low), high)
    case clamp(low: Scalar, high: Scalar)
    /// (x) → x in another type: the nearest number; cut and saturated where floating point becomes an integer, NaN 0;
    /// wrapped around between integers; whether x ≠ 0 for bool.
    case cast(ElementType)
    /// (x) → x, whose gradient is zero.
    case stopGradient

    // MARK: Movement
    /// (x) → the same elements in row-major order under another shape.
    case reshape(Shape)
    /// (x) → y with `y.shape[i] = x.shape[permutation[i]]`.
    case transpose([Int])
    /// (x) → x stretched as NumPy broadcasts it.
    case broadcast(Shape)
    /// (x) → every `stride`-th element from `start`, `count` of them, along each axis.
    case slice([AxisSlice])
    /// (x) → x with `low` elements of a constant before and `high` after, along each axis.
    case pad([AxisPadding], value: Scalar)
    /// (x…) → joined along an axis.
    case concatenate(axis: Int)
    /// (x) → x with the order of elements reversed along the axes.
    case reverse(axes: [Int])

    // MARK: Indexing
    /// (x, indices) → `x[..., indices, ...]` along an axis (NumPy's `take`).
    case gather(axis: Int)
    /// (updates, indices) → zeros of extent `size` along the axis, with each update added at its index.
    case scatterAdd(axis: Int, size: Int)
    /// (x, indices of x's rank) → NumPy's `take_along_axis`.
    case gatherAlong(axis: Int)
    /// (updates, indices) → the adjoint of `gatherAlong`.
    case scatterAddAlong(axis: Int, size: Int)
    /// (indices) → 1 at the index along a new last axis, else 0.
    case oneHot(classes: Int, ElementType)

    // MARK: Reductions
    /// (x) → reduced over the axes, which vanish.
    case reduce(Reduction, axes: [Int])
    /// (x) → int64 index of the first extreme element along an axis, which vanishes.
    case argReduce(ArgReduction, axis: Int)
    /// (x) → the sum up to each element along the axis, without the element if exclusive, from the end if reverse.
    case cumulativeSum(axis: Int, exclusive: Bool, reverse: Bool)
    /// (x) → int64 indices that sort x along the axis (stable), the first `count` of them.
    case argsort(axis: Int, descending: Bool, count: Int)

    // MARK: Linear algebra
    /// (a: [..., m, k], b: [..., k, n]) → [..., m, n]; equal leading dimensions.
    case matmul
    /// (x: [N, H, W, C], kernel: [kh, kw, C / groups, O]) → [N, H', W', O]
    case convolution(ConvolutionGeometry)
    /// (gradient: [N, H', W', O], kernel) → gradient to the input, whose image size is given.
    case convolutionInputGradient(ConvolutionGeometry, image: ImageSize)
    /// (x, gradient: [N, H', W', O]) → gradient to the kernel, whose window size is given.
    case convolutionKernelGradient(ConvolutionGeometry, window: ImageSize)
    /// (a: [..., m, n]) → what `Factorization` says, of each matrix.
    case factorize(Factorization)
    /// (a: [..., n, n], b: [..., n, m]) → x with a x = b: [..., n, m]; equal leading dimensions.
    case solve(SystemMatrix)

    // MARK: Pooling
    /// (x: [N, H, W, C]) → [N, H', W', C]; padding is never the maximum.
    case maxPool(PoolGeometry)
    /// (x, gradient) → gradient to x: to the first maximum of each window in row-major order.
    case maxPoolGradient(PoolGeometry)
    /// (x, v) → v at the first maximum of each window of x: the adjoint of `maxPoolGradient`.
    case maxPoolSelect(PoolGeometry)
    /// (x: [N, H, W, C]) → [N, H', W', C]: the mean of each window.
    case averagePool(PoolGeometry)
    /// (gradient) → gradient to the input, whose image size is given.
    case averagePoolGradient(PoolGeometry, image: ImageSize)

    // MARK: Normalization
    /// (x: [..., C]) → [2, C]: mean and biased variance of each channel.
    case channelMoments
    /// (x: [..., C], scale, offset, mean, variance: [C]) → (x − mean) / √(variance + ε) · scale + offset
    case batchNorm(epsilon: Double)
    /// (x: [..., C], scale, offset: [C], moments = channelMoments(x)) → as `batchNorm`; the gradient to x includes the moments'.
    case batchNormTraining(epsilon: Double)
    /// (x, gradient, moments) → [2, C]: gradients to scale and offset.
    case batchNormParameterGradient(epsilon: Double)
    /// (x, gradient, scale, moments, parameter gradient: [2, C]) → gradient to x of `batchNormTraining`.
    case batchNormInputGradient(epsilon: Double)
    /// (x: [..., C], scale, offset: [C]) → normalized over the last axis, then scaled and shifted.
    case layerNorm(epsilon: Double)

    // MARK: Softmax
    /// (x) → eˣ / Σ eˣ along the axis.
    case softmax(axis: Int)
    /// (x) → log softmax(x) along the axis.
    case logSoftmax(axis: Int)
    /// (logits: [N, C], labels: integers [N]) → −log softmax(logits)[label]: [N]
    case softmaxCrossEntropy
    /// (logits, labels, gradient: [N]) → (softmax(logits) − oneHot(labels)) · gradient: [N, C]
    case softmaxCrossEntropyGradient

    // MARK: Attention
    /// (queries: [N, T, heads, size], keys: [N, S, groups, size], values: [N, S, groups, depth]) → [N, T, heads, depth]: values
    /// weighed by softmax(scale · query · key); each group serves as many heads that follow each other. With a mask a fourth operand.
    case attention(AttentionForm)
    /// (queries, keys, values, result, gradient: [N, T, heads, depth]) → the gradient to one of the first three. With a mask a sixth
    /// operand.
    case attentionGradient(AttentionForm, of: AttentionOperand)

    // MARK: Loops
    /// (initial values of what is carried, sequences [T, ...], constants) → what `ScanBody` says, in one row.
    case scan(ScanBody)
}

/// Elementwise operations of two operands.
package enum BinaryOperation: String, Sendable, Hashable, CaseIterable {
    case add, subtract, multiply, divide, power, minimum, maximum, remainder
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    case logicalAnd, logicalOr, logicalXor

    /// Whether the result is `bool` whatever the operands are.
    package var isComparison: Bool {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
        default: false
        }
    }

    /// Whether operands and result are `bool`.
    package var isLogical: Bool {
        switch self {
        case .logicalAnd, .logicalOr, .logicalXor: true
        default: false
        }
    }
}

/// Ways to reduce axes to one value.
package enum Reduction: String, Sendable, Hashable, CaseIterable {
    case sum, mean, maximum, minimum, product, any, all
}

/// Ways to find an index along an axis.
package enum ArgReduction: String, Sendable, Hashable, CaseIterable {
    case argmax, argmin
}

/// Distributions of the random primitive.
package enum RandomDistribution: Hashable, Sendable {
    /// Uniform in [low, high).
    case uniform(low: Double, high: Double)
    /// Normal; the standard deviation is ≥ 0.
    case normal(mean: Double, standardDeviation: Double)
    /// Normal, cut at two standard deviations.
    case truncatedNormal(mean: Double, standardDeviation: Double)
    /// `true` with the given probability.
    case bernoulli(probability: Double)
}
