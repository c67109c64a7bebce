extension Graph {
    /// The graph in which no loop runs twice: where a loop runs that yields more than another one over the same inputs, what the other yields is
    /// taken from it. `nil` if there is none.
    package func sharingLoops() -> Graph? {
        struct Key: Hashable {
            let body: ScanBody
            let inputs: [Node]
        }
        let order = nodes
        var longer: [Key: ScanBody] = [:]
        for node in order {
            if case .scan(let body) = node.operation, let shorter = body.shorter {
                longer[Key(body: shorter, inputs: node.inputs)] = body
            }
        }
        guard !longer.isEmpty else { return nil }
        var rewritten: [Node: Node] = [:]
        var loops: [Key: Node] = [:]
        for node in order {
            let inputs = node.inputs.map { rewritten[$0]! }
            guard case .scan(let body) = node.operation else {
                rewritten[node] = inputs == node.inputs ? node : Node(node.operation, inputs)
                continue
            }
            let whole = longer[Key(body: body, inputs: node.inputs)] ?? body
            let key = Key(body: whole, inputs: inputs)
            let loop = loops[key] ?? Node(.scan(whole), inputs)
            loops[key] = loop
            rewritten[node] =
                whole === body ? loop : Node(.slice([AxisSlice(start: 0, count: body.elementCount)]), [loop])
        }
        return Graph(
            inputs: inputs,
            outputs: outputs.map { Output(name: $0.name, node: rewritten[$0.node]!, replaces: $0.replaces) })
    }
}
