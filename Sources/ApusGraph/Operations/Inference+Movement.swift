extension Inference {
    func movement() -> TensorType {
        guard let x = inputs.first else {
            problems.append("needs at least one tensor")
            return Self.unknown
        }
        switch operation {
        case .reshape(let shape):
            expect(
                shape.count == x.shape.count && shape.dimensions.allSatisfy { $0 >= 0 },
                "a tensor of shape \(x.shape) has \(x.shape.count) elements, which shape \(shape) can't hold")
            return TensorType(shape, x.elementType)
        case .transpose(let permutation):
            guard permutation.sorted() == Array(0..<x.shape.rank) else {
                problems.append("\(permutation) is not a permutation of the \(x.shape.rank) axes of shape \(x.shape)")
                return Self.unknown
            }
            return TensorType(Shape(permutation.map { x.shape[$0] }), x.elementType)
        case .broadcast(let shape):
            expect(
                Shape.broadcast(x.shape, shape) == shape,
                "shape \(x.shape) does not stretch to \(shape): aligned at the last axis, each extent must be equal or 1"
            )
            return TensorType(shape, x.elementType)
        case .slice(let slices): return slice(slices, of: x)
        case .pad(let padding, _): return pad(padding, x)
        case .concatenate(let axis): return concatenate(axis)
        case .reverse(let axes):
            checkAxes(axes, x.shape)
            return x
        default: preconditionFailure("\(operation.name) is not a movement")
        }
    }

    private func slice(_ slices: [AxisSlice], of x: TensorType) -> TensorType {
        guard slices.count == x.shape.rank else {
            problems.append("\(slices.count) ranges for the \(x.shape.rank) axes of shape \(x.shape)")
            return Self.unknown
        }
        for (axis, slice) in slices.enumerated() {
            let last = slice.start +| (slice.count -| 1) *| slice.stride
            expect(
                slice.stride > 0 && slice.count >= 0 && slice.start >= 0
                    && (slice.count == 0 ? slice.start <= x.shape[axis] : last < x.shape[axis]),
                "\(slice.count) elements from \(slice.start) by \(slice.stride) leave axis \(axis) of shape \(x.shape)")
        }
        return TensorType(Shape(slices.map { max(0, $0.count) }), x.elementType)
    }

    private func pad(_ padding: [AxisPadding], _ x: TensorType) -> TensorType {
        guard padding.count == x.shape.rank else {
            problems.append("\(padding.count) paddings for the \(x.shape.rank) axes of shape \(x.shape)")
            return Self.unknown
        }
        expect(
            padding.allSatisfy { $0.low >= 0 && $0.high >= 0 },
            "padding can't be negative; use a slice to remove elements")
        return TensorType(
            Shape(zip(x.shape.dimensions, padding).map { $0 +| max(0, $1.low) +| max(0, $1.high) }), x.elementType)
    }

    private func concatenate(_ axis: Int) -> TensorType {
        let first = inputs[0]
        checkAxis(axis, first.shape)
        guard problems.isEmpty else { return Self.unknown }
        var total = 0
        for (index, input) in inputs.enumerated() {
            let fits =
                input.shape.rank == first.shape.rank && input.elementType == first.elementType
                && input.shape.removing([axis]) == first.shape.removing([axis])
            expect(fits, "tensor \(index) is \(input), which differs from \(first) in more than axis \(axis)")
            if fits { total = total +| input.shape[axis] }
        }
        var shape = first.shape
        shape[axis] = total
        return TensorType(shape, first.elementType)
    }

    func indexing() -> TensorType {
        let x = inputs[0]
        switch operation {
        case .gather(let axis):
            checkAxis(axis, x.shape)
            expectInteger(1, "indices")
            guard problems.isEmpty else { return Self.unknown }
            let dimensions = x.shape.dimensions
            return TensorType(
                Shape(Array(dimensions[..<axis]) + inputs[1].shape.dimensions + Array(dimensions[(axis + 1)...])),
                x.elementType)
        case .scatterAdd(let axis, let size):
            let indices = inputs[1].shape
            expectNumber(0)
            expectInteger(1, "indices")
            guard axis >= 0, axis +| indices.rank <= x.shape.rank,
                Array(x.shape.dimensions[axis..<(axis + indices.rank)]) == indices.dimensions
            else {
                problems.append("updates of shape \(x.shape) do not have the indices' shape \(indices) at axis \(axis)")
                return Self.unknown
            }
            var dimensions = x.shape.dimensions
            dimensions.replaceSubrange(axis..<(axis + indices.rank), with: [size])
            return TensorType(Shape(dimensions), x.elementType)
        case .gatherAlong(let axis), .scatterAddAlong(let axis, _):
            checkAxis(axis, x.shape)
            expectInteger(1, "indices")
            guard problems.isEmpty else { return Self.unknown }
            let indices = inputs[1].shape
            if case .scatterAddAlong(_, let size) = operation {
                expectNumber(0)
                expectShape(1, x.shape, "indices")
                var shape = x.shape
                shape[axis] = size
                return TensorType(shape, x.elementType)
            }
            expect(
                indices.rank == x.shape.rank && indices.flattening([axis]) == x.shape.flattening([axis]),
                "indices of shape \(indices) do not fit \(x.shape) except along axis \(axis)")
            return TensorType(indices, x.elementType)
        case .oneHot(let classes, let type):
            expectInteger(0, "indices")
            expect(classes > 0, "the number of classes must be positive, received \(classes)")
            return TensorType(Shape(x.shape.dimensions + [max(classes, 0)]), type)
        default: preconditionFailure("\(operation.name) is not an indexing operation")
        }
    }

    func reduction() -> TensorType {
        let x = inputs[0]
        switch operation {
        case .reduce(let reduction, let axes):
            checkAxes(axes, x.shape)
            switch reduction {
            case .any, .all: expect(x.elementType == .bool, "expected a bool tensor but received \(x)")
            case .mean: expectFloatingPoint(0)
            case .sum, .product: expectNumber(0)
            case .maximum, .minimum:
                expectNumber(0)
                guard problems.isEmpty else { return Self.unknown }
                expect(
                    axes.allSatisfy { x.shape[$0] > 0 },
                    "no \(reduction.rawValue) of an empty axis: axes \(axes) of shape \(x.shape)")
            }
            guard problems.isEmpty else { return Self.unknown }
            return TensorType(x.shape.removing(axes), x.elementType)
        case .argReduce(_, let axis):
            checkAxis(axis, x.shape)
            expectNumber(0)
            guard problems.isEmpty else { return Self.unknown }
            expect(x.shape[axis] > 0, "no extreme of an empty axis: axis \(axis) of shape \(x.shape)")
            return TensorType(x.shape.removing([axis]), .int64)
        case .cumulativeSum(let axis, _, _):
            checkAxis(axis, x.shape)
            expectNumber(0)
            return x
        case .argsort(let axis, _, let count):
            checkAxis(axis, x.shape)
            expectNumber(0)
            guard problems.isEmpty else { return Self.unknown }
            expect(
                (0...x.shape[axis]).contains(count),
                "\(count) elements of axis \(axis), which has \(x.shape[axis])")
            var shape = x.shape
            shape[axis] = count
            return TensorType(shape, .int64)
        default: preconditionFailure("\(operation.name) is not a reduction")
        }
    }
}
