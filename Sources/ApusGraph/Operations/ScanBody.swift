/// What a scan does with one entry of its sequences.
///
/// Inputs of the body: what is carried, an entry of each sequence, constants; outputs: what is carried on, and what the entry yields. A
/// body is compared by identity.
///
/// The result of a scan is one tensor without shape, in which parts lie one after the other (`Part`): of what is carried and kept the
/// values before entry 0, 1, … and after the last one (of a reversed scan after entry 0 and before it, …), of what is carried and not
/// kept the last value, of what is yielded all entries.
package final class ScanBody: Sendable {
    package let graph: Graph
    /// The number of sequences.
    package let sequenceCount: Int
    /// The number of entries of each sequence.
    package let length: Int
    /// Whether the last entry comes first.
    package let isReversed: Bool
    /// For each carried value, whether that before every entry is kept; else it is changed in place.
    package let keeps: [Bool]
    package let elementType: ElementType

    package init(
        _ graph: Graph, sequenceCount: Int, length: Int, isReversed: Bool, keeps: [Bool], elementType: ElementType
    ) {
        self.graph = graph
        self.sequenceCount = sequenceCount
        self.length = length
        self.isReversed = isReversed
        self.keeps = keeps
        self.elementType = elementType
    }

    package var carryCount: Int { keeps.count }
    package var constantCount: Int { graph.inputs.count - carryCount - sequenceCount }
    package var yieldCount: Int { graph.outputs.count - carryCount }

    package var carries: [Node] { Array(graph.inputs[..<carryCount]) }
    package var entries: [Node] { Array(graph.inputs[carryCount..<(carryCount + sequenceCount)]) }
    package var constants: [Node] { Array(graph.inputs[(carryCount + sequenceCount)...]) }

    /// A part of the result.
    package struct Part: Sendable, Hashable {
        /// The first element, and the shape.
        package let start: Int
        package let shape: Shape
        /// The elements of one entry; 0 of what is not kept.
        package let stride: Int
    }

    /// The parts of the result, one for each output of the body.
    package var parts: [Part] {
        var start = 0
        return graph.outputs.enumerated().map { index, output in
            let shape = output.node.shape
            let extent = index >= carryCount ? length : keeps[index] ? length +| 1 : nil
            let whole = Shape((extent.map { [$0] } ?? []) + shape.dimensions)
            defer { start = start +| whole.count }
            return Part(start: start, shape: whole, stride: extent == nil ? 0 : shape.count)
        }
    }

    package var elementCount: Int { parts.last.map { $0.start +| $0.shape.count } ?? 0 }

    /// What is wrong with the inputs of a scan.
    func problems(_ inputs: [TensorType]) -> [String] {
        var problems = graph.problems.map(\.message)
        guard inputs.count == graph.inputs.count else {
            return problems + ["takes \(graph.inputs.count) inputs but received \(inputs.count)"]
        }
        for (index, expected) in graph.inputs.enumerated() {
            var type = expected.type
            if (carryCount..<(carryCount + sequenceCount)).contains(index) {
                type = TensorType(Shape([length] + type.shape.dimensions), type.elementType)
            }
            if inputs[index] != type {
                problems.append("expected an input of type \(type) but received \(inputs[index])")
            }
        }
        for (index, output) in graph.outputs.enumerated() where output.node.elementType != elementType {
            problems.append(
                "what is carried and what is yielded have one element type, \(elementType); output \(index) is "
                    + "\(output.node.type). Convert it with cast(to: .\(elementType))")
        }
        for (carried, next) in zip(graph.inputs, graph.outputs.prefix(carryCount)) where carried.type != next.node.type
        {
            problems.append(
                "what is carried keeps its type: it begins as \(carried.type) and goes on as \(next.node.type)")
        }
        return problems
    }
}

