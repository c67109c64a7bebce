package import ApusBackend
package import ApusGraph

package func input(_ name: String, _ shape: Shape, _ type: ElementType = .float32) -> Node {
    Node(.input(name, TensorType(shape, type)))
}

/// A graph whose outputs are numbered.
package func graph(_ inputs: [Node], _ outputs: [Node], replaces: [Int?] = []) -> Graph {
    Graph(
        inputs: inputs,
        outputs: outputs.enumerated().map { index, node in
            Graph.Output(name: "\(index)", node: node, replaces: index < replaces.count ? replaces[index] : nil)
        })
}

/// A value of an input.
package func draw(_ node: Node, seed: UInt64 = 1, _ drawing: Drawing = .uniform(-1...1)) -> ReferenceValue {
    var generator = PhiloxGenerator(seed: seed)
    return TestInput.fixed(node.elementType, node.shape, drawing).draw(.float32, using: &generator)
}

/// Values of a graph's inputs.
package func draw(_ graph: Graph, seed: UInt64 = 1, _ drawing: Drawing = .uniform(-1...1)) -> [ReferenceValue] {
    graph.inputs.enumerated().map { draw($1, seed: seed + UInt64($0), drawing) }
}
