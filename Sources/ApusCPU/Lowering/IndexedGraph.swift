import ApusGraph

/// A graph whose nodes are numbered, each after its inputs, with the users of every node.
struct IndexedGraph {
    let graph: Graph
    let nodes: [Node]
    private let index: [Node: Int]
    /// For each node the nodes that read it, without repetition, in order.
    let users: [[Int]]
    /// Whether a node is an output of the graph.
    let isOutput: [Bool]

    init(_ graph: Graph) {
        self.graph = graph
        nodes = graph.nodes
        var index: [Node: Int] = [:]
        for (number, node) in nodes.enumerated() { index[node] = number }
        var users = Array(repeating: [Int](), count: nodes.count)
        for (number, node) in nodes.enumerated() {
            for input in node.inputs where users[index[input]!].last != number { users[index[input]!].append(number) }
        }
        var isOutput = Array(repeating: false, count: nodes.count)
        for output in graph.outputs { isOutput[index[output.node]!] = true }
        self.index = index
        self.users = users
        self.isOutput = isOutput
    }

    /// The number of a node.
    subscript(node: Node) -> Int { index[node]! }

    func contains(_ node: Node) -> Bool { index[node] != nil }

    func inputs(_ number: Int) -> [Int] { nodes[number].inputs.map { index[$0]! } }

    /// What a cast to bfloat16 takes from float32, else the node itself: kernels that compute in float32 need not round first.
    func withoutRounding(_ number: Int) -> Int {
        guard case .cast(.bfloat16) = nodes[number].operation, nodes[number].inputs[0].elementType == .float32 else {
            return number
        }
        return inputs(number)[0]
    }

    /// The only reader of a node, if there is exactly one and the graph does not return the node.
    func onlyUser(_ number: Int) -> Int? {
        users[number].count == 1 && !isOutput[number] ? users[number][0] : nil
    }
}

extension Operation {
    /// Whether each element of the result depends on the same element of the inputs alone.
    var isElementwise: Bool {
        switch self {
        case .unary, .binary, .select, .clamp, .cast: true
        default: false
        }
    }

    /// Whether the operation only describes where elements are, so that readers can often follow it without a copy; or is a
    /// constant. Such nodes are computed where somebody needs them in memory.
    var isView: Bool {
        switch self {
        case .reshape, .transpose, .broadcast, .slice, .reverse, .constant, .stopGradient: true
        default: false
        }
    }
}
