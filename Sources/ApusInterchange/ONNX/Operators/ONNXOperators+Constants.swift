import ApusGraph
import ApusTensor

extension ONNXOperators {
    /// What needs no other values.
    static let constants: [String: Operator] = [
        "Constant": { call in
            if case .tensor(let tensor)? = call.node.attributes["value"] { return [tensor.value] }
            if let number = try call.float("value_float") { return [ONNXValue(Tensor(number), .float)] }
            if let number = try call.int("value_int") { return [ONNXValue(Tensor(number), .int64)] }
            if let numbers = try call.floats("value_floats") { return [ONNXValue(Tensor(numbers), .float)] }
            if let numbers = try call.ints("value_ints") { return [wholeNumbers(numbers)] }
            throw ONNXProblem("a constant must be a tensor of numbers, received \(call.node.attributes.keys.sorted())")
        },
        "ConstantOfShape": { call in
            let shape = try call.checked(try call.known(try call.input(), "the shape"))
            guard case .tensor(let tensor)? = call.node.attributes["value"] else {
                return [ONNXValue(Tensor.zeros(shape), .float)]
            }
            try call.demand(tensor.tensor.count == 1, "the value must be one number, received \(tensor.tensor.count)")
            return [ONNXValue(tensor.tensor.reshaped(to: []).broadcast(to: shape), tensor.type)]
        },
        "Range": { call in
            let (start, limit, step) = (try call.input(0), try call.input(1), try call.input(2))
            let ends = try [start, limit, step].map { value in
                let numbers = try call.numbers(value, "an end of the range")
                try call.demand(numbers.count == 1, "an end of the range must be one number")
                return numbers[0]
            }
            let count = ((ends[1] - ends[0]) / ends[2]).rounded(.up)
            try call.demand(
                ends.allSatisfy(\.isFinite) && ends[2] != 0 && count < 0x1p24,
                "no range from \(ends[0]) to \(ends[1]) by \(ends[2])")
            let numbers: [Double] = (0..<Int(Swift.max(0, count))).map { (index: Int) in
                ends[0] + Double(index) * ends[2]
            }
            return [ONNXValue(Tensor(numbers, type: start.type.elementType ?? .float32), start.type)]
        },
        "EyeLike": { call in
            let shape = try call.input().shape
            try call.demand(shape.count == 2, "expected a matrix, received \(shape.count) axes")
            let type = try elementType(call, otherwise: try call.input().type)
            let diagonal = try call.int("k", 0)
            let size = Shape(shape)
            let isDiagonal =
                Tensor(.iota(axis: 1, TensorType(size, .int64)), [])
                .== Tensor(.iota(axis: 0, TensorType(size, .int64)), []) + diagonal
            return [ONNXValue(isDiagonal.cast(to: type.elementType ?? .float32), type)]
        },
    ]
}
