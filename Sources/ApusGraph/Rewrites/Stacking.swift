/// A graph for several sets of inputs at once: what it computes for each of them, stacked along a new first axis.
///
/// Inputs that are the same for all sets stay as they are, and so does what depends on them alone. Elementwise operations,
/// movements and reductions take the axis along; products become one product of a batch of matrices, and what is computed sample by
/// sample one of all samples. What has no such form is computed set by set.
package struct Stacking {
    private let count: Int
    /// What stands for each node: with a value for each set, or with one for all.
    private var values: [Node: Value] = [:]

    private struct Value {
        let node: Node
        let isStacked: Bool
    }

    /// - Parameter count: How many sets there are.
    package init(count: Int) { self.count = count }

    /// The graph for all sets.
    ///
    /// - Parameter isStacked: Which inputs, by their places, have a value for each set.
    package static func graph(_ graph: Graph, count: Int, isStacked: (Int) -> Bool) -> Graph {
        var stacking = Stacking(count: count)
        let inputs = graph.inputs.enumerated().map { place, input in
            guard isStacked(place), case .input(let name, let type) = input.operation else {
                stacking.values[input] = Value(node: input, isStacked: false)
                return input
            }
            let node = Node(.input(name, TensorType(stacking.stacked(type.shape), type.elementType)))
            stacking.values[input] = Value(node: node, isStacked: true)
            return node
        }
        for node in graph.nodes where stacking.values[node] == nil { stacking.values[node] = stacking.value(of: node) }
        let outputs = graph.outputs.map { output in
            var output = output
            output.node = stacking.stack(output.node)
            return output
        }
        return Graph(inputs: inputs, outputs: outputs)
    }

    private func stacked(_ shape: Shape) -> Shape { Shape([count] + shape.dimensions) }

    /// The values of a node for all sets, [sets, ...].
    private func stack(_ node: Node) -> Node {
        guard let value = values[node], !value.isStacked else { return values[node]?.node ?? node }
        switch value.node.operation {
        case .constant(let number, let type):
            return .constant(number, TensorType(stacked(type.shape), type.elementType))
        case .broadcast: return value.node.inputs[0].broadcast(to: stacked(node.shape))
        default: return value.node.broadcast(to: stacked(node.shape))
        }
    }

    private func value(of node: Node) -> Value {
        guard node.inputs.contains(where: { values[$0]?.isStacked == true }) else {
            return Value(node: node, isStacked: false)
        }
        return Value(node: together(node) ?? oneByOne(node), isStacked: true)
    }

    /// Set by set: always possible.
    private func oneByOne(_ node: Node) -> Node {
        let inputs = node.inputs.map { values[$0]?.isStacked == true ? stack($0) : nil }
        let parts = (0..<count).map { set in
            Node(node.operation, zip(node.inputs, inputs).map { $1?.row(set) ?? $0 })
                .reshape(Shape([1] + node.shape.dimensions))
        }
        return parts.count == 1 ? parts[0] : Node(.concatenate(axis: 0), parts)
    }

    /// All sets in one; `nil` where the operation has no such form.
    private func together(_ node: Node) -> Node? {
        func all() -> [Node] { node.inputs.map(stack) }
        switch node.operation {
        case .unary, .binary, .select, .clamp, .cast, .stopGradient, .matmul, .oneHot, .solve:
            return Node(node.operation, all())
        case .reshape(let shape): return stack(node.inputs[0]).reshape(stacked(shape))
        case .transpose(let permutation): return stack(node.inputs[0]).transpose([0] + permutation.map { $0 + 1 })
        case .broadcast(let shape):
            let x = node.inputs[0].shape.dimensions
            let aligned = Array(repeating: 1, count: shape.rank - x.count) + x
            return stack(node.inputs[0]).reshape(Shape([count] + aligned)).broadcast(to: stacked(shape))
        case .slice(let slices): return Node(.slice([AxisSlice(start: 0, count: count)] + slices), all())
        case .pad(let padding, let value):
            return Node(.pad([AxisPadding(low: 0, high: 0)] + padding, value: value), all())
        case .concatenate(let axis): return Node(.concatenate(axis: axis + 1), all())
        case .reverse(let axes): return Node(.reverse(axes: axes.map { $0 + 1 }), all())
        case .reduce(let reduction, let axes): return stack(node.inputs[0]).reduce(reduction, axes.map { $0 + 1 })
        case .argReduce(let reduction, let axis): return Node(.argReduce(reduction, axis: axis + 1), all())
        case .cumulativeSum(let axis, let exclusive, let reverse):
            return Node(.cumulativeSum(axis: axis + 1, exclusive: exclusive, reverse: reverse), all())
        case .argsort(let axis, let descending, let count):
            return Node(.argsort(axis: axis + 1, descending: descending, count: count), all())
        case .softmax(let axis): return Node(.softmax(axis: axis + 1), all())
        case .logSoftmax(let axis): return Node(.logSoftmax(axis: axis + 1), all())
        case .gatherAlong(let axis): return Node(.gatherAlong(axis: axis + 1), all())
        case .scatterAddAlong(let axis, let size): return Node(.scatterAddAlong(axis: axis + 1, size: size), all())
        case .softmaxCrossEntropy, .softmaxCrossEntropyGradient, .maxPool, .maxPoolGradient, .maxPoolSelect,
            .averagePool,
            .averagePoolGradient:
            // Sample by sample: the sets are more samples.
            let folded = all().map { $0.reshape(Shape([$0.shape[0] * $0.shape[1]] + $0.shape.dimensions.dropFirst(2))) }
            return Node(node.operation, folded).reshape(stacked(node.shape))
        default: return nil
        }
    }
}
