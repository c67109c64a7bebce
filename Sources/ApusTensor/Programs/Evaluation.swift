package import ApusBackend
import ApusGraph

/// Computes tensors that are still expressions, together, in as few programs as possible.
///
/// - Throws: `GraphError` with every problem of the expressions, `ProgramError` if an index or label is out of range.
public func evaluate(_ tensors: [Tensor]) throws {
    let pending = tensors.filter { $0.buffer == nil }
    guard !pending.isEmpty else { return }
    let nodes = pending.map(\.node)
    let problems = Graph(inputs: [], outputs: nodes.map { Graph.Output(name: "", node: $0) }).problems
    guard problems.isEmpty else { throw GraphError(problems) }

    // Whatever is still in use on the way is kept, so that it need not be computed again.
    var outputs: [Node] = []
    var handles: [[Handle]] = []
    var position: [Node: Int] = [:]
    func want(_ node: Node, _ handle: Handle) {
        if let index = position[node] {
            handles[index].append(handle)
        } else {
            position[node] = outputs.count
            outputs.append(node)
            handles.append([handle])
        }
    }
    for (tensor, node) in zip(pending, nodes) { want(node, tensor.handle) }
    for node in Node.sorted(nodes, leavingOut: { $0.knownValue != nil }) where node.isWorthKeeping {
        if let handle = (node.attachment as? HandleReference)?.handle { want(node, handle) }
    }

    let expression = Expression(outputs: outputs)
    if let name = expression.unboundInput {
        throw GraphError([
            GraphProblem(
                scope: [], operation: name,
                message:
                    "a value inside a function that is being compiled can't be read; return it from the function instead"
            )
        ])
    }
    let program = try EvaluatedPrograms.program(for: expression)
    let results = try program.executable.run(expression.inputs)
    for (result, ancestry) in zip(results, Ancestry.of(outputs)) { result.ancestry = ancestry }
    for (result, handles) in zip(results, handles) {
        for handle in handles { handle.become(result) }
    }
}

/// Computes tensors that are still expressions.
public func evaluate(_ tensors: Tensor...) throws {
    try evaluate(tensors)
}

extension Tensor {
    /// The tensor with its elements computed.
    ///
    /// - Throws: `GraphError`, `ProgramError`; see `evaluate(_:)`.
    @discardableResult
    public func evaluated() throws -> Tensor {
        try evaluate([self])
        return self
    }

    /// The elements' memory; evaluates the tensor and stops the program with the error's message where that fails.
    package func elements() -> Buffer {
        if let buffer { return buffer }
        do {
            try evaluate([self])
        } catch {
            stop("\(error)")
        }
        return buffer!
    }
}

extension Node {
    /// Whether an intermediate result is worth its memory: views and constants are made again for nothing.
    fileprivate var isWorthKeeping: Bool {
        switch operation {
        case .input, .constant, .iota, .reshape, .broadcast, .stopGradient: false
        default: true
        }
    }
}
