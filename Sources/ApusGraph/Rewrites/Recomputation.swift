extension Graph {
    /// The graph with cheap results computed a second time for the backward pass, so that they need not be kept until then; and
    /// the nodes that are computed so.
    ///
    /// Cheap are batch normalizations in training and activations behind them: what they are computed from is kept anyway, for
    /// their own gradients. Chen et al., Training Deep Nets with Sublinear Memory Cost (2016).
    package func recomputing() -> (Graph, recomputed: Set<Node>) {
        var replaced: [Node: Node] = [:]
        var copies: [Node: Node] = [:]
        /// A second computation of a node, of the same operands.
        func copy(_ node: Node) -> Node {
            if let known = copies[node] { return known }
            let inputs = node.inputs.map { $0.isCheap ? copy($0) : replaced[$0]! }
            let result = Node(node.operation, inputs)
            copies[node] = result
            return result
        }
        for node in nodes {
            var inputs = node.inputs.map { replaced[$0]! }
            if let kept = node.operandFromForwardPass, node.inputs[kept].isCheap {
                inputs[kept] = copy(node.inputs[kept])
            }
            replaced[node] = inputs == node.inputs ? node : Node(node.operation, inputs)
        }
        let outputs = outputs.map { Output(name: $0.name, node: replaced[$0.node]!, replaces: $0.replaces) }
        return (Graph(inputs: inputs, outputs: outputs), Set(copies.values))
    }
}

extension Node {
    /// Whether to compute the node again costs little and needs nothing that would not be kept.
    fileprivate var isCheap: Bool {
        switch operation {
        case .batchNormTraining: true
        case .unary(let unary): [.relu, .sigmoid, .tanh].contains(unary) && inputs[0].isCheap
        default: false
        }
    }

    /// Which input of a gradient is a value of the forward pass.
    fileprivate var operandFromForwardPass: Int? {
        switch operation {
        case .convolutionKernelGradient: 0
        default: nil
        }
    }
}
