package import ApusGraph
package import ApusTensor

/// A graph in the terms of ONNX, before it becomes bytes.
package struct ExportedGraph: Sendable {
    /// One use of an operator.
    package struct Node: Hashable, Sendable {
        /// The operator: `Conv`, `Gemm`.
        package var type: String
        /// The names of values; an empty one stands for an input that is left out.
        package var inputs: [String]
        /// The names of the results.
        package var outputs: [String]
        /// The operator's arguments by name.
        package var attributes: [String: Attribute]
        /// What the node is called: the layer's path and the operator.
        package var name: String
    }

    /// An argument of an operator.
    package enum Attribute: Hashable, Sendable {
        case integer(Int)
        case integers([Int])
        case number(Double)
        case text(String)
        case texts([String])
    }

    /// Numbers that are part of the graph.
    package struct Initializer: Sendable {
        /// The name of the value.
        package var name: String
        /// The numbers in row-major order, in the order of axes that ONNX sees.
        package var tensor: Tensor
    }

    /// What the graph takes or yields.
    package struct Port: Hashable, Sendable {
        /// The name of the value.
        package var name: String
        /// The extents; a text stands for one that is open, such as the number of samples.
        package var extents: [Extent]
        /// The type of the elements.
        package var elementType: ElementType
    }

    /// The extent of an axis of a port.
    package enum Extent: Hashable, Sendable {
        case fixed(Int)
        case open(String)
    }

    /// The nodes, each after those that it reads.
    package var nodes: [Node] = []
    /// The weights and other numbers.
    package var initializers: [Initializer] = []
    /// What the graph takes, in order.
    package var inputs: [Port] = []
    /// What the graph yields, in order.
    package var outputs: [Port] = []

    /// Removes what no output needs.
    mutating func removeUnused() {
        var needed = Set(outputs.map(\.name))
        var kept: [Node] = []
        for node in nodes.reversed() where node.outputs.contains(where: needed.contains) {
            kept.append(node)
            needed.formUnion(node.inputs)
        }
        nodes = kept.reversed()
        initializers.removeAll { !needed.contains($0.name) }
    }

    /// Gives a value that a node yields another name.
    mutating func rename(_ value: String, to name: String) {
        func renamed(_ names: [String]) -> [String] { names.map { $0 == value ? name : $0 } }
        for index in nodes.indices {
            nodes[index].inputs = renamed(nodes[index].inputs)
            nodes[index].outputs = renamed(nodes[index].outputs)
        }
    }
}
