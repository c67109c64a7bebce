import ApusGraph
import ApusTensor

extension ONNXOperators {
    /// Axes reduced to one value.
    static let reductions: [String: Operator] = [
        "ReduceSum": reduced { $0.sum(axes: $1, keepingAxes: true) },
        "ReduceMean": reduced(mean),
        "ReduceProd": reduced { $0.product(axes: $1, keepingAxes: true) },
        "ReduceL1": reduced { abs($0).sum(axes: $1, keepingAxes: true) },
        "ReduceL2": reduced { x, axes in
            guard x.elementType.isInteger else { return sqrt(square(x).sum(axes: axes, keepingAxes: true)) }
            return sqrt(square(x.cast(to: .float64)).sum(axes: axes, keepingAxes: true)).cast(to: x.elementType)
        },
        "ReduceSumSquare": reduced { square($0).sum(axes: $1, keepingAxes: true) },
        "ReduceLogSum": reduced { log($0.sum(axes: $1, keepingAxes: true)) },
        "ReduceLogSumExp": reduced { x, axes in
            guard x.count > 0 else { return log(x.sum(axes: axes, keepingAxes: true)) }
            // The greatest is taken out, so that nothing overflows; where it is infinite, nothing is.
            let greatest = x.max(axes: axes, keepingAxes: true).stoppingGradient()
            let finite = select(isFinite(greatest), greatest, Tensor.zeros([], type: x.elementType))
            return log(exp(x - finite).sum(axes: axes, keepingAxes: true)) + finite
        },
        "ReduceMax": { [try extreme($0, { $0.max(axes: $1, keepingAxes: true) }, \.least)] },
        "ReduceMin": { [try extreme($0, { $0.min(axes: $1, keepingAxes: true) }, \.greatest)] },
    ]

    private static func mean(_ x: Tensor, _ axes: [Int]) -> Tensor {
        guard x.elementType.isInteger else { return x.mean(axes: axes, keepingAxes: true) }
        return x.cast(to: .float64).mean(axes: axes, keepingAxes: true).cast(to: x.elementType)
    }

    /// - Parameter reduce: Reduces axes and keeps them with extent 1.
    private static func reduced(_ reduce: @escaping @Sendable (Tensor, [Int]) -> Tensor) -> Operator {
        { call in
            let x = try call.input()
            guard let axes = try axes(call, x) else { return [x] }
            return [try squeezed(call, x.map { reduce($0, axes.map(x.place)) }.narrowed, axes)]
        }
    }

    private static func extreme(
        _ call: ONNXCall, _ reduce: (Tensor, [Int]) -> Tensor,
        _ bound: KeyPath<(least: Double, greatest: Double), Double>
    ) throws -> ONNXValue {
        let x = try call.input()
        guard let axes = try axes(call, x) else { return x }
        let places = axes.map(x.place)
        let result = x.map { x -> Tensor in
            guard places.allSatisfy({ x.shape[$0] > 0 }) else {
                // The extreme of nothing is what every number exceeds.
                let shape = x.shape.dimensions.enumerated().map { places.contains($0.offset) ? 1 : $0.element }
                return Tensor.full(Shape(shape), 0, type: x.elementType)
            }
            guard x.elementType == .bool else { return reduce(x, places) }
            return reduce(x.cast(to: .uint8), places).cast(to: .bool)
        }
        guard places.contains(where: { x.tensor.shape[$0] == 0 }) else { return try squeezed(call, result, axes) }
        let value = x.type.bounds[keyPath: bound]
        return try squeezed(
            call, result.map { Tensor.full($0.shape, value, type: $0.elementType) }, axes)
    }

    /// The axes that are reduced; `nil` where nothing is.
    private static func axes(_ call: ONNXCall, _ x: ONNXValue) throws -> [Int]? {
        let axes = try call.ints("axes", orInput: 1) ?? []
        guard axes.isEmpty else { return try call.axes(axes, of: x.rank) }
        return try call.int("noop_with_empty_axes", 0) != 0 ? nil : Array(0..<x.rank)
    }

    /// Without the axes that were reduced, unless they are kept.
    private static func squeezed(_ call: ONNXCall, _ kept: ONNXValue, _ axes: [Int]) throws -> ONNXValue {
        guard try call.int("keepdims", 1) == 0, kept.tensor.problems.isEmpty else { return kept }
        let shape = kept.shape
        return ONNXValue(
            kept.plain.reshaped(to: Shape(shape.indices.filter { !axes.contains($0) }.map { shape[$0] })), kept.type)
    }
}
