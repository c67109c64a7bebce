import ApusBackend
import ApusGraph

/// A function of tensors that is traced once for each combination of input types and then replayed.
///
/// The function must depend on its arguments (and on tensors that it captures, whose values are fixed when it is traced) alone: on
/// a replay it is not called.
public struct CompiledFunction: Sendable {
    /// Arguments and results are numbered from 0.
    private enum Role: Hashable, Sendable, CustomStringConvertible {
        case argument(Int)
        case result(Int)

        var index: Int {
            switch self {
            case .argument(let index), .result(let index): index
            }
        }

        var description: String {
            switch self {
            case .argument(let index): "argument \(index)"
            case .result(let index): "result \(index)"
            }
        }
    }

    private struct Key: Hashable {
        let types: [TensorType]
        let device: Device
        let precision = NumericPrecision.current
    }

    private let function: @Sendable ([Tensor]) throws -> [Tensor]
    private let programs = Programs<Key, BoundProgram<Role>>()

    fileprivate init(_ function: @escaping @Sendable ([Tensor]) throws -> [Tensor]) {
        self.function = function
    }

    /// Computes the function.
    ///
    /// - Throws: What the function throws while it is traced, `GraphError` if operands do not fit, `ProgramError` if an index is
    ///   out of range.
    public func callAsFunction(_ arguments: [Tensor]) throws -> [Tensor] {
        try evaluate(arguments)
        let buffers = arguments.map { $0.buffer! }
        let key = Key(types: arguments.map(\.node.type), device: try Device.common(to: buffers))
        let results = try programs(key) { try trace(key) }.run { buffers[$0.index] }
        let ancestry = Ancestry.of(results: arguments.map(\.node))
        return (0..<results.count).map { index in
            let buffer = results.buffer(.result(index))
            buffer.ancestry = ancestry
            return results[.result(index)]
        }
    }

    private func trace(_ key: Key) throws -> BoundProgram<Role> {
        var builder = ProgramBuilder<Role>()
        let parameters = key.types.enumerated().map { builder.input(.argument($0), $1) }
        let outside = TraceProblems()
        let results = try TraceProblems.$current.withValue(outside) { try function(parameters) }
        let problems = outside.problems(besides: results.contains { !$0.problems.isEmpty })
        guard problems.isEmpty else { throw GraphError(problems + results.flatMap(\.problems)) }
        for (index, result) in results.enumerated() { builder.output(.result(index), result) }
        return try builder.compiled(on: key.device)
    }
}

/// Traces a function of tensors once and replays it: `let step = compile { [$0[0] * 2] }`.
public func compile(_ function: @escaping @Sendable ([Tensor]) throws -> [Tensor]) -> CompiledFunction {
    CompiledFunction(function)
}
