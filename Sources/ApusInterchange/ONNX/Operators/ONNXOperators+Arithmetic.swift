import ApusGraph
import ApusTensor

extension ONNXOperators {
    /// Operations of numbers, element by element.
    static let arithmetic: [String: Operator] = [
        "Abs": mapped(abs), "Neg": mapped { -$0 }, "Sign": mapped(sign), "Exp": mapped(exp), "Log": mapped(log),
        "Sqrt": mapped(sqrt), "Reciprocal": mapped(reciprocal), "Floor": mapped(floor), "Ceil": mapped(ceil),
        "Round": mapped(round), "Erf": mapped(erf), "Sin": mapped(sin), "Cos": mapped(cos), "Tanh": mapped(tanh),
        "Tan": mapped { sin($0) / cos($0) },
        "Sinh": mapped { (exp($0) - exp(-$0)) / 2 }, "Cosh": mapped { (exp($0) + exp(-$0)) / 2 },
        "Atanh": mapped { (log1p($0) - log1p(-$0)) / 2 },
        "Asinh": mapped { sign($0) * log(abs($0) + sqrt(square($0) + 1)) },
        "Acosh": mapped { log($0 + sqrt(square($0) - 1)) },
        "Add": binary(+), "Sub": binary(-), "Mul": binary(*), "Div": binary(/),
        "Pow": { call in
            let (base, exponent) = (try call.input(0), try call.input(1))
            return [power(base, try legacyBroadcast(call, base, exponent))]
        },
        "Mod": { call in
            let isTruncated = try call.int("fmod", 0) != 0
            return try binary { a, b in
                guard isTruncated else { return a % b }
                // The remainder with the sign of the dividend.
                return sign(a) * (abs(a) % abs(b))
            }(call)
        },
        "Sum": folded(+), "Max": folded(maximum), "Min": folded(minimum),
        "Mean": { call in
            let count = try call.all().count
            return try folded(+)(call).map { value in value.map { $0 / Double(count) } }
        },
        "Clip": { [try clip($0)] },
    ]

    private static func binary(_ combine: @escaping @Sendable (Tensor, Tensor) -> Tensor) -> Operator {
        { call in
            let (a, b) = (try call.input(0), try call.input(1))
            return [ONNXValue.combined([a, try legacyBroadcast(call, a, b)]) { combine($0[0], $0[1]) }]
        }
    }

    private static func folded(_ combine: @escaping @Sendable (Tensor, Tensor) -> Tensor) -> Operator {
        { call in [ONNXValue.combined(try call.all()) { $0.dropFirst().reduce($0[0], combine) }] }
    }

    /// Before opset 7 the second operand was aligned at an axis by attributes.
    static func legacyBroadcast(_ call: ONNXCall, _ a: ONNXValue, _ b: ONNXValue) throws -> ONNXValue {
        guard call.version < 7, try call.int("broadcast", 0) != 0, let start = try call.int("axis"), b.rank > 0 else {
            return b
        }
        let axis = try call.axis(start, of: a.rank)
        let behind = a.rank - axis - b.rank
        try call.demand(behind >= 0, "\(b.rank) axes do not fit behind axis \(axis) of \(a.rank)")
        return ONNXValue(b.plain.reshaped(to: Shape(b.shape + Array(repeating: 1, count: behind))), b.type)
    }

    /// aᵇ in the type of a; whole numbers through double precision.
    private static func power(_ base: ONNXValue, _ exponent: ONNXValue) -> ONNXValue {
        ONNXValue.combined([base, exponent]) { operands in
            let (a, b) = (operands[0], operands[1])
            guard a.elementType.isFloatingPoint else {
                return pow(a.cast(to: .float64), b.cast(to: .float64)).cast(to: a.elementType)
            }
            return pow(a, b.cast(to: a.elementType))
        }
    }

    private static func clip(_ call: ONNXCall) throws -> ONNXValue {
        let x = try call.input()
        let (low, high) = (call.optional(1), call.optional(2))
        // Bounds that are numbers of the program become part of it.
        let known = (
            try low.map(call.knownScalar) ?? call.float("min"), try high.map(call.knownScalar) ?? call.float("max")
        )
        let isKnown = (low == nil || known.0 != nil) && (high == nil || known.1 != nil)
        guard !isKnown || x.tensor.elementType.isInteger || known.0 ?? -.infinity > known.1 ?? .infinity else {
            return known.0 == nil && known.1 == nil ? x : x.map { $0.clamped(min: known.0, max: known.1) }
        }
        var result = x
        if let low { result = ONNXValue.combined([result, low]) { maximum($0[0], $0[1]) } }
        if let high { result = ONNXValue.combined([result, high]) { minimum($0[0], $0[1]) } }
        return result
    }
}
