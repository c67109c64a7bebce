import ApusGraph
import ApusTensor

extension GraphExporter {
    func batchNorm(_ epsilon: Double, _ node: Node) throws -> ExportedValue {
        let x = try value(of: node.inputs[0])
        let layout = x.layout
        let channel = layout.rank - 1
        let channels = layout.group(channel)
        let divided = layout.axes.divided { channels.contains($0) }
        let axes: [[Int]]
        if divided.count > 1, divided[1] == channels, divided == layout.axes,
            !divided[0].contains(where: channels.contains)
        {
            axes = layout.axes
        } else if divided.last == channels, divided == layout.axes {
            // Channels last: every place counts as a sample, and nothing moves.
            axes = [divided.dropLast().flatMap { $0 }, channels]
        } else {
            let others = divided.filter { !$0.isEmpty && !$0.contains(where: channels.contains) }
            axes = [others.first ?? [], channels] + others.dropFirst()
        }
        let parameters = try node.inputs.dropFirst().map { input in
            let value = try value(of: input)
            return name(value, [value.layout.group(0)])
        }
        var result = x
        result.layout.axes = axes
        result.source = .named(
            add("BatchNormalization", [name(x, axes)] + parameters, ["epsilon": .number(epsilon)]))
        return result
    }

    func layerNorm(_ epsilon: Double, _ node: Node) throws -> ExportedValue {
        let x = try value(of: node.inputs[0])
        let layout = x.layout
        let channels = layout.group(layout.rank - 1)
        let others = layout.axes.divided { channels.contains($0) }.filter { group in
            !group.isEmpty && !group.contains(where: channels.contains)
        }
        let axes = layout.axes.last == channels ? layout.axes : others + [channels]
        let parameters = try node.inputs.dropFirst().map { input in
            let value = try value(of: input)
            return name(value, [value.layout.group(0)])
        }
        var result = x
        result.layout.axes = axes
        result.source = .named(
            add(
                "LayerNormalization", [name(x, axes)] + parameters, ["axis": .integer(-1), "epsilon": .number(epsilon)])
        )
        return result
    }

    func softmax(_ type: String, _ axis: Int, _ node: Node) throws -> ExportedValue {
        let (value, places) = separated(try value(of: node.inputs[0]), [axis])
        return mapped(type, value, [], ["axis": .integer(places[0])])
    }
}
