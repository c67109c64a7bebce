/// A graph whose nodes are numbered, each after its inputs, with the users of every node.
package struct IndexedGraph {
    package let graph: Graph
    package let nodes: [Node]
    private let index: [Node: Int]
    private let inputNumbers: [[Int]]
    /// For each node the nodes that read it, without repetition, in order.
    package let users: [[Int]]
    /// Whether a node is an output of the graph.
    package let isOutput: [Bool]

    package init(_ graph: Graph) {
        self.graph = graph
        nodes = graph.nodes
        var index: [Node: Int] = [:]
        for (number, node) in nodes.enumerated() { index[node] = number }
        inputNumbers = nodes.map { $0.inputs.map { index[$0]! } }
        var users = Array(repeating: [Int](), count: nodes.count)
        for (number, inputs) in inputNumbers.enumerated() {
            for input in inputs where users[input].last != number { users[input].append(number) }
        }
        var isOutput = Array(repeating: false, count: nodes.count)
        for output in graph.outputs { isOutput[index[output.node]!] = true }
        self.index = index
        self.users = users
        self.isOutput = isOutput
    }

    /// The number of a node.
    package subscript(node: Node) -> Int { index[node]! }

    /// Whether an output depends on the node; other nodes have no number.
    package func contains(_ node: Node) -> Bool { index[node] != nil }

    /// The numbers of a node's inputs.
    package func inputs(_ number: Int) -> [Int] { inputNumbers[number] }

    /// The only reader of a node, if there is exactly one and the graph does not return the node.
    package func onlyUser(_ number: Int) -> Int? {
        users[number].count == 1 && !isOutput[number] ? users[number][0] : nil
    }
}
