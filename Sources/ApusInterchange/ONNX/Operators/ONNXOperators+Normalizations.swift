import ApusGraph
import ApusTensor

extension ONNXOperators {
    /// Values with mean 0 and variance 1, over different axes.
    static let normalizations: [String: Operator] = [
        "BatchNormalization": batchNormalization,
        "InstanceNormalization": { call in
            let x = try call.input()
            try call.demand(x.rank >= 3, "expected axes behind samples and channels, received \(x.shape)")
            let normal = try x.map { normalized($0, (2..<x.rank).map(x.place), epsilon: try epsilon(call)) }
            return [
                scaled(normal, call.optional(1)?.alongChannels(of: x.rank), call.optional(2)?.alongChannels(of: x.rank))
            ]
        },
        "GroupNormalization": { call in
            let x = try call.input()
            let (shape, groups) = (x.shape, try call.int("num_groups", 0))
            try call.demand(
                x.rank >= 2 && groups > 0 && shape[1] % groups == 0, "\(groups) groups do not divide \(shape)")
            let rest = x.count / Swift.max(1, shape[0] * groups)
            let normal = normalized(
                x.plain.reshaped(to: [shape[0], groups, rest]), [2], epsilon: try epsilon(call))
            guard call.version < 21 else {
                let result = ONNXValue(normal.reshaped(to: Shape(shape)), x.type)
                return [
                    scaled(
                        result, call.optional(1)?.alongChannels(of: x.rank), call.optional(2)?.alongChannels(of: x.rank)
                    )
                ]
            }
            // At first scale and offset were those of groups.
            let grouped = scaled(
                ONNXValue(normal, x.type), call.optional(1)?.alongChannels(of: 3),
                call.optional(2)?.alongChannels(of: 3))
            return [ONNXValue(grouped.plain.reshaped(to: Shape(shape)), x.type)]
        },
        "LayerNormalization": { call in
            let x = try call.input()
            let axis = try call.axis(try call.int("axis", -1), of: x.rank)
            let (plain, axes) = (x.plain, Array(axis..<x.rank))
            let mean = plain.mean(axes: axes, keepingAxes: true)
            let centered = plain - mean
            let inverse = rsqrt(square(centered).mean(axes: axes, keepingAxes: true) + (try epsilon(call)))
            return [
                scaled(ONNXValue(centered * inverse, x.type), call.optional(1), call.optional(2)),
                ONNXValue(mean, .float), ONNXValue(inverse, .float),
            ]
        },
        "RMSNormalization": { call in
            let x = try call.input()
            let axis = try call.axis(try call.int("axis", -1), of: x.rank)
            let inverse = rsqrt(
                square(x.plain).mean(axes: Array(axis..<x.rank), keepingAxes: true) + (try epsilon(call)))
            return [scaled(ONNXValue(x.plain * inverse, x.type), call.optional(1), nil)]
        },
        "MeanVarianceNormalization": { call in
            let x = try call.input()
            let axes = try call.axes(try call.ints("axes") ?? [0, 2, 3], of: x.rank).map(x.place)
            return [
                x.map { x in
                    let centered = x - x.mean(axes: axes, keepingAxes: true)
                    return centered / (sqrt(square(centered).mean(axes: axes, keepingAxes: true)) + 1e-9)
                }
            ]
        },
        "LpNormalization": { call in
            let x = try call.input()
            let (axis, p) = (x.place(try call.axis(try call.int("axis", -1), of: x.rank)), try call.int("p", 2))
            try call.demand(p == 1 || p == 2, "p must be 1 or 2, received \(p)")
            return [
                x.map { x in
                    let norm =
                        p == 1
                        ? abs(x).sum(axes: [axis], keepingAxes: true)
                        : sqrt(square(x).sum(axes: [axis], keepingAxes: true))
                    return select(norm .> 0, x / norm, x * 0)
                }
            ]
        },
        "LRN": { call in
            let x = try call.input()
            let (size, alpha) = (try call.int("size", 1), try call.float("alpha", 1e-4))
            let (beta, bias) = (try call.float("beta", 0.75), try call.float("bias", 1))
            try call.demand(x.rank >= 2 && (1...4096).contains(size), "no window of \(size) channels of \(x.shape)")
            let (axis, channels) = (x.place(1), x.shape[1])
            return [
                x.map { x in
                    var edges = x.shape.dimensions.map { _ in (low: 0, high: 0) }
                    edges[axis] = ((size - 1) / 2, size - 1 - (size - 1) / 2)
                    let squares = ONNXValue(square(x).padded(edges), .float)
                    let sum = (1..<size).reduce(squares.sliced(axis: axis, 0, channels).tensor) {
                        $0 + squares.sliced(axis: axis, $1, channels).tensor
                    }
                    return x / pow(sum * (alpha / Double(size)) + bias, beta)
                }
            ]
        },
    ]

