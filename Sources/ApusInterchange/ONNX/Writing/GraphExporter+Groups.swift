import ApusGraph
import ApusTensor

// Normalizations of each sample over groups of channels.

extension GraphExporter {
    /// The parts of (g − μ) / √(σ² + ε) for x as g [N, places, groups, channels of each], as x again; `nil` for another node.
    private func groupNorm(_ node: Node) -> (x: Node, grouped: Node, epsilon: Double)? {
        guard case .reshape = node.operation, let (centered, factor) = operands(node.inputs[0], .multiply) else {
            return nil
        }
        let root = unstretched(factor)
        guard case .unary(.reciprocalSquareRoot) = root.operation,
            let (variance, small) = operands(root.inputs[0], .add), let epsilon = number(small),
            let squares = groupMean(variance), case .unary(.square) = squares.operation,
            squares.inputs[0] == centered, let (grouped, mean) = operands(centered, .subtract),
            groupMean(unstretched(mean)) == grouped, case .reshape = grouped.operation
        else { return nil }
        let x = grouped.inputs[0]
        guard x.shape == node.shape, x.shape.rank >= 3, x.shape[-1] == grouped.shape[2] * grouped.shape[3] else {
            return nil
        }
        return (x, grouped, epsilon)
    }

    /// What the mean of each group is taken of.
    private func groupMean(_ node: Node) -> Node? {
        guard case .reshape(let shape) = node.operation,
            case .reduce(.mean, [1, 3]) = node.inputs[0].operation
        else { return nil }
        let x = node.inputs[0].inputs[0]
        return x.shape.rank == 4 && shape.dimensions == [x.shape[0], 1, x.shape[2], 1] ? x : nil
    }

    /// Groups of channels, each normalized over all places of a sample; what scales and shifts single channels is part of the operator.
    func normalizedGroups(_ node: Node) throws -> ExportedValue? {
        guard let (x, grouped, epsilon) = groupNorm(node), node.elementType == .float32 else { return nil }
        var value = try self.value(of: x)
        guard let layout = value.layout.reshaped(trace.shape(grouped)) else { return nil }
        value.layout = layout
        let (samples, places, groups, channels) = (
            layout.group(0), layout.group(1), layout.group(2), layout.group(3)
        )
        let count = grouped.shape[2]
        var (scale, offset) = ("", "")
        let axes: [[Int]]
        if channels.isEmpty {
            let isFirst = layout.axes.count > 2 && layout.axes[0] == samples && layout.axes[1] == groups
            axes = isFirst ? layout.axes : [samples, groups] + (places.isEmpty ? [[]] : places.map { [$0] })
            var end = node
            if let (user, factor) = channelConstant(after: end, .multiply) {
                absorb(user, into: end)
                let value = try self.value(of: factor)
                (scale, end) = (name(value, [value.layout.group(0)]), user)
            }
            if let (user, summand) = channelConstant(after: end, .add) {
                absorb(user, into: end)
                let value = try self.value(of: summand)
                offset = name(value, [value.layout.group(0)])
            }
        } else {
            axes = [
                samples, groups, layout.axes.flatMap { $0 }.filter { places.contains($0) || channels.contains($0) },
            ]
        }
        if scale.isEmpty { scale = shared(Tensor.ones([count]), name: "ones_\(count)") }
        if offset.isEmpty { offset = shared(Tensor.zeros([count]), name: "zeros_\(count)") }
        let result = add(
            "InstanceNormalization", [name(value, axes), scale, offset], ["epsilon": .number(epsilon)])
        var normalized = layout
        normalized.axes = axes
        guard let own = normalized.reshaped(trace.shape(node)) else { return nil }
        // What follows finds the axes that there were.
        return arranged(ExportedValue(source: .named(result), layout: own), layout.axes)
    }
}
