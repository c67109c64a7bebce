import ApusGraph

/// Where the elements of a tensor are within a value's memory: element (i, j, …) at `offset + i · strides[0] + …`.
struct Access {
    var value: ValueID
    var shape: Shape
    /// In elements; 0 along stretched axes, negative along reversed ones.
    var strides: [Int]
    var offset: Int

    /// A whole value in row-major order.
    init(_ value: ValueID, _ shape: Shape) {
        self.value = value
        self.shape = shape
        strides = shape.strides
        offset = 0
    }

    /// Whether the elements lie in row-major order without gaps, from the value's start.
    var isContiguous: Bool { offset == 0 && hasNoGaps }

    /// Whether the elements lie in row-major order without gaps.
    var hasNoGaps: Bool {
        zip(zip(shape.dimensions, strides), shape.strides).allSatisfy { $0.0 == 1 || $0.1 == $1 }
    }

    /// Axes and strides without axes of extent 1, neighbours joined where one runs on into the next.
    var collapsed: (dimensions: [Int], strides: [Int]) {
        var dimensions: [Int] = []
        var steps: [Int] = []
        for (extent, stride) in zip(shape.dimensions, strides) where extent != 1 {
            if let last = steps.last, last == stride * extent {
                dimensions[dimensions.count - 1] *= extent
                steps[steps.count - 1] = stride
            } else {
                dimensions.append(extent)
                steps.append(stride)
            }
        }
        return (dimensions, steps)
    }

    func transposed(_ permutation: [Int]) -> Access {
        var result = self
        result.shape = Shape(permutation.map { shape[$0] })
        result.strides = permutation.map { strides[$0] }
        return result
    }

    func broadcast(to target: Shape) -> Access {
        var result = self
        let added = target.rank - shape.rank
        result.shape = target
        result.strides = target.dimensions.indices.map { axis in
            axis < added || (shape.dimensions[axis - added] == 1 && target.dimensions[axis] != 1)
                ? 0 : strides[axis - added]
        }
        return result
    }

    func sliced(_ slices: [AxisSlice]) -> Access {
        var result = self
        for (axis, slice) in slices.enumerated() {
            result.offset += slice.start * strides[axis]
            result.strides[axis] = strides[axis] * slice.stride
        }
        result.shape = Shape(slices.map(\.count))
        return result
    }

    func reversed(_ axes: [Int]) -> Access {
        var result = self
        for axis in axes {
            result.offset += (shape[axis] - 1) * strides[axis]
            result.strides[axis] = -strides[axis]
        }
        return result
    }

    /// The same elements in the same order under another shape, if no copy is needed for that.
    func reshaped(_ target: Shape) -> Access? {
        if hasNoGaps {
            var result = Access(value, target)
            result.offset = offset
            return result
        }
        // Only axes of extent 1 come or go.
        guard shape.dimensions.filter({ $0 != 1 }) == target.dimensions.filter({ $0 != 1 }) else { return nil }
        var rest = zip(shape.dimensions, strides).filter { $0.0 != 1 }.map(\.1)[...]
        var result = self
        result.shape = target
        result.strides = target.dimensions.map { $0 == 1 ? 0 : rest.removeFirst() }
        return result
    }
}