    private static func epsilon(_ call: ONNXCall) throws -> Double { try call.float("epsilon", 1e-5) }

    private static func normalized(_ x: Tensor, _ axes: [Int], epsilon: Double) -> Tensor {
        let centered = x - x.mean(axes: axes, keepingAxes: true)
        return centered * rsqrt(square(centered).mean(axes: axes, keepingAxes: true) + epsilon)
    }

    private static func scaled(_ x: ONNXValue, _ scale: ONNXValue?, _ offset: ONNXValue?) -> ONNXValue {
        var result = x
        if let scale { result = ONNXValue.combined([result, scale]) { $0[0] * $0[1] } }
        if let offset { result = ONNXValue.combined([result, offset]) { $0[0] + $0[1] } }
        return result
    }

    // MARK: Batch normalization

    private static func batchNormalization(_ call: ONNXCall) throws -> [ONNXValue] {
        let x = try call.input()
        try call.demand(x.rank >= 1, "expected a tensor with channels, received a scalar")
        let order = x.rank >= 2 ? ONNXValue.channelsLast(x.rank) : [0]
        let images = x.laid(order)
        let type = images.elementType.accumulator
        let parameters = try (1...4).map { try call.input($0).plain.cast(to: type) }
        let nodes = parameters.map(\.node)
        let epsilon = try epsilon(call)
        try call.demand(epsilon >= 0 && epsilon.isFinite, "epsilon must be a number from 0, received \(epsilon)")
        let states = (3...4).compactMap { call.weights.indices.contains($0) ? call.weights[$0] : nil }.filter {
            !$0.isTrainable
        }
        let isTraining = try call.int("training_mode", 0) != 0
        let isLearning =
            states.count == 2 && !states.contains { call.context.isFrozen($0.name) } && call.context.mode == .training
        guard isTraining || isLearning else {
            let result = Tensor(.batchNorm(epsilon: epsilon), [images.node] + nodes)
            return [value(result, x, order)]
        }
        let moments = Tensor(.channelMoments, [images.node])
        guard moments.problems.isEmpty else { return [ONNXValue(moments, x.type)] }
        let result = Tensor(.batchNormTraining(epsilon: epsilon), [images.node, nodes[0], nodes[1], moments.node])
        let momentum = try call.float("momentum", 0.9)
        let constant = moments.stoppingGradient()
        let (mean, variance) = (
            parameters[2] * momentum + constant[0] * (1 - momentum),
            parameters[3] * momentum + constant[1] * (1 - momentum)
        )
        if isLearning {
            call.context.update(states[0].name, to: mean)
            call.context.update(states[1].name, to: variance)
        }
        return [value(result, x, order), ONNXValue(mean, x.type), ONNXValue(variance, x.type)]
    }

    private static func value(_ result: Tensor, _ x: ONNXValue, _ order: [Int]) -> ONNXValue {
        result.problems.isEmpty ? ONNXValue(result, x.type, order: order) : ONNXValue(result, x.type)
    }
}
