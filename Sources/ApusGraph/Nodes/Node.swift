/// One use of an operation: a value of a graph that is not computed yet.
///
/// Nodes are immutable and compared by identity. Adding a node never fails: one whose inputs do not fit carries the
/// problems (its own and its inputs'), and whoever compiles it throws them.
package final class Node: @unchecked Sendable {
    /// What is computed from the inputs.
    package let operation: Operation
    /// Written only while the node is destroyed.
    package private(set) var inputs: [Node]
    /// The type of the result; without meaning if the node has problems.
    package let type: TensorType
    /// What is wrong with the node or what it depends on; empty for a sound node.
    package let problems: [GraphProblem]
    /// What the owner of an input hangs on it (the evaluated tensor's storage).
    package let attachment: (any AnyObject & Sendable)?

    /// Applies an operation to inputs; the type follows from theirs.
    ///
    /// Inputs that do not fit become problems, and so do problems of the inputs.
    package init(_ operation: Operation, _ inputs: [Node] = [], attachment: (any AnyObject & Sendable)? = nil) {
        self.operation = operation
        self.inputs = inputs
        self.attachment = attachment
        var problems: [GraphProblem] = []
        for input in inputs where !input.problems.isEmpty {
            problems.append(contentsOf: input.problems.filter { !problems.contains($0) })
        }
        var type = TensorType([], .float32)
        if problems.isEmpty {
            let inference = Inference(operation: operation, inputs: inputs.map(\.type))
            type = inference.run()
            problems = inference.problems.map {
                GraphProblem(scope: TraceScope.current, operation: operation.name, message: $0)
            }
        }
        self.type = type
        self.problems = problems
    }

    /// An invalid node: stands for an expression that could not be built.
    package convenience init(problem message: String, operation name: String) {
        self.init(problems: [GraphProblem(scope: TraceScope.current, operation: name, message: message)])
    }

    /// An invalid node with problems that were found elsewhere.
    package init(problems: [GraphProblem]) {
        operation = .constant(.floating(.nan), TensorType([], .float32))
        inputs = []
        attachment = nil
        type = TensorType([], .float32)
        self.problems = problems
    }

    /// The shape of the result.
    package var shape: Shape { type.shape }
    /// The element type of the result.
    package var elementType: ElementType { type.elementType }

    /// Whether the node is sound.
    package var isValid: Bool { problems.isEmpty }

    // A long chain of nodes (a loop that never reads its result) would be released recursively and overflow the stack;
    // this releases it in a loop.
    deinit {
        var pending = inputs
        inputs = []
        while var node = pending.popLast() {
            if isKnownUniquelyReferenced(&node) {
                pending.append(contentsOf: node.inputs)
                node.inputs = []
            }
        }
    }
}

extension Node: Hashable {
    package static func == (a: Node, b: Node) -> Bool { a === b }
    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

/// A set of nodes with named inputs and outputs.
package struct Graph: Sendable {
    /// A result of the graph.
    package struct Output: Sendable {
        /// The name in error messages.
        package var name: String
        /// The node whose value is the result.
        package var node: Node
        /// The input whose memory the output takes over: its value is not needed afterwards.
        package var replaces: Int?

        package init(name: String, node: Node, replaces: Int? = nil) {
            self.name = name
            self.node = node
            self.replaces = replaces
        }
    }

    /// Nodes with operation `.input`, in the order in which a program takes their values.
    package var inputs: [Node]
    /// The results, in the order in which a program returns them.
    package var outputs: [Output]

    package init(inputs: [Node], outputs: [Output]) {
        self.inputs = inputs
        self.outputs = outputs
    }

    /// Every node that the outputs depend on, each after its inputs; the order depends only on the graph's structure.
    package var nodes: [Node] { Node.sorted(outputs.map(\.node)) }

    /// The problems of all outputs.
    package var problems: [GraphProblem] {
        var problems: [GraphProblem] = []
        for output in outputs {
            problems.append(contentsOf: output.node.problems.filter { !problems.contains($0) })
        }
        return problems
    }

    /// Throws what is wrong with the graph.
    package func validate() throws(GraphError) {
        let problems = problems
        if !problems.isEmpty { throw GraphError(problems) }
    }
}

extension Node {
    /// All nodes that `outputs` depend on, each after its inputs.
    ///
    /// - Parameter isKnown: Nodes that are left out, with everything that only they depend on.
    package static func sorted(_ outputs: [Node], leavingOut isKnown: (Node) -> Bool = { _ in false }) -> [Node] {
        var order: [Node] = []
        var visited: Set<ObjectIdentifier> = []
        // Depth first with an explicit stack: (node, next input to visit).
        var stack: [(node: Node, next: Int)] = []
        for output in outputs where visited.insert(ObjectIdentifier(output)).inserted && !isKnown(output) {
            stack.append((output, 0))
            while let (node, next) = stack.last {
                if next < node.inputs.count {
                    stack[stack.count - 1].next += 1
                    let input = node.inputs[next]
                    if visited.insert(ObjectIdentifier(input)).inserted, !isKnown(input) { stack.append((input, 0)) }
                } else {
                    order.append(node)
                    stack.removeLast()
                }
            }
        }
        return order
    }
}
