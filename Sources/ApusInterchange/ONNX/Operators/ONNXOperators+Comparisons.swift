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
                x.truth {
                    let isInfinite = isInfinite($0)
                    let sides = (
                        negative != 0 ? $0 .< 0 : isInfinite .& .!isInfinite,
                        positive != 0 ? $0 .> 0 : isInfinite .& .!isInfinite
                    )
                    return isInfinite .& (sides.0 .| sides.1)
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
