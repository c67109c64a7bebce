extension Graph {
    /// The graph with batch normalizations at inference folded into the convolutions before them, where kernel and statistics are
    /// constant: (x ∗ w + b − μ) · f + β = x ∗ (w · f) + (b − μ) · f + β with f = γ / √(σ² + ε).
    package func foldingNormalizations(_ constantInputs: Set<Int>) -> Graph {
        let indexed = IndexedGraph(self)
        var isConstant = Array(repeating: false, count: indexed.nodes.count)
        for slot in constantInputs where indexed.contains(inputs[slot]) { isConstant[indexed[inputs[slot]]] = true }
        for (number, node) in indexed.nodes.enumerated() where !node.inputs.isEmpty {
            isConstant[number] = indexed.inputs(number).allSatisfy { isConstant[$0] }
        }
        var folded: [Node: Node] = [:]
        for (number, node) in indexed.nodes.enumerated() {
            let inputs = node.inputs.map { folded[$0]! }
            let rebuilt = inputs == node.inputs ? node : Node(node.operation, inputs)
            folded[node] = rebuilt
            guard case .batchNorm(let epsilon) = node.operation, node.elementType != .float64,
                indexed.inputs(number).dropFirst().allSatisfy({ isConstant[$0] })
            else { continue }
            // The convolution, and the bias between.
            var convolution = indexed.inputs(number)[0]
            var bias: Node?
            if case .binary(.add) = indexed.nodes[convolution].operation, indexed.onlyUser(convolution) == number,
                let constant = indexed.inputs(convolution).first(where: { isConstant[$0] }),
                case .broadcast = indexed.nodes[constant].operation,
                indexed.nodes[constant].inputs[0].shape == [node.shape[-1]],
                let other = indexed.inputs(convolution).first(where: { !isConstant[$0] })
            {
                bias = folded[indexed.nodes[constant].inputs[0]]!.cast(to: .float32)
                convolution = other
            }
            guard case .convolution(let geometry) = indexed.nodes[convolution].operation,
                indexed.users[convolution].count == 1, !indexed.isOutput[convolution],
                isConstant[indexed.inputs(convolution)[1]]
            else { continue }
            let (scale, offset, mean, variance) = (
                rebuilt.inputs[1], rebuilt.inputs[2], rebuilt.inputs[3], rebuilt.inputs[4]
            )
            let factor = scale * (variance + epsilon).unary(.reciprocalSquareRoot)
            let shift = ((bias.map { $0 - mean } ?? -mean) * factor + offset).cast(to: node.elementType)
            let (x, kernel) = (
                folded[indexed.nodes[convolution].inputs[0]]!, folded[indexed.nodes[convolution].inputs[1]]!
            )
            folded[node] = Node(.convolution(geometry), [x, kernel * factor]) + shift
        }
        return Graph(
            inputs: inputs,
            outputs: outputs.map { Output(name: $0.name, node: folded[$0.node]!, replaces: $0.replaces) })
    }
}
