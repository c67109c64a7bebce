import ApusBackend
import ApusGraph

/// A function of tensors that is traced once for each combination of input types and structures, compiled, and then replayed.
///
/// ```swift
/// let step = compile { (weights: Tensor, x: Tensor) in tanh(x.matmul(weights)) }
/// let y = try step(Tensor.ones([4, 2]), Tensor.zeros([8, 4]))   // [8, 2]
/// ```
///
/// The function must depend on its arguments, and on what it captures, alone: on a replay it is not called. Tensors that it captures
/// are constants, whose values are fixed when it is traced; so are keys of random numbers, so that a function that draws takes its
/// key as an argument. Where the compiled function is itself called in a function that is being traced or differentiated, it is
/// called as it is, and becomes part of that.
///
/// - Parameter function: Takes and returns tensors, arrays of them, variables, or any other `TensorTree`.
/// - Returns: The same function, to be kept in a constant; it throws what the function throws while it is traced, `GraphError` if
///   operands do not fit, `ProgramError` if an index is out of range.
public func compile<each Input: TensorTree, Output: TensorTree>(
    _ function: @escaping @Sendable (repeat each Input) throws -> Output
) -> @Sendable (repeat each Input) throws -> Output {
    let compiled = CompiledFunction()
    return { (input: repeat each Input) in
        if CompiledFunction.isInlined { return try function(repeat each input) }
        var results = try compiled(Arguments(repeat each input)) { parameters in
            var parameters = parameters[...]
            let result = try function(repeat (each input).traced(&parameters))
            return (result.leaves, [result.structure])
        }
        return results.next(Output.self)
    }
}

/// Compiles a function of several results, which it returns as a tuple without labels; see `compile(_:)` of one result.
public func compile<each Input: TensorTree, each Output: TensorTree>(
    _ function: @escaping @Sendable (repeat each Input) throws -> (repeat each Output)
) -> @Sendable (repeat each Input) throws -> (repeat each Output) {
    let compiled = CompiledFunction()
    return { (input: repeat each Input) in
        if CompiledFunction.isInlined { return try function(repeat each input) }
        var results = try compiled(Arguments(repeat each input)) { parameters in
            var parameters = parameters[...]
            let results = try function(repeat (each input).traced(&parameters))
            var (leaves, structures): ([Tensor], [any Sendable]) = ([], [])
            for result in repeat each results {
                leaves += result.leaves
                structures.append(result.structure)
            }
            return (leaves, structures)
        }
        return (repeat results.next((each Output).self))
    }
}

extension TensorTree {
    /// The same tree of the first of some parameters.
    fileprivate func traced(_ parameters: inout ArraySlice<Tensor>) -> Self {
        Self(structure: structure, leaves: &parameters)
    }
}

/// The arguments of a call.
private struct Arguments {
    var leaves: [Tensor] = []
    var structures: [TreeStructure] = []

    init<each Input: TensorTree>(_ input: repeat each Input) {
        for argument in repeat each input {
            leaves += argument.leaves
            structures.append(TreeStructure(argument.structure))
        }
    }
}

/// The results of a call, which are taken one by one.
private struct Results {
    var leaves: ArraySlice<Tensor>
    var structures: ArraySlice<any Sendable>

    mutating func next<Tree: TensorTree>(_ type: Tree.Type) -> Tree {
        Tree(structure: structures.removeFirst() as! Tree.Structure, leaves: &leaves)
    }
}

/// The programs of a function.
private struct CompiledFunction {
    typealias Traced = (leaves: [Tensor], structures: [any Sendable])

    private let programs = Programs<FunctionKey, FunctionProgram>()

    /// Whether a call is part of a function that is being traced or differentiated.
    static var isInlined: Bool { TraceProblems.areCollected || Differentiation.isUnderWay }

    func callAsFunction(_ arguments: Arguments, trace: ([Tensor]) throws -> Traced) throws -> Results {
        try evaluate(arguments.leaves)
        let buffers = arguments.leaves.map { $0.buffer! }
        let key = FunctionKey(
            types: arguments.leaves.map(\.node.type), structures: arguments.structures,
            device: try Device.common(to: buffers))
        let program = try programs(key) { try FunctionProgram(key, trace) }
        let results = try program(buffers, ancestry: Ancestry.of(results: arguments.leaves.map(\.node)))
        return Results(leaves: results[...], structures: program.structures[...])
    }
}

/// What a function is compiled for.
private struct FunctionKey: Hashable {
    let types: [TensorType]
    let structures: [TreeStructure]
    let device: Device
    let precision = NumericPrecision.current
}

/// A structure of any type.
private struct TreeStructure: Hashable, @unchecked Sendable {
    // Structures are Sendable; the box does not say so.
    private let structure: AnyHashable

    init(_ structure: some Hashable & Sendable) { self.structure = AnyHashable(structure) }
}

/// A function as a program, with the structures of its results.
private struct FunctionProgram: StoredProgram {
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

    private let program: BoundProgram<Role>
    let structures: [any Sendable]

    var byteCount: Int { program.byteCount }

    init(_ key: FunctionKey, _ function: ([Tensor]) throws -> CompiledFunction.Traced) throws {
        var builder = ProgramBuilder<Role>()
        let parameters = key.types.enumerated().map { builder.input(.argument($0), $1) }
        let outside = TraceProblems()
        let results: [Tensor]
        (results, structures) = try TraceProblems.$current.withValue(outside) { try function(parameters) }
        let problems = outside.problems(besides: results.contains { !$0.problems.isEmpty })
        guard problems.isEmpty else { throw GraphError(problems + results.flatMap(\.problems)) }
        for (index, result) in results.enumerated() { builder.output(.result(index), result) }
        program = try builder.compiled(on: key.device)
    }

    func callAsFunction(_ arguments: [Buffer], ancestry: Ancestry?) throws -> [Tensor] {
        let results = try program.run { arguments[$0.index] }
        return (0..<results.count).map { index in
            results.buffer(.result(index)).ancestry = ancestry
            return results[.result(index)]
        }
    }
}
