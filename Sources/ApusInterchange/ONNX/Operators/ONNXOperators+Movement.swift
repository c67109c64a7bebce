import ApusConfiguration
import ApusGraph
import ApusTensor

extension ONNXOperators {
    /// Elements to other places.
    static let movement: [String: Operator] = [
        "Concat": { call in
            let values = try call.all()
            let axis = try call.axis(try call.int("axis", 1), of: values[0].rank)
            // Without elements there is nothing to join, whatever the other extents are.
            let (tensors, order) = ONNXValue.aligned(values)
            try call.demand(
                values.allSatisfy { $0.rank == values[0].rank }, "the tensors have different numbers of axes")
            let place = order.firstIndex(of: axis) ?? axis
            return [ONNXValue(Tensor.concatenated(tensors, axis: place), values[0].type, order: order)]
        },
        "Split": { call in
            let x = try call.input()
            let axis = try call.axis(try call.int("axis", 0), of: x.rank)
            let extent = x.shape[axis]
            let parts = try call.int("num_outputs", call.node.outputs.count)
            try call.demand((1...4096).contains(parts), "\(parts) parts are too few or too many")
            let size = (extent + parts - 1) / parts
            let sizes =
                try call.ints("split", orInput: 1)
                ?? (0..<parts).map { Swift.max(0, Swift.min(size, extent - $0 * size)) }
            try call.demand(
                sizes.allSatisfy { $0 >= 0 } && sizes.reduce(0, &+) == extent && sizes.count <= 4096,
                "the parts \(sizes) are not the axis of \(extent) together")
            var start = 0
            return sizes.map { size in
                defer { start += size }
                return x.sliced(axis: axis, start, size)
            }
        },
        "Slice": { [try sliced($0)] },
        "Pad": { [try padded($0)] },
        "Tile": { call in
            let x = try call.input()
            var repeats = try call.known(try call.input(1), "the repeats")
            // At first one axis was tiled, by two inputs.
            if call.version < 6, let axis = call.optional(2) {
                let place = try call.axis(try call.known(axis, "the axis").first ?? 0, of: x.rank)
                let count = repeats.first ?? 1
                repeats = Array(repeating: 1, count: x.rank)
                repeats[place] = count
            }
            try call.demand(
                repeats.count == x.rank && repeats.allSatisfy { $0 >= 0 },
                "expected \(x.rank) counts from 0, received \(repeats)")
            _ = try call.checked(zip(x.shape, repeats).map { $0 *| $1 })
            return [ONNXValue(x.plain.tiled(repeats), x.type)]
        },
        "Trilu": { call in
            let x = try call.input()
            let diagonal = try call.optional(1).map { try call.known($0, "the diagonal").first ?? 0 } ?? 0
            return [
                ONNXValue(
                    try call.int("upper", 1) != 0
                        ? triu(x.plain, diagonal: diagonal) : tril(x.plain, diagonal: diagonal),
                    x.type)
            ]
        },
    ]

    private static func sliced(_ call: ONNXCall) throws -> ONNXValue {
        let x = try call.input()
        guard let starts = try call.ints("starts", orInput: 1), let ends = try call.ints("ends", orInput: 2) else {
            throw ONNXProblem("starts or ends are missing")
        }
        let axes = try call.axes(try call.ints("axes", orInput: 3) ?? Array(starts.indices), of: x.rank)
        let steps = try call.optional(4).map { try call.known($0, "the steps") } ?? starts.map { _ in 1 }
        try call.demand(
            starts.count == ends.count && starts.count == axes.count && starts.count == steps.count,
            "\(starts.count) starts, \(ends.count) ends, \(axes.count) axes and \(steps.count) steps do not fit together"
        )
        var result = x
        for (index, axis) in axes.enumerated() {
            let (extent, step) = (result.shape[axis], steps[index])
            try call.demand(step != 0 && step > .min, "a step can't be \(step)")
            func bounded(_ bound: Int, _ range: ClosedRange<Int>) -> Int {
                Swift.min(Swift.max(bound < 0 ? bound + extent : bound, range.lowerBound), range.upperBound)
            }
            let range = step > 0 ? 0...extent : -1...Swift.max(-1, extent - 1)
            let (start, end) = (bounded(starts[index], range), bounded(ends[index], range))
            let length = step > 0 ? end - start : start - end
            let count = length > 0 ? (length - 1) / Swift.abs(step) + 1 : 0
            if step > 0 {
                result = result.sliced(axis: axis, count == 0 ? 0 : start, count, stride: step)
            } else {
                let last = count == 0 ? 0 : start + (count - 1) * step
                let place = result.place(axis)
                result = result.sliced(axis: axis, last, count, stride: -step).map { $0.reversed(axes: [place]) }
            }
        }
        return result
    }

