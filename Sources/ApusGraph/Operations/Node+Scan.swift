extension Node {
    /// A part of a scan's result.
    package func part(_ part: ScanBody.Part) -> Node {
        Node(.slice([AxisSlice(start: part.start, count: part.shape.count)]), [self]).reshape(part.shape)
    }

    /// A part of entries of a part.
    package func entries(_ first: Int, _ count: Int) -> Node {
        Node(
            .slice(
                [AxisSlice(start: first, count: count)]
                    + shape.dimensions.dropFirst().map { AxisSlice(start: 0, count: $0) }), [self])
    }

    /// A scan: `carries` and `entries` stand for values in `outputs`; all else that `outputs` depend on becomes a constant of the body.
    ///
    /// - Parameters:
    ///   - outputs: What is carried on, in the order of `carries`, then what each entry yields.
    ///   - initial: What is carried at first.
    ///   - sequences: [T, ...] each.
    package static func scan(
        _ outputs: [Node], carries: [Node], keeps: [Bool], entries: [Node], initial: [Node], sequences: [Node],
        length: Int, isReversed: Bool
    ) -> (node: Node, body: ScanBody) {
        // What depends on no placeholder is computed once, outside.
        var depends = Set(carries + entries)
        let order = sorted(outputs)
        for node in order where node.inputs.contains(where: depends.contains) { depends.insert(node) }
        var places: [Node: Node] = [:]
        var outside: [Node] = []
        func stand(for node: Node) -> Node {
            if let known = places[node] { return known }
            // Numbers stay inside, where they become part of the kernels.
            let stands: Node
            switch node.operation {
            case .constant, .iota: stands = node
            case .broadcast where node.inputs[0].isNumber: stands = node
            default:
                stands = Node(.input("constant \(outside.count)", node.type))
                outside.append(node)
            }
            places[node] = stands
            return stands
        }
        for node in order where depends.contains(node) {
            guard !node.inputs.isEmpty, !carries.contains(node), !entries.contains(node) else {
                places[node] = node
                continue
            }
            let inputs = node.inputs.map { depends.contains($0) ? places[$0]! : stand(for: $0) }
            places[node] = inputs == node.inputs ? node : Node(node.operation, inputs, attachment: node.attachment)
        }
        let results = outputs.map { depends.contains($0) ? places[$0]! : stand(for: $0) }
        let inner = Graph(
            inputs: carries + entries + outside.map { places[$0]! },
            outputs: results.enumerated().map { index, node in
                Graph.Output(
                    name: "output \(index)", node: node,
                    replaces: index < keeps.count && !keeps[index] ? index : nil)
            })
        let elementType = results.first?.elementType ?? .float32
        let body = ScanBody(
            inner, sequenceCount: entries.count, length: length, isReversed: isReversed, keeps: keeps,
            elementType: elementType)
        return (Node(.scan(body), initial + sequences + outside), body)
    }

    private var isNumber: Bool { if case .constant = operation { true } else { false } }

    /// Nodes with others in the place of some that they depend on.
    static func substituted(_ nodes: [Node], _ others: [Node: Node]) -> [Node] {
        var places = others
        for node in sorted(nodes, leavingOut: { others[$0] != nil }) where places[node] == nil {
            let inputs = node.inputs.map { places[$0]! }
            places[node] = inputs == node.inputs ? node : Node(node.operation, inputs, attachment: node.attachment)
        }
        return nodes.map { places[$0]! }
    }
}
