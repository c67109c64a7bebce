import ApusGraph
import ApusTensor

extension ONNXOperators {
    /// Operations that yield truth values, or choose by them.
    static let comparisons: [String: Operator] = [
        "Equal": compared(.==), "Less": compared(.<), "Greater": compared(.>), "LessOrEqual": compared(.<=),
        "GreaterOrEqual": compared(.>=), "And": compared(.&), "Or": compared(.|), "Xor": compared(.^),
        "Not": mapped { .!$0 },
        "IsNaN": { [try $0.input().truth(isNaN)] },
        "IsInf": { call in
            let x = try call.input()
            let (negative, positive) = (try call.int("detect_negative", 1), try call.int("detect_positive", 1))
            return [
                x.truth { x in
                    switch (negative != 0, positive != 0) {
                    case (true, true): isInfinite(x)
                    case (true, false): isInfinite(x) .& (x .< 0)
                    case (false, true): isInfinite(x) .& (x .> 0)
                    case (false, false): Tensor.zeros(x.shape, type: .bool)
                    }
                }
            ]
        },
        "Where": { call in
            let (condition, a, b) = (try call.input(0), try call.input(1), try call.input(2))
            return [ONNXValue.combined([condition, a, b], type: a.type) { select($0[0], $0[1], $0[2]) }]
        },
    ]

    private static func compared(_ compare: @escaping @Sendable (Tensor, Tensor) -> Tensor) -> Operator {
        { call in
            let (a, b) = (try call.input(0), try call.input(1))
            return [
                ONNXValue.combined([a, try legacyBroadcast(call, a, b)], type: .bool) { compare($0[0], $0[1]) }
            ]
        }
    }
}

extension ONNXValue {
    /// A truth value of each element.
    fileprivate func truth(_ test: (Tensor) -> Tensor) -> ONNXValue { with(test(tensor), .bool) }
}
