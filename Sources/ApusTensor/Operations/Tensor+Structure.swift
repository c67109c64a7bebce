public import ApusGraph

extension Tensor {
    /// Negative axes count from the end; one that is out of range stays so and is reported by the operation.
    func normalized(_ axis: Int) -> Int { axis < 0 ? axis + rank : axis }

    func normalized(_ axes: [Int]?) -> [Int] { axes.map { $0.map(normalized) } ?? Array(0..<rank) }

    /// A tensor that carries a problem of an operation on this one, or those that this one carries already.
    func invalid(_ message: String, in operation: String) -> Tensor {
        problems.isEmpty ? Tensor(Node(problem: message, operation: operation)) : self
    }

    // MARK: Movement

    /// The elements in the same row-major order under another shape (`reshape`, `view`); one extent may be −1: what is left.
    public func reshaped(to shape: Shape) -> Tensor {
        var shape = shape
        if let free = shape.dimensions.firstIndex(of: -1), shape.dimensions.filter({ $0 == -1 }).count == 1 {
            let rest = shape.dimensions.filter { $0 != -1 }.product
            if rest > 0, count % rest == 0 { shape.dimensions[free] = count / rest }
        }
        return Tensor(.reshape(shape), [node])
    }

    /// The axes in another order, y.shape[i] = x.shape[permutation[i]]; reversed if none is given (`transpose` of NumPy and JAX,
    /// `permute` of PyTorch).
    public func transposed(_ permutation: [Int]? = nil) -> Tensor {
        Tensor(.transpose(permutation.map { $0.map(normalized) } ?? Array((0..<rank).reversed())), [node])
    }

    /// The tensor stretched to a shape: aligned at the last axis, new axes and those of extent 1 repeat (`broadcast_to`, PyTorch's
    /// `expand`).
    public func broadcast(to shape: Shape) -> Tensor { Tensor(.broadcast(shape), [node]) }

    /// The tensor with a new axis of extent 1 (`expand_dims` of NumPy and JAX, `unsqueeze` of PyTorch).
    public func expandingShape(at axis: Int) -> Tensor {
        var dimensions = shape.dimensions
        let position = axis < 0 ? axis + rank + 1 : axis
        guard (0...rank).contains(position) else {
            return invalid("axis \(axis) is outside the shape \(shape)", in: "expandingShape")
        }
        dimensions.insert(1, at: position)
        return reshaped(to: Shape(dimensions))
    }

    /// The tensor without an axis of extent 1 (`squeeze`).
    public func squeezingShape(at axis: Int) -> Tensor {
        let position = normalized(axis)
        guard shape.dimensions.indices.contains(position), shape[position] == 1 else {
            return invalid("axis \(axis) of shape \(shape) has not extent 1", in: "squeezingShape")
        }
        var dimensions = shape.dimensions
        dimensions.remove(at: position)
        return reshaped(to: Shape(dimensions))
    }

    /// The tensor with all axes in one (`ravel`, `flatten`).
    public func flattened() -> Tensor { reshaped(to: [count]) }

    /// The elements in reverse order along the axes (`flip`, `flipped`).
    public func reversed(axes: [Int]) -> Tensor { Tensor(.reverse(axes: normalized(axes)), [node]) }

    /// The tensor with a constant around it (`pad`): of each axis, how many to put before and behind, first axis first.
    ///
    /// PyTorch's `pad` counts from the last axis.
    public func padded(_ padding: [(low: Int, high: Int)], value: Double = 0) -> Tensor {
        Tensor(.pad(padding.map { AxisPadding(low: $0.low, high: $0.high) }, value: .floating(value)), [node])
    }

    /// Tensors joined along an axis, in the widest of their element types (`concatenate` of NumPy and JAX, `cat` of PyTorch).
    public static func concatenated(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
        let joined = tensors.reduce(tensors.first?.elementType ?? .float32) { ElementType.promoted($0, $1.elementType) }
        let parts = tensors.map { $0.elementType == joined ? $0 : $0.cast(to: joined) }
        return Tensor(.concatenate(axis: tensors.first?.normalized(axis) ?? axis), parts.map(\.node))
    }

