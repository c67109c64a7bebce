import ApusGraph
import ApusTensor

// Matrix products. Rows stay divided into the axes that they are made of, so that [N, L, C] times [C, units] needs no reshape; the rows
// of a kernel follow the order in which features lie, so that images are flattened as they are.

extension GraphExporter {
    func product(_ node: Node) throws -> ExportedValue {
        let (a, b) = (node.inputs[0], node.inputs[1])
        return node.shape.rank == 2 ? try rowsProduct(a, b, node) : try stackedProduct(a, b, node)
    }

    /// [rows, k] times [k, n].
    private func rowsProduct(_ a: Node, _ b: Node, _ node: Node) throws -> ExportedValue {
        var (x, kernel) = (try value(of: a), try value(of: b))
        if x.layout.counts[1] > 0, !AxisLayout.refine(&x.layout, 1, &kernel.layout, 0) {
            (x, kernel) = (natural(x), natural(kernel))
        }
        let layout = x.layout
        let (rows, features) = (layout.range(0), layout.range(1))
        let divided = layout.axes.divided { rows.contains($0) }
        let rowAxes = divided.filter { !$0.isEmpty && rows.contains($0[0]) }
        let featureAxes = divided.filter { !$0.isEmpty && features.contains($0[0]) }
        // Features in the order in which they lie, where the kernel's rows can follow.
        let order = kernel.isConstant ? featureAxes.flatMap { $0 } : Array(features)
        let kernelRows = order.map { $0 - features.lowerBound }
        let columns = kernel.layout.group(1)
        func result(_ name: String, _ axes: [[Int]], lacking: Int? = nil) -> ExportedValue {
            let parts = rows.map { layout.parts[$0] } + columns.map { kernel.layout.parts[$0] }
            return ExportedValue(
                source: .named(name),
                layout: AxisLayout(parts: parts, counts: [rows.count, columns.count], axes: axes))
        }
        let last = columns.indices.map { rows.count + $0 }
        guard rowAxes.count > 1 else {
            let matrix = self.name(x, [rowAxes.first ?? [], order])
            let factor = self.name(kernel, [kernelRows, columns])
            let axes = [rowAxes.first ?? [], last]
            guard node.elementType == .float32, let bias = try absorbedBias(after: node) else {
                return result(add("MatMul", [matrix, factor]), axes)
            }
            return result(add("Gemm", [matrix, factor, self.name(bias, [bias.layout.group(0)])]), axes)
        }
        if featureAxes.count == 1, featureAxes[0] == order, let place = layout.axes.firstIndex(of: order),
            place == layout.axes.count - 2, kernel.isConstant
        {
            // The axis before the last one is multiplied from the left.
            var axes = layout.axes
            axes[place] = last
            let factor = self.name(kernel, [columns, kernelRows])
            return result(add("MatMul", [factor, self.name(x, layout.axes)]), axes)
        }
        let matrix = self.name(x, rowAxes + [order])
        return result(add("MatMul", [matrix, self.name(kernel, [kernelRows, columns])]), rowAxes + [last])
    }

    /// [..., m, k] times [..., k, n].
    private func stackedProduct(_ a: Node, _ b: Node, _ node: Node) throws -> ExportedValue {
        let rank = node.shape.rank
        var values = try [a, b].map { factor -> ExportedValue in
            var inner = factor
            while case .broadcast = inner.operation, inner.inputs[0].shape.rank >= 2,
                inner.inputs[0].shape.dimensions.suffix(2) == factor.shape.dimensions.suffix(2)
            {
                inner = inner.inputs[0]
            }
            var value = try self.value(of: inner)
            value.layout = value.layout.leading(rank: rank)
            return value
        }
        let leading = Array(0..<(rank - 2))
        let shape = trace.shape(node)
        if leading.contains(where: { axis in !shape[axis].isOne && values.allSatisfy { $0.layout.counts[axis] == 0 } })
        {
            values[0] = try value(of: a)
        }
        unify(&values, leading)
        var (left, right) = (values[0].layout, values[1].layout)
        if left.counts[rank - 1] > 0, !AxisLayout.refine(&left, rank - 1, &right, rank - 2) {
            values = values.map(natural)
        } else {
            (values[0].layout, values[1].layout) = (left, right)
        }
        let names = values.map { name($0, $0.layout.natural) }
        var (parts, counts) = ([AxisExtent](), [Int]())
        for axis in 0..<rank {
            let owner =
                axis == rank - 1
                ? values[1].layout
                : axis == rank - 2
                    ? values[0].layout
                    : (values.first { $0.layout.counts[axis] > 0 } ?? values[0]).layout
            let own = owner.range(axis).map { owner.parts[$0] }
            parts += own
            counts.append(own.count)
        }
        var layout = AxisLayout(parts: parts, counts: counts, axes: [])
        layout.axes = layout.natural
        return ExportedValue(source: .named(add("MatMul", names)), layout: layout)
    }

    /// The constant that is added to each channel of a node, by what alone reads it or what only removes axes of extent 1 from it; the
    /// addition is done with then.
    func absorbedBias(after node: Node) throws -> ExportedValue? {
        var end = node
        if let user = trace.onlyUser(node), case .reshape = user.operation, user.shape.rank > 1,
            user.shape[-1] == node.shape[-1]
        {
            end = user
        }
        guard let (addition, bias) = channelConstant(after: end, .add) else { return nil }
        absorb(addition, into: end)
        return try value(of: bias)
    }

    /// What alone reads a node and combines it with a constant for each channel.
    func channelConstant(after node: Node, _ operation: BinaryOperation) -> (user: Node, constant: Node)? {
        guard let user = trace.onlyUser(node), let (a, b) = operands(user, operation) else { return nil }
        let constant = unstretched(a == node ? b : a)
        return isConstant(constant) && constant.shape == [node.shape[-1]] ? (user, constant) : nil
    }
}
