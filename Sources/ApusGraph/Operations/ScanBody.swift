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
    /// The loop that this one is with more yields behind its own, so that its results lie where that has them.
    let shorter: ScanBody?

    init(
        _ graph: Graph, sequenceCount: Int, length: Int, isReversed: Bool, keeps: [Bool], elementType: ElementType,
        shorter: ScanBody? = nil
    ) {
        self.graph = graph
        self.sequenceCount = sequenceCount
        self.length = length
        self.isReversed = isReversed
        self.keeps = keeps
        self.elementType = elementType
        self.shorter = shorter
    }

    /// The loop with more yields.
    func yielding(_ nodes: [Node]) -> ScanBody {
        let outputs = graph.outputs + nodes.enumerated().map { Graph.Output(name: "kept \($0)", node: $1) }
        return ScanBody(
            Graph(inputs: graph.inputs, outputs: outputs), sequenceCount: sequenceCount, length: length,
            isReversed: isReversed, keeps: keeps, elementType: elementType, shorter: self)
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