    /// Tensors of one shape joined along a new axis (`stack`).
    public static func stacked(_ tensors: [Tensor], axis: Int = 0) -> Tensor {
        concatenated(tensors.map { $0.expandingShape(at: axis) }, axis: axis)
    }

    // MARK: Indexing

    /// The slices at the given indices along an axis (`take` of NumPy and JAX, `index_select` of PyTorch).
    ///
    /// The axis makes way for those of the indices: x [..., n, ...] and indices [...] of integers in 0..<n, where a number
    /// outside is an error when it runs. PyTorch's `gather` is another function, `gatheredAlong`.
    public func gathered(_ indices: Tensor, axis: Int = 0) -> Tensor {
        Tensor(.gather(axis: normalized(axis)), [node, indices.node])
    }

    /// One element a position along an axis (`take_along_axis` of NumPy and JAX, `gather` of PyTorch).
    ///
    /// The indices, integers in 0..<n, have the tensor's shape but for the axis: y[i, j] = x[indices[i, j], j] for axis 0.
    /// Whole slices at indices are `gathered`.
    public func gatheredAlong(_ indices: Tensor, axis: Int) -> Tensor {
        Tensor(.gatherAlong(axis: normalized(axis)), [node, indices.node])
    }

    /// Zeros of extent `size` along the axis, with each slice of this tensor added at its index (`index_add` of PyTorch,
    /// `segment_sum` and `.at[].add` of JAX, `add.at` of NumPy).
    public func scatterAdded(_ indices: Tensor, size: Int, axis: Int = 0) -> Tensor {
        Tensor(.scatterAdd(axis: normalized(axis), size: size), [node, indices.node])
    }

    /// 1 at each index along a new last axis, else 0 (`one_hot`); the indices are integers in 0..<classes.
    public func oneHot(classes: Int, type: ElementType = .float32) -> Tensor {
        Tensor(.oneHot(classes: classes, type), [node])
    }

    // MARK: Reductions

    private func reduced(_ reduction: Reduction, _ axes: [Int]?, _ keepingAxes: Bool) -> Tensor {
        let axes = normalized(axes)
        guard !axes.isEmpty else {
            // Nothing to reduce, but the same rules for element types.
            return Tensor(.reduce(reduction, axes: [shape.rank]), [reshaped(to: Shape(shape.dimensions + [1])).node])
        }
        let result = Tensor(.reduce(reduction, axes: axes), [node])
        guard keepingAxes, result.problems.isEmpty else { return result }
        return result.reshaped(to: Shape(shape.dimensions.indices.map { axes.contains($0) ? 1 : shape[$0] }))
    }

