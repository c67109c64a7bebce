import ApusGraph
import CKernels

extension Lowering {
    /// A matrix product by itself.
    mutating func product(_ number: Int) {
        guard graph.nodes[number].elementType == .bfloat16 else {
            return FusedProduct(number).lower([number], into: &self)
        }
        let node = graph.nodes[number]
        let numbers = graph.inputs(number)
        let operands = numbers.map { matrices($0) }
        var values = operands.map(\.value)
        var plan = kernels.plan(for: MatrixProduct(node, a: operands[0].strides, b: operands[1].strides))
        if plan == nil {
            // In row-major order there is one: the graph was made so.
            values = numbers.map { value($0) }
            plan = kernels.plan(for: MatrixProduct(rowMajor: node))
        }
        guard let plan else { return report(node.operation.name, "oneDNN can't multiply these bfloat16 matrices") }
        step(
            "matmul [oneDNN \(plan.name)]", apus_onednn_run,
            values.map { .read($0) } + [.write(result(number)), plan.scratch], plan.parameters, cost: node.cost)
    }

    /// Where the matrices of an operand are. Transposes are followed, not computed.
    mutating func matrices(_ number: Int) -> (value: ValueID, strides: MatrixProduct.Strides) {
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
            return (
                copied,
                MatrixProduct.Strides(batch: rank > 2 ? strides[rank - 3] : 0, row: strides[rank - 2], column: 1)
            )
        }
        // An axis of extent 1 may carry any stride.
        let rowStride = node.shape[-2] == 1 ? node.shape[-1] : access.strides[rank - 2]
        let columnStride = node.shape[-1] == 1 ? 1 : access.strides[rank - 1]
        return (
            access.value, MatrixProduct.Strides(batch: batchStride ?? 0, row: rowStride, column: columnStride)
        )
    }
}
