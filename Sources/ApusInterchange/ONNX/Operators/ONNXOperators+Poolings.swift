import ApusGraph
import ApusTensor

extension ONNXOperators {
    /// Poolings over the whole of each channel.
    static let poolings: [String: Operator] = [
        "GlobalAveragePool": global { $0.mean(axes: $1, keepingAxes: true) },
        "GlobalMaxPool": global { $0.max(axes: $1, keepingAxes: true) },
        "GlobalLpPool": { call in
            let p = try call.float("p", 2)
            return try global { pow(pow(abs($0), p).sum(axes: $1, keepingAxes: true), 1 / p) }(call)
        },
    ]

    /// Poolings over windows.
    static let windows: [String: Operator] = [
        "MaxPool": { call in
            let x = try call.input()
            let window = try ONNXWindow(call, x)
            if call.wants(1) { return try maximaWithPlaces(call, x, window) }
            return [
                try pooled(x) { x in
                    guard window.isPlainPooling, x.elementType.isFloatingPoint else {
                        return try window.folded(x, fill: x.elementType.least, maximum)
                    }
                    return onImages(x) { Tensor(.maxPool(window.poolGeometry), [$0.node]) }
                }
            ]
        },
        "AveragePool": { call in
            let x = try call.input()
            let window = try ONNXWindow(call, x)
            let countsPadding = try call.int("count_include_pad", 0) != 0
            return [
                try pooled(x) { x in
                    guard window.isPlainPooling, !window.countsIncomplete else {
                        let sum = try window.folded(x, fill: 0, +)
                        return sum / (try counts(window, countsPadding)).cast(to: x.elementType)
                    }
                    var geometry = window.poolGeometry
                    geometry.countsPadding = countsPadding
                    return onImages(x) { Tensor(.averagePool(geometry), [$0.node]) }
                }
            ]
        },
        "LpPool": { call in
            let x = try call.input()
            let window = try ONNXWindow(call, x)
            let p = try call.float("p", 2)
            return [
                try pooled(x) { x in
                    let sum = try window.folded(pow(abs(x), p), fill: 0, +)
                    return pow(sum, 1 / p)
                }
            ]
        },
        "MaxUnpool": { [try unpooled($0)] },
    ]

    private static func global(_ reduce: @escaping @Sendable (Tensor, [Int]) -> Tensor) -> Operator {
        { call in
            let x = try call.input()
            try call.demand(x.rank >= 3, "expected axes behind samples and channels, received \(x.shape)")
            return [x.map { reduce($0, (2..<x.rank).map(x.place)) }]
        }
    }

    /// A pooling of [N, ..., C].
    private static func pooled(_ x: ONNXValue, _ pool: (Tensor) throws -> Tensor) rethrows -> ONNXValue {
        let order = ONNXValue.channelsLast(x.rank)
        let result = try pool(x.laid(order))
        return result.problems.isEmpty ? ONNXValue(result, x.type, order: order) : ONNXValue(result, x.type)
    }

    /// A sequence as an image of height 1.
    private static func onImages(_ x: Tensor, _ pool: (Tensor) -> Tensor) -> Tensor {
        x.rank == 3 ? pool(x.expandingShape(at: 1)).squeezingShape(at: 1) : pool(x)
    }

    /// How many positions each window covers, [1, outputs..., 1].
    private static func counts(_ window: ONNXWindow, _ countsPadding: Bool) throws -> Tensor {
        let outputs = try window.outputs()
        var counts = Tensor.ones([])
        for (axis, output) in outputs.enumerated() {
            guard output *| window.size[axis] < 1 << 24 else {
                throw ONNXProblem("an axis of \(output) windows is too long")
            }
            let range =
                countsPadding
                ? -window.low[axis]..<window.extents[axis] + window.high[axis] : 0..<window.extents[axis]
            let numbers = (0..<output).map { place in
                let start = place * window.strides[axis] - window.low[axis]
                return Double(
                    (0..<window.size[axis]).filter { range.contains(start + $0 * window.dilations[axis]) }.count)
            }
            var shape = Array(repeating: 1, count: outputs.count + 2)
            shape[axis + 1] = output
            counts = counts * Tensor(numbers, shape: Shape(shape))
        }
        return counts
    }

    // MARK: Maxima with their places

    /// The maxima, and where they are in the whole tensor.
    private static func maximaWithPlaces(_ call: ONNXCall, _ x: ONNXValue, _ window: ONNXWindow) throws -> [ONNXValue] {
        let order = ONNXValue.channelsLast(x.rank)
        let images = x.laid(order)
        let stack = Tensor.stacked(try window.pieces(images, fill: images.elementType.least), axis: 0)
        let (maxima, which) = (stack.max(axes: [0]), stack.argmax(axis: 0))
        guard which.problems.isEmpty else { return [ONNXValue(which, .int64)] }
        let offsets = try window.offsets()
        let type = TensorType(which.shape, .int64)
        let isColumnMajor = try call.int("storage_order", 0) != 0
        var place = Tensor(.iota(axis: 0, type), []) * x.shape[1] + Tensor(.iota(axis: x.rank - 1, type), [])
        var factor = window.extents.product
        place = place * factor
        for axis in isColumnMajor ? Array(window.extents.indices.reversed()) : Array(window.extents.indices) {
            factor /= Swift.max(1, window.extents[axis])
            let offset = Tensor(offsets.map { $0[axis] * window.dilations[axis] - window.low[axis] }).gathered(which)
            place = place + (Tensor(.iota(axis: axis + 1, type), []) * window.strides[axis] + offset) * factor
        }
        return [ONNXValue(maxima, x.type, order: order), ONNXValue(place, .int64, order: order)]
    }

    /// Maxima back at their places, zeros elsewhere.
    private static func unpooled(_ call: ONNXCall) throws -> ONNXValue {
        let (x, places) = (try call.input(0), try call.input(1))
        let window = try ONNXWindow(call, x)
        try call.demand(x.shape == places.shape, "\(places.shape) places for \(x.shape) maxima")
        let extents = window.extents.indices.map {
            (window.extents[$0] - 1) * window.strides[$0] - window.low[$0] - window.high[$0] + window.size[$0]
        }
        let shape = try call.checked(Array(x.shape.prefix(2)) + extents)
        let full = x.plain.flattened().scatterAdded(places.plain.flattened(), size: shape.count).reshaped(to: shape)
        guard let wanted = try call.optional(2).map({ try call.known($0, "the output shape") }) else {
            return ONNXValue(full, x.type)
        }
        try call.demand(
            wanted.count == shape.rank && zip(wanted, shape.dimensions).allSatisfy { $0 >= $1 },
            "\(shape) does not fit the output shape \(wanted)")
        _ = try call.checked(wanted)
        return ONNXValue(full.padded(zip(wanted, shape.dimensions).map { (0, $0 - $1) }), x.type)
    }
}

extension ElementType {
    /// What is never the maximum.
    fileprivate var least: Double {
        switch self {
        case .int32: Double(Int32.min)
        case .int64: Double(Int64.min)
        case .uint8, .bool: 0
        default: -.infinity
        }
    }
}
