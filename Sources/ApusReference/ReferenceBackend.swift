package import ApusBackend
package import ApusGraph

/// Computes a graph in plain Swift and `Float64`, node by node: the oracle that other backends are compared with.
///
/// It follows the definitions of `Operation` literally and shares no code with kernels or with `Node.expansion`.
/// Results of floating-point operations are not rounded to their element type (only `cast` and constants are, which
/// is their meaning), integers wrap around.
package struct ReferenceBackend: Sendable {
    package init() {}

    /// The values of a graph's outputs.
    ///
    /// - Parameter inputs: One value for each of `graph.inputs`, in order.
    /// - Throws: `GraphError` for a graph that has problems, `ReferenceError` for values that do not fit it.
    package func run(_ graph: Graph, inputs: [ReferenceValue]) throws -> [ReferenceValue] {
        try graph.validate()
        guard graph.inputs.count == inputs.count else {
            throw ReferenceError.wrongInputCount(expected: graph.inputs.count, received: inputs.count)
        }
        return try evaluate(
            graph.outputs.map(\.node), Dictionary(zip(graph.inputs, inputs), uniquingKeysWith: { first, _ in first }))
    }

    /// The values of some nodes, given the values of the input nodes that they depend on.
    ///
    /// - Throws: `GraphError` for nodes that have problems, `ReferenceError` for values that do not fit.
    package func run(_ outputs: [Node], inputs: [Node: ReferenceValue] = [:]) throws -> [ReferenceValue] {
        try Graph(inputs: [], outputs: outputs.map { Graph.Output(name: "", node: $0) }).validate()
        return try evaluate(outputs, inputs)
    }

    private func evaluate(_ outputs: [Node], _ inputs: [Node: ReferenceValue] = [:]) throws -> [ReferenceValue] {
        var known: [Node: ReferenceValue] = [:]
        for (node, value) in inputs {
            guard value.type == node.type, value.values.count == node.shape.count else {
                throw ReferenceError.wrongInput(
                    name: node.inputName, expected: node.type, received: value.type, values: value.values.count)
            }
            known[node] = value
        }
        for node in Node.sorted(outputs) where known[node] == nil {
            let step = Step(node: node, operands: node.inputs.map { known[$0]! })
            known[node] = ReferenceValue(
                shape: node.shape, elementType: node.elementType, values: try step.result())
        }
        return outputs.map { known[$0]! }
    }
}

extension Node {
    fileprivate var inputName: String {
        if case .input(let name, _) = operation { name } else { operation.name }
    }
}