extension ScanBody: Hashable {
    package static func == (a: ScanBody, b: ScanBody) -> Bool { a === b }
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension Node {
    /// A part of a scan's result.
    package func part(_ part: ScanBody.Part) -> Node {
        Node(.slice([AxisSlice(start: part.start, count: part.shape.count)]), [self]).reshape(part.shape)
    }

    /// A part of entries of a part.
    func entries(_ first: Int, _ count: Int) -> Node {
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

    /// The gradients of a scan to its inputs: another scan, in the other direction, which computes each entry again.
    func scanGradients(_ body: ScanBody, _ g: Node, wanted: [Bool]) -> [Node?] {
        guard body.keeps.allSatisfy({ $0 }) else {
            let problem = Node(
                problem:
                    "the gradient of a scan can't be differentiated again; give second derivatives a loop of their own",
                operation: "scan")
            return wanted.map { $0 ? problem : nil }
        }
        let (parts, length) = (body.parts, body.length)
        let (carryCount, sequenceCount) = (body.carryCount, body.sequenceCount)
        let first = carryCount + sequenceCount
        // What is differentiated: numbers that somebody wants.
        let entryPlaces = (0..<sequenceCount).filter { wanted[carryCount + $0] }
        let constantPlaces = (0..<body.constantCount).filter { wanted[first + $0] }
        func placeholders(_ nodes: [Node], _ name: String) -> [Node] {
            nodes.enumerated().map { Node(.input("\(name) \($0)", $1.type)) }
        }
        let carriedOut = Array(body.graph.outputs[..<carryCount]).map(\.node)
        let yielded = Array(body.graph.outputs[carryCount...]).map(\.node)
        // The gradients to what is carried on, as they come from later entries, and sums for constants.
        let arriving = placeholders(carriedOut, "gradient of carry")
        let sums = placeholders(constantPlaces.map { body.constants[$0] }, "sum")
        let ownGradients = placeholders(carriedOut, "gradient of kept carry")
        let yieldGradients = placeholders(yielded, "gradient of yield")
        let seeds = zip(arriving, ownGradients).map { $0 + $1 } + yieldGradients
        let targets =
            body.carries + entryPlaces.map { body.entries[$0] } + constantPlaces.map { body.constants[$0] }
        let gradients = Node.gradients(of: carriedOut + yielded, seeds: seeds, withRespectTo: targets)
        let carried = Array(gradients[..<carryCount])
        let ofEntries = Array(gradients[carryCount..<(carryCount + entryPlaces.count)])
        let ofConstants = zip(sums, gradients[(carryCount + entryPlaces.count)...]).map { $0 + $1 }

        // The values before each entry, and the gradients to those after it.
        let (before, after) = body.isReversed ? (1, 0) : (0, 1)
        let kept = parts[..<carryCount].map { self.part($0).entries(before, length) }
        let keptGradients = parts[..<carryCount].map { g.part($0).entries(after, length) }
        let own = yieldGradients.indices.map { g.part(parts[carryCount + $0]) }
        let zeros = carriedOut.map { $0.filled(0) } + constantPlaces.map { inputs[first + $0].filled(0) }
        let (scan, inner) = Node.scan(
            carried + ofConstants + ofEntries, carries: arriving + sums,
            keeps: Array(repeating: false, count: arriving.count + sums.count),
            entries: body.carries + body.entries + ownGradients + yieldGradients, initial: zeros,
            sequences: kept + inputs[carryCount..<first] + keptGradients + own, length: length,
            isReversed: !body.isReversed)
        // What it captures is made of the body's own constants, whose values are here.
        let node = Node(
            scan.operation,
            Node.substituted(
                scan.inputs, Dictionary(uniqueKeysWithValues: zip(body.constants, inputs[first...]))))
        let found = inner.parts.map { node.part($0) }
        var results: [Node?] = Array(repeating: nil, count: inputs.count)
        for index in 0..<carryCount where wanted[index] {
            // The initial value is also the first that is kept.
            let initial = g.part(parts[index]).entries(body.isReversed ? length : 0, 1).reshape(inputs[index].shape)
            results[index] = found[index] + initial
        }
        for (index, place) in constantPlaces.enumerated() { results[first + place] = found[carryCount + index] }
        for (index, place) in entryPlaces.enumerated() {
            results[carryCount + place] = found[carryCount + constantPlaces.count + index]
        }
        return results
    }

    /// Nodes with others in the place of some that they depend on.
    private static func substituted(_ nodes: [Node], _ others: [Node: Node]) -> [Node] {
        var places = others
        for node in sorted(nodes, leavingOut: { others[$0] != nil }) where places[node] == nil {
            let inputs = node.inputs.map { places[$0]! }
            places[node] = inputs == node.inputs ? node : Node(node.operation, inputs, attachment: node.attachment)
        }
        return nodes.map { places[$0]! }
    }
}
