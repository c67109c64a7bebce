import ApusCPU
import ApusGraph
import Synchronization

/// A function of tensors that is traced once for each combination of input types and then replayed.
///
/// The function must depend on its arguments (and on tensors that it captures, whose values are fixed when it is traced) alone: on
/// a replay it is not called.
public struct CompiledFunction: Sendable {
    private let function: @Sendable ([Tensor]) throws -> [Tensor]
    private let programs = Programs()

    private final class Programs: Sendable {
        let byTypes = Mutex<[[TensorType]: (program: Program, captured: [Buffer])]>([:])
    }

    fileprivate init(_ function: @escaping @Sendable ([Tensor]) throws -> [Tensor]) {
        self.function = function
    }

    /// Computes the function.
    ///
    /// - Throws: What the function throws while it is traced, `GraphError` if operands do not fit, `ProgramError` if an index is
    ///   out of range.
    public func callAsFunction(_ arguments: [Tensor]) throws -> [Tensor] {
        try evaluate(arguments)
        let types = arguments.map(\.node.type)
        let known = programs.byTypes.withLock { $0[types] }
        let (program, captured) = try known ?? trace(types)
        let results = try program.run(arguments.map { $0.buffer! } + captured)
        return zip(results, program.outputTypes).map { Tensor($0, $1) }
    }

    private func trace(_ types: [TensorType]) throws -> (program: Program, captured: [Buffer]) {
        let parameters = types.enumerated().map { Node(.input("argument \($0)", $1)) }
        let outputs = try function(parameters.map { Tensor($0) }).map(\.node)
        var captured: [Node] = []
        for node in Node.sorted(outputs) where node.attachment is Buffer { captured.append(node) }
        let graph = Graph(
            inputs: parameters + captured,
            outputs: outputs.enumerated().map { Graph.Output(name: "result \($0)", node: $1) })
        let traced = (try CPU.compile(graph), captured.map { $0.attachment as! Buffer })
        programs.byTypes.withLock { $0[types] = traced }
        return traced
    }
}

/// Traces a function of tensors once and replays it: `let step = compile { [$0[0] * 2] }`.
public func compile(_ function: @escaping @Sendable ([Tensor]) throws -> [Tensor]) -> CompiledFunction {
    CompiledFunction(function)
}
