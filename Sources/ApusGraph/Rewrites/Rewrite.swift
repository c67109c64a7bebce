extension Graph {
    /// The graph after algebraic identities, constant folding and elimination of common subexpressions; nodes that no output
    /// needs are gone. Inputs stay as they are, used or not.
    package func simplified() -> Graph {
        var rewriter = Rewriter()
        let outputs = outputs.map { output in
            Output(name: output.name, node: rewriter.rewrite(output.node), replaces: output.replaces)
        }
        return Graph(inputs: inputs, outputs: outputs)
    }
}

/// Rebuilds nodes from the leaves up.
private struct Rewriter {
    /// What makes two nodes compute the same value.
    private struct Key: Hashable {
        let operation: Operation
        let inputs: [Node]
    }

    private var rewritten: [Node: Node] = [:]
    private var known: [Key: Node] = [:]

    mutating func rewrite(_ output: Node) -> Node {
        for node in Node.sorted([output], leavingOut: { rewritten[$0] != nil }) { rewritten[node] = shared(node) }
        return rewritten[output]!
    }

    /// The one node that stands for every node of the same operation and inputs, simplified.
    private mutating func shared(_ node: Node) -> Node {
        // Identity makes an input; an invalid node is left for the error report.
        if case .input = node.operation { return node }
        guard node.isValid else { return node }
        let inputs = node.inputs.map { rewritten[$0]! }
        var result = inputs == node.inputs ? node : Node(node.operation, inputs)
        // A rule may yield nodes that have rules themselves; every rule makes the expression smaller, so this ends.
        while let simpler = result.simplifiedOnce {
            result = simpler
            if let same = known[Key(operation: result.operation, inputs: result.inputs)] { return same }
        }
        if case .input = result.operation { return result }
        let key = Key(operation: result.operation, inputs: result.inputs)
        if let same = known[key] { return same }
        known[key] = result
        return result
    }
}
