import ApusGraph
import ApusTensor

extension ONNXOperators {
    /// Products of matrices.
    static let products: [String: Operator] = [
        "MatMul": { call in
            let (a, b) = (try call.input(0), try call.input(1))
            try call.demand(a.rank > 0 && b.rank > 0, "a scalar has no product of matrices")
            return [ONNXValue(product(a.plain, b.plain), a.type)]
        },
        "Det": { call in
            let a = try call.input(0)
            try call.demand(
                a.rank >= 2 && a.shape[a.rank - 1] == a.shape[a.rank - 2],
                "expected square matrices, received \(a.shape)")
            return [ONNXValue(a.plain.determinant(), a.type)]
        },
        "Gemm": { call in
            let (a, b) = (try call.input(0), try call.input(1))
            try call.demand(a.rank == 2 && b.rank == 2, "expected matrices, received \(a.shape) and \(b.shape)")
            let left = try call.int("transA", 0) != 0 ? a.laid([1, 0]) : a.plain
            let right = try call.int("transB", 0) != 0 ? b.laid([1, 0]) : b.plain
            let (alpha, beta) = (try call.float("alpha", 1), try call.float("beta", 1))
            var result = product(left, right)
            if alpha != 1 { result = result * alpha }
            if let c = call.optional(2), beta != 0 { result = result + (beta == 1 ? c.plain : c.plain * beta) }
            return [ONNXValue(result, a.type)]
        },
    ]

    /// Whole numbers are multiplied in double precision.
    private static func product(_ a: Tensor, _ b: Tensor) -> Tensor {
        guard a.elementType.isInteger else { return a.matmul(b) }
        return a.cast(to: .float64).matmul(b.cast(to: .float64)).cast(to: a.elementType)
    }
}
