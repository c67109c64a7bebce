import ApusGraph
import ApusTensor

extension ONNXOperators {
    /// Functions of one number between layers.
    static let activations: [String: Operator] = [
        "Relu": mapped(relu), "Sigmoid": mapped(sigmoid), "Softplus": mapped(softplus),
        "Softsign": mapped { $0 / (abs($0) + 1) },
        "Mish": mapped { $0 * tanh(softplus($0)) },
        "HardSwish": mapped { $0 * ($0 / 6 + 0.5).clamped(min: 0, max: 1) },
        "LeakyRelu": parameterized(("alpha", 0.01)) { x, p in select(x .> 0, x, x * p[0]) },
        // Of positive numbers the exponential is cut: what is not chosen must not be infinite.
        "Elu": parameterized(("alpha", 1)) { x, p in select(x .> 0, x, expm1(minimum(x, 0)) * p[0]) },
        "Selu": parameterized(("alpha", 1.673_263_242_354_377_3), ("gamma", 1.050_700_987_355_480_5)) { x, p in
            select(x .> 0, x, expm1(minimum(x, 0)) * p[0]) * p[1]
        },
        "Celu": parameterized(("alpha", 1)) { x, p in relu(x) + expm1(minimum(x, 0) / p[0]) * p[0] },
        "HardSigmoid": parameterized(("alpha", 0.2), ("beta", 0.5)) { x, p in
            (x * p[0] + p[1]).clamped(min: 0, max: 1)
        },
        "ThresholdedRelu": parameterized(("alpha", 1)) { x, p in
            select(x .> Tensor.full([], p[0], type: x.elementType), x, x * 0)
        },
        "Swish": parameterized(("alpha", 1)) { x, p in x * sigmoid(x * p[0]) },
        "Shrink": parameterized(("lambd", 0.5), ("bias", 0)) { x, p in
            let bound = Tensor.full([], p[0], type: x.elementType)
            return select(x .< -bound, x + p[1], select(x .> bound, x - p[1], x * 0))
        },
        "Gelu": { call in
            let isTanh = try call.string("approximate", "none") == "tanh"
            return [
                try call.input().map { x in
                    isTanh
                        ? x * 0.5 * (tanh((x + x * x * x * 0.044715) * 0.797_884_560_802_865_4) + 1)
                        : x * 0.5 * (erf(x * 0.5.squareRoot()) + 1)
                }
            ]
        },
        "PRelu": { call in
            let x = try call.input(0)
            var slope = try call.input(1)
            // A number a channel, as before opset 7.
            if call.version < 7 { slope = slope.alongChannels(of: x.rank) }
            return [ONNXValue.combined([x, slope]) { select($0[0] .> 0, $0[0], $0[0] * $0[1]) }]
        },
        "Softmax": { [try alongAxis($0) { softmax($0, axis: $1) }] },
        "LogSoftmax": { [try alongAxis($0) { logSoftmax($0, axis: $1) }] },
        "Hardmax": {
            [
                try alongAxis($0) { x, axis in
                    let position = x.argmax(axis: axis).expandingShape(at: axis)
                    return (Tensor(.iota(axis: axis, TensorType(x.shape, .int64)), []) .== position).cast(
                        to: x.elementType)
                }
            ]
        },
        "Dropout": { call in
            let x = try call.input()
            let ratio = try call.optional(1).flatMap(call.knownScalar) ?? call.float("ratio", 0.5)
            try call.demand((0..<1).contains(ratio), "the ratio must be in 0..<1, received \(ratio)")
            let asksForTraining = call.optional(2).flatMap(call.knownScalar) ?? 0 != 0
            guard ratio > 0, asksForTraining || call.context.mode == .training else {
                return [x, x.with(Tensor.ones(x.tensor.shape, type: .bool), .bool)]
            }
            let mask = call.context.bernoulli(x.tensor.shape, probability: 1 - ratio)
            return [x.map { $0 * mask.cast(to: $0.elementType) / (1 - ratio) }, x.with(mask, .bool)]
        },
    ]

    private static func parameterized(
        _ parameters: (name: String, value: Double)..., transform: @escaping @Sendable (Tensor, [Double]) -> Tensor
    ) -> Operator {
        { call in
            let values = try parameters.map { try call.float($0.name, $0.value) }
            return [try call.input().map { transform($0, values) }]
        }
    }

    /// Along one axis; before opset 13 along all from the axis on.
    private static func alongAxis(
        _ call: ONNXCall, _ transform: (Tensor, Int) -> Tensor
    ) throws -> ONNXValue {
        let x = try call.input()
        let axis = try call.int("axis", call.version < 13 ? 1 : -1)
        if call.version >= 13 || x.rank > 0 && axis == x.rank - 1 {
            let place = x.place(try call.axis(axis, of: x.rank))
            return x.map { transform($0, place) }
        }
        let (first, shape) = (axis < 0 ? axis + x.rank : axis, x.shape)
        try call.demand((0...x.rank).contains(first), "the axis \(axis) is outside of a tensor of \(x.rank) axes")
        // Of images of one pixel the axes behind the channels are none.
        if first < x.rank, shape[(first + 1)...].allSatisfy({ $0 == 1 }) {
            let place = x.place(first)
            return x.map { transform($0, place) }
        }
        let rows = shape[..<first].product
        let flat = x.plain.reshaped(to: [rows, x.count / Swift.max(1, rows)])
        return ONNXValue(transform(flat, 1).reshaped(to: Shape(shape)), x.type)
    }
}