    /// The sum over axes, over all of them if `nil`; integers keep their type and wrap around.
    ///
    /// As with every reduction, negative axes count from the end, and reduced axes vanish or, with `keepingAxes` (`keepdims`,
    /// PyTorch's `keepdim`), stay with extent 1, so that the result broadcasts beside the tensor.
    public func sum(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor { reduced(.sum, axes, keepingAxes) }
    /// The mean over axes of a floating-point tensor; NaN over an empty axis.
    public func mean(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor { reduced(.mean, axes, keepingAxes) }
    /// The largest element over axes (`max`, `amax`), NaN if there is one; equal ones share the gradient. An empty axis is an
    /// error.
    public func max(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor { reduced(.maximum, axes, keepingAxes) }
    /// The least element over axes (`min`, `amin`), NaN if there is one; equal ones share the gradient. An empty axis is an error.
    public func min(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor { reduced(.minimum, axes, keepingAxes) }
    /// The product over axes (`prod`); 1 over an empty axis. Integers keep their type.
    public func product(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        reduced(.product, axes, keepingAxes)
    }
    /// Whether any element of a bool tensor holds, over axes; `false` over an empty axis.
    public func any(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor { reduced(.any, axes, keepingAxes) }
    /// Whether all elements of a bool tensor hold, over axes; `true` over an empty axis.
    public func all(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor { reduced(.all, axes, keepingAxes) }

    /// The mean squared distance from the mean (`var`), divided by the number of elements N, as in NumPy and JAX; PyTorch
    /// divides by N − 1.
    public func variance(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        square(self - mean(axes: axes, keepingAxes: true)).mean(axes: axes, keepingAxes: keepingAxes)
    }

    /// The root of the variance (`std`), divided by the number of elements N, as in NumPy and JAX; PyTorch divides by N − 1.
    ///
    /// Its gradient is NaN where the variance is 0.
    public func standardDeviation(axes: [Int]? = nil, keepingAxes: Bool = false) -> Tensor {
        sqrt(variance(axes: axes, keepingAxes: keepingAxes))
    }

    /// The index of the first maximum along an axis, as int64 (`argmax`); the first NaN counts as the maximum.
    public func argmax(axis: Int = -1) -> Tensor { Tensor(.argReduce(.argmax, axis: normalized(axis)), [node]) }
    /// The index of the first minimum along an axis, as int64 (`argmin`); the first NaN counts as the minimum.
    public func argmin(axis: Int = -1) -> Tensor { Tensor(.argReduce(.argmin, axis: normalized(axis)), [node]) }

    /// Sums of the elements up to each one along an axis (`cumsum`); without the element itself if exclusive, from the end if
    /// reverse.
    public func cumulativeSum(axis: Int = -1, exclusive: Bool = false, reverse: Bool = false) -> Tensor {
        Tensor(.cumulativeSum(axis: normalized(axis), exclusive: exclusive, reverse: reverse), [node])
    }

    /// The indices that sort the tensor along an axis, as int64; equal elements keep their order, and NaN counts as the largest.
    public func argsort(axis: Int = -1, descending: Bool = false) -> Tensor {
        let axis = normalized(axis)
        let count = shape.dimensions.indices.contains(axis) ? shape[axis] : 0
        return Tensor(.argsort(axis: axis, descending: descending, count: count), [node])
    }

    /// The elements in order along an axis (`sort`); NaN counts as the largest.
    public func sorted(axis: Int = -1, descending: Bool = false) -> Tensor {
        gatheredAlong(argsort(axis: axis, descending: descending), axis: axis)
    }

    /// The k largest elements along an axis, largest first, and their indices (`topk`, JAX's `top_k`); NaN counts as the largest.
    public func topK(_ k: Int, axis: Int = -1) -> (values: Tensor, indices: Tensor) {
        let indices = Tensor(.argsort(axis: normalized(axis), descending: true, count: k), [node])
        return (gatheredAlong(indices, axis: axis), indices)
    }

    // MARK: Linear algebra

    /// The matrix product [..., m, k] × [..., k, n] → [..., m, n] (`matmul`, Python's `@`).
    ///
    /// Leading axes are broadcast against each other. A vector counts as one row on the left and as one column on the right,
    /// and that axis vanishes from the result; two vectors make a scalar. Floating-point tensors only.
    public func matmul(_ other: Tensor) -> Tensor {
        switch (rank, other.rank) {
        case (1, 1): (reshaped(to: [1, count]).matmul(other.reshaped(to: [other.count, 1]))).reshaped(to: [])
        case (1, 2...): reshaped(to: [1, count]).matmul(other).squeezingShape(at: -2)
        case (2..., 1): matmul(other.reshaped(to: [other.count, 1])).squeezingShape(at: -1)
        default: Tensor(tracking: Node.matmul(asFactor.node, other.asFactor.node))
        }
    }
}

// MARK: Functions of deep learning

/// exp(x) / Σ exp(x) along an axis.
public func softmax(_ x: Tensor, axis: Int = -1) -> Tensor { Tensor(.softmax(axis: x.normalized(axis)), [x.node]) }

/// log softmax(x) along an axis, accurate where the probability is tiny.
public func logSoftmax(_ x: Tensor, axis: Int = -1) -> Tensor {
    Tensor(.logSoftmax(axis: x.normalized(axis)), [x.node])
}

/// The mean over the batch of −log softmax(logits)[label]; logits [N, C], labels [N].
public func softmaxCrossEntropy(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    Tensor(.softmaxCrossEntropy, [logits.node, labels.node]).mean()
}

/// The mean of (prediction − target)² over all elements.
public func meanSquaredError(_ prediction: Tensor, _ target: Tensor) -> Tensor {
    square(prediction - target).mean()
}
