import ApusBackend
import ApusGraph
import ApusNN
import ApusTensor

/// A language model that reads one token at a time, as a compiled program: layers remember what they need of earlier tokens.
struct TokenProgram: Sendable {
    private let program: BoundProgram<TokenRole>
    private let variables: [(path: String, buffer: Buffer)]
    /// What is remembered, with its size.
    private let remembered: [(path: String, byteCount: Int)]
    /// How many tokens are looked at, where layers count them.
    let window: Int?

    /// - Throws: `GraphError` if the model can't read single tokens; `VariablesError` if the weights belong to another model.
    init(_ trained: TrainedModel) throws {
        let input = trained.details.inputs[0]
        let window = max(1, input.shape[0])
        func traced(
            _ token: Tensor, _ key: Tensor, _ memory: TokenMemory, _ values: [String: Tensor]
        ) -> TracedModel {
            TracedModel(
                trained.model, trained.preprocessing([input.name: token.cast(to: input.elementType)]),
                mode: .inference, key: key, variables: values, precision: trained.precision, memory: memory)
        }
        // What layers remember shows when they are asked once.
        func placeholder(_ type: TensorType) -> Tensor { Tensor(Node(.input("placeholder", type))) }
        let first = traced(
            placeholder(TokenRole.tokenType), placeholder(TensorType([2], .int64)),
            TokenMemory(position: placeholder(TokenRole.positionType), window: window), [:])
        try first.validate()

        var builder = ProgramBuilder<TokenRole>()
        var values: [String: Tensor] = [:]
        for path in trained.variables.paths {
            values[path] = builder.input(.variable(path), trained.variables[path]!.node.type, isConstant: true)
        }
        let token = builder.input(.token, TokenRole.tokenType)
        let position = builder.input(.position, TokenRole.positionType)
        var before: [String: Tensor] = [:]
        for value in first.remembered {
            before[value.path] = builder.input(.memory(value.path), value.before.node.type)
        }
        let second = traced(
            token, builder.input(.key, TensorType([2], .int64)),
            TokenMemory(position: position, window: window, values: before), values)
        try second.validate()
        if let (path, _) = second.missing.first { throw VariablesError(lacking: path) }
        builder.output(.logits, second.output.cast(to: .float32))
        for value in second.remembered {
            builder.output(.memory(value.path), value.after, replacing: .memory(value.path))
        }
        let compiled = try builder.compiled(on: trained.device)
        program = compiled
        variables = try trained.variables.paths.map { path in
            let place = compiled.place(ofInput: .variable(path))
            return (
                path, try trained.variables.buffer(path, expecting: compiled.executable.signature.inputs[place].shape)
            )
        }
        remembered = second.remembered.map { ($0.path, $0.before.node.type.byteCount) }
        self.window = second.hasPositions ? window : nil
    }

    /// A reader that has read nothing.
    func reader() -> TokenReader {
        var frame = program.frame()
        for (path, buffer) in variables { frame.inputs[program.place(ofInput: .variable(path))] = buffer }
        let (token, position, key) = (Buffer(byteCount: 4), Buffer(byteCount: 4), Buffer(byteCount: 16))
        frame.inputs[program.place(ofInput: .token)] = token
        frame.inputs[program.place(ofInput: .position)] = position
        // Nothing is drawn at inference, unless a custom layer does.
        key.mutableBytes.initializeMemory(as: UInt8.self, repeating: 0)
        frame.inputs[program.place(ofInput: .key)] = key
        let memories = remembered.map { path, byteCount in
            let memory = Buffer(byteCount: byteCount)
            frame.inputs[program.place(ofInput: .memory(path))] = memory
            frame.outputs[program.place(ofOutput: .memory(path))] = memory
            return memory
        }
        let logits = Buffer(byteCount: program.type(ofOutput: .logits).byteCount)
        frame.outputs[program.place(ofOutput: .logits)] = logits
        return TokenReader(
            executable: program.executable, frame: frame, token: token, position: position, memories: memories,
            logits: logits)
    }

    /// The shape of the logits of one token: [1, 1, V] of a language model.
    var outputShape: Shape { program.type(ofOutput: .logits).shape }

    /// The steps of the program, for tests and measurements.
    var report: ProgramReport { program.executable.report }
}

/// Reads tokens one after the other, and keeps what is remembered of them.
final class TokenReader {
    private let executable: any Executable
    private let frame: ProgramFrame
    private let token: Buffer
    private let place: Buffer
    private let memories: [Buffer]
    private let logits: Buffer
    /// How many tokens were read.
    private(set) var position = 0

    fileprivate init(
        executable: any Executable, frame: ProgramFrame, token: Buffer, position: Buffer, memories: [Buffer],
        logits: Buffer
    ) {
        self.executable = executable
        self.frame = frame
        self.token = token
        place = position
        self.memories = memories
        self.logits = logits
        forget()
    }

    /// Begins anew.
    func forget() {
        position = 0
        for memory in memories { memory.mutableBytes.initializeMemory(as: UInt8.self, repeating: 0) }
    }

    /// Reads a token.
    ///
    /// - Throws: `ProgramError` if the model has no such token.
    func read(_ number: Int) throws(ProgramError) {
        token.mutableBytes.storeBytes(of: Int32(truncatingIfNeeded: number), as: Int32.self)
        place.mutableBytes.storeBytes(of: Int32(truncatingIfNeeded: position), as: Int32.self)
        try executable.run(frame.inputs, into: frame.outputs)
        position += 1
    }

    /// What the model says of the token after those that were read, [V].
    var output: UnsafeBufferPointer<Float> { logits.elements(as: Float.self) }
}

/// What an input or an output of a program that reads a token is.
private enum TokenRole: Hashable, Sendable, CustomStringConvertible {
    /// A weight or running value, by its path.
    case variable(String)
    /// The token, int32 [1, 1].
    case token
    /// How many tokens came before, int32 [1].
    case position
    /// The key of random numbers.
    case key
    /// What a layer remembers, by its path.
    case memory(String)
    /// What the model says of the next token.
    case logits

    static let tokenType = TensorType([1, 1], .int32)
    static let positionType = TensorType([1], .int32)

    /// The name in graphs.
    var description: String {
        switch self {
        case .variable(let path): path
        case .token: "token"
        case .position: "position"
        case .key: "key"
        case .memory(let path): "memory of \(path)"
        case .logits: "logits"
        }
    }
}
