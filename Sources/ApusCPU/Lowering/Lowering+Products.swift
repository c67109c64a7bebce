import ApusGraph
import CKernels

extension Lowering {
    /// A product of bfloat16 matrices, by oneDNN.
    private mutating func bfloat16Product(_ number: Int) {
        let node = graph.nodes[number]
        let numbers = graph.inputs(number)
        let operands = numbers.map { matrices($0) }
        func shape(_ strides: [(Int64, Int64, Int64)]) -> apus_onednn_matrix_shape {
            let strides = strides.map { (Int($0.0), Int($0.1), Int($0.2)) }
            return node.matrixShape(a: strides[0], b: strides[1])
        }
        var values = operands.map(\.value)
        var plan = LibraryPlan(shape(operands.map(\.strides)))
        if plan == nil {
            // In row-major order there is one: the graph was made so.
            values = numbers.map { value($0) }
            plan = LibraryPlan(
                shape(
                    node.inputs.map {
                        (Int64($0.shape[-1] * $0.shape[-2]), Int64($0.shape[-1]), 1)
                    }))
        }
        guard let plan else { return report(node.operation.name, "oneDNN can't multiply these bfloat16 matrices") }
        step(
            "matmul [oneDNN \(plan.name)]", apus_onednn_run,
            values.map { .read($0) } + [.write(result(number)), plan.scratch], plan.parameters, cost: node.cost)
    }

    /// A matrix product with its epilogue: float32 by the project's own kernel.
    mutating func product(_ pattern: ProductPattern) {
        let node = graph.nodes[pattern.product]
        if node.elementType == .bfloat16 { return bfloat16Product(pattern.product) }
        let (m, n, k) = (node.shape[-2], node.shape[-1], node.inputs[0].shape[-1])
        let batch = node.shape.dimensions.dropLast(2).reduce(1, *)
        let a = matrices(graph[node.inputs[0]])
        let b = matrices(graph[node.inputs[1]])
        var parameters = apus_gemm_parameters()
        (parameters.batch, parameters.m, parameters.n, parameters.k) = (Int64(batch), Int64(m), Int64(n), Int64(k))
        (parameters.a_batch_stride, parameters.a_row_stride, parameters.a_column_stride) = a.strides
        (parameters.b_batch_stride, parameters.b_row_stride, parameters.b_column_stride) = b.strides
        (parameters.c_batch_stride, parameters.c_row_stride) = (Int64(m * n), Int64(n))
        parameters.alpha = 1
        parameters.has_bias = pattern.bias != nil ? 1 : 0
        let function = pattern.activation ?? pattern.derivative?.activation
        parameters.activation = Int32((function?.kernelCode ?? APUS_ACTIVATION_NONE).rawValue)
        // Not which function, but whether its derivative is taken.
        parameters.derivative = pattern.derivative != nil ? 1 : 0
        parameters.column_sums = pattern.columnSums != nil ? 1 : 0

        let bias = pattern.bias.map { value($0) }
        let output = pattern.derivative.map { value($0.output) }
        let result = self.result(pattern.result)
        let sums = pattern.columnSums.map { self.result($0) }
        let scratch = Int(withUnsafePointer(to: parameters, apus_gemm_scratch_bytes))
        let parts = [
            "gemm", bias != nil ? "bias" : nil, pattern.activation.map { "\($0)" },
            pattern.derivative.map { "\($0.activation)′" }, sums != nil ? "columnSums" : nil,
        ]
        let bytes = node.type.byteCount + node.inputs[0].type.byteCount + node.inputs[1].type.byteCount
        step(
            parts.compactMap { $0 }.joined(separator: "+"), apus_gemm_float32,
            [
                .read(a.value), .read(b.value), .write(result), bias.map { .read($0) } ?? .none,
                output.map { .read($0) } ?? .none, sums.map { .write($0) } ?? .none,
                scratch > 0 ? .scratch(byteCount: scratch) : .none,
            ],
            parameters, cost: Cost(flops: node.cost.flops, bytes: bytes))
    }

    /// Where the matrices of an operand are: batch, row and column stride. Transposes are followed, not computed.
    private mutating func matrices(_ number: Int) -> (value: ValueID, strides: (Int64, Int64, Int64)) {
        let node = graph.nodes[number]
        let access = access(number)
        let rank = node.shape.rank
        let leading = Array(node.shape.dimensions.dropLast(2))
        let leadingStrides = Array(access.strides.dropLast(2))
        // The leading axes must be one axis with one stride.
        var batchStride: Int?
        var isRegular = access.offset == 0
        var expected: Int?
        for (extent, stride) in zip(leading, leadingStrides).reversed() where extent != 1 {
            if batchStride == nil { batchStride = stride } else if stride != expected { isRegular = false }
            expected = stride * extent
        }
        guard isRegular else {
            let copied = value(number)
            let strides = node.shape.strides
            return (copied, (Int64(rank > 2 ? strides[rank - 3] : 0), Int64(strides[rank - 2]), 1))
        }
        // An axis of extent 1 may carry any stride.
        let rowStride = node.shape[-2] == 1 ? node.shape[-1] : access.strides[rank - 2]
        let columnStride = node.shape[-1] == 1 ? 1 : access.strides[rank - 1]
        return (access.value, (Int64(batchStride ?? 0), Int64(rowStride), Int64(columnStride)))
    }
}

extension FusedActivation {
    var kernelCode: apus_activation {
        switch self {
        case .relu: APUS_ACTIVATION_RELU
        case .sigmoid: APUS_ACTIVATION_SIGMOID
        case .tanh: APUS_ACTIVATION_TANH
        }
    }
}