    private static func padded(_ call: ONNXCall) throws -> ONNXValue {
        var x = try call.input()
        guard let pads = try call.ints("pads", orInput: 1) ?? call.ints("paddings") else {
            throw ONNXProblem("the pads are missing")
        }
        let axes =
            try call.optional(3).map { try call.axes(try call.known($0, "the axes"), of: x.rank) } ?? Array(0..<x.rank)
        try call.demand(
            pads.count == 2 * axes.count && pads.allSatisfy { Swift.abs($0 | 1) < 1 << 40 },
            "expected \(2 * axes.count) pads, received \(pads.count)")
        var edges = Array(repeating: (low: 0, high: 0), count: x.rank)
        for (index, axis) in axes.enumerated() { edges[axis] = (pads[index], pads[index + axes.count]) }
        // Negative pads cut.
        for (axis, edge) in edges.enumerated() where edge.low < 0 || edge.high < 0 {
            let (low, high) = (Swift.max(0, -edge.low), Swift.max(0, -edge.high))
            try call.demand(low + high <= x.shape[axis], "the pads cut more than axis \(axis) has")
            x = x.sliced(axis: axis, low, x.shape[axis] - low - high)
            edges[axis] = (Swift.max(0, edge.low), Swift.max(0, edge.high))
        }
        _ = try call.checked(zip(x.shape, edges).map { $0 + $1.low + $1.high })
        let mode = try call.string("mode", "constant")
        if mode == "constant" {
            let value =
                try call.optional(2).map { try call.numbers($0, "the value").first ?? 0 } ?? call.float("value", 0)
            let places = x.order.map { edges[$0] }
            return x.map { $0.padded(places, value: value) }
        }
        for (axis, edge) in edges.enumerated() where edge.low + edge.high > 0 {
            let extent = x.shape[axis]
            try call.demand(
                extent > 0 && edge.low + edge.high + extent < 1 << 24,
                "the axis \(axis) of \(extent) can't be padded so")
            let places = try (-edge.low..<extent + edge.high).map { position -> Int in
                switch mode {
                case "edge": return Swift.min(Swift.max(position, 0), extent - 1)
                case "wrap": return ((position % extent) + extent) % extent
                case "reflect":
                    guard extent > 1 else { return 0 }
                    let period = 2 * (extent - 1)
                    let place = ((position % period) + period) % period
                    return place < extent ? place : period - place
                default: throw ONNXProblem("the mode \(mode.quoted) is not known")
                }
            }
            let place = x.place(axis)
            x = x.map { $0.gathered(Tensor(places), axis: place) }
        }
        return x
    }
}

extension ONNXValue {
    /// A part of one axis.
    func sliced(axis: Int, _ start: Int, _ count: Int, stride: Int = 1) -> ONNXValue {
        let place = place(axis)
        guard start != 0 || stride != 1 || count != tensor.shape[place] else { return self }
        let slices = tensor.shape.dimensions.enumerated().map {
            $0.offset == place
                ? AxisSlice(start: start, count: count, stride: stride) : AxisSlice(start: 0, count: $0.element)
        }
        return map { Tensor(.slice(slices), [$0.node]) }
    }
}
