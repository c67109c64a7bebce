import ApusGraph
import ApusTensor

extension ONNXOperators {
    /// Elements by their places.
    static let indexing: [String: Operator] = [
        "Gather": { call in
            let (x, indices) = (try call.input(0), try call.input(1))
            let axis = try call.axis(try call.int("axis", 0), of: x.rank)
            return [ONNXValue(x.plain.gathered(fromStart(indices.plain, x.shape[axis]), axis: axis), x.type)]
        },
        "GatherElements": { call in
            let (x, indices) = (try call.input(0), try call.input(1))
            let axis = try call.axis(try call.int("axis", 0), of: x.rank)
            try call.demand(indices.rank == x.rank, "\(indices.rank) axes of indices for \(x.rank)")
            var cut = x
            for other in 0..<x.rank where other != axis {
                try call.demand(indices.shape[other] <= x.shape[other], "the indices are greater than the tensor")
                cut = cut.sliced(axis: other, 0, indices.shape[other])
            }
            return [
                ONNXValue(cut.plain.gatheredAlong(fromStart(indices.plain, x.shape[axis]), axis: axis), x.type)
            ]
        },
        "OneHot": { call in
            let (indices, values) = (try call.input(0), try call.input(2))
            let depth = Int(exactly: try call.numbers(try call.input(1), "the depth").first?.rounded() ?? 0) ?? 0
            try call.demand(
                (1...1 << 24).contains(depth) && values.count == 2,
                "expected a depth and two values, received \(depth) and \(values.count)")
            let axis = try call.axis(try call.int("axis", -1), of: indices.rank + 1)
            let places = fromStart(indices.plain.cast(to: .int64), depth).expandingShape(at: axis)
            var shape = indices.shape
            shape.insert(depth, at: axis)
            let isHot = Tensor(.iota(axis: axis, TensorType(try call.checked(shape), .int64)), []) .== places
            let pair = values.plain.reshaped(to: [2])
            return [ONNXValue(select(isHot, pair[1], pair[0]), values.type)]
        },
        "TopK": { call in
            let x = try call.input()
            let count = try call.int("k") ?? call.optional(1).flatMap { try call.known($0, "k").first } ?? 0
            let axis = try call.axis(try call.int("axis", -1), of: x.rank)
            let place = x.place(axis)
            let isLargest = try call.int("largest", 1) != 0
            try call.demand((0...x.shape[axis]).contains(count), "\(count) of \(x.shape[axis]) elements")
            let indices = Tensor(.argsort(axis: place, descending: isLargest, count: count), [x.tensor.node])
            return [x.map { $0.gatheredAlong(indices, axis: place) }, x.with(indices, .int64)]
        },
        "ArgMax": extreme { $0.argmax(axis: $1) },
        "ArgMin": extreme { $0.argmin(axis: $1) },
        "CumSum": { call in
            let x = try call.input()
            let axis = try call.axis(try call.known(try call.input(1), "the axis").first ?? 0, of: x.rank)
            let place = x.place(axis)
            let (exclusive, reverse) = (try call.int("exclusive", 0) != 0, try call.int("reverse", 0) != 0)
            return [x.map { $0.cumulativeSum(axis: place, exclusive: exclusive, reverse: reverse) }]
        },
    ]

    /// Indices from 0: negative ones count from the end.
    static func fromStart(_ indices: Tensor, _ extent: Int) -> Tensor {
        select(indices .< 0, indices + extent, indices)
    }

    private static func extreme(_ find: @escaping @Sendable (Tensor, Int) -> Tensor) -> Operator {
        { call in
            let x = try call.input()
            let axis = try call.axis(try call.int("axis", 0), of: x.rank)
            let isLast = try call.int("select_last_index", 0) != 0
            let plain = x.plain
            let found =
                isLast
                ? Tensor.full([], Double(x.shape[axis] - 1), type: .int64) - find(plain.reversed(axes: [axis]), axis)
                : find(plain, axis)
            return [ONNXValue(try call.int("keepdims", 1) != 0 ? found.expandingShape(at: axis) : found, .int64)]
        }
    }
}
