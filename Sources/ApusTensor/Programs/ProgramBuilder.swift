package import ApusBackend
package import ApusGraph

/// A graph under construction whose inputs and outputs have roles; whoever runs the program asks for them by role.
///
/// Tensors with values that the outputs depend on, but that are no inputs, become inputs by themselves: they are constants of the
/// program.
package struct ProgramBuilder<Role: Hashable & Sendable> {
    private var inputs: [(role: Role, node: Node)] = []
    private var outputs: [(role: Role, node: Node, replaced: Role?)] = []
    private var constants: Set<Role> = []

    package init() {}

    /// Adds an input.
    ///
    /// - Parameter isConstant: Whether it keeps its value from run to run: what depends on such inputs alone is computed when they
    ///   change.
    package mutating func input(_ role: Role, _ type: TensorType, isConstant: Bool = false) -> Tensor {
        let node = Node(.input("\(role)", type))
        inputs.append((role, node))
        if isConstant { constants.insert(role) }
        return Tensor(node)
    }

    /// Adds an output.
    ///
    /// - Parameter replacing: The input whose memory it takes over.
    package mutating func output(_ role: Role, _ value: Tensor, replacing input: Role? = nil) {
        outputs.append((role, value.node, input))
    }

    /// Compiles what was built.
    ///
    /// - Parameters:
    ///   - count: For how many sets of inputs at once; each input and output then has a new first axis. One set without it if `nil`.
    ///   - isStacked: Which inputs have a value for each set; the others have one for all.
    /// - Throws: `GraphError` with every problem of the graph; `BackendError` for what the device lacks.
    package consuming func compiled(
        on device: Device = .current, _ options: CompileOptions = CompileOptions(), stacking count: Int? = nil,
        where isStacked: (Role) -> Bool = { _ in true }
    ) throws -> BoundProgram<Role> {
        let given = Set(inputs.map(\.node))
        let others = Node.sorted(outputs.map(\.node)).filter { !given.contains($0) }
        let strangers = others.compactMap(\.strangeInput)
        guard strangers.isEmpty else { throw GraphError(strangers) }
        let captured = others.filter { $0.attachment is Buffer }
        var places: [Role: Int] = [:]
        for (index, input) in inputs.enumerated() { places[input.role] = index }
        demand(places.count == inputs.count, "two inputs have one role")
        var options = options
        options.constantInputs.formUnion(constants.map { places[$0]! })
        options.constantInputs.formUnion(inputs.count..<(inputs.count + captured.count))
        var graph = Graph(
            inputs: inputs.map(\.node) + captured,
            outputs: outputs.map { output in
                Graph.Output(
                    name: "\(output.role)", node: output.node, replaces: output.replaced.map { places[$0]! })
            })
        if let count {
            let roles = inputs.map(\.role)
            graph = Stacking.graph(graph, count: count) { $0 < roles.count && isStacked(roles[$0]) }
        }
        return BoundProgram(
            executable: try device.backend.compile(graph, options: options), inputRoles: inputs.map(\.role),
            inputs: places,
            outputs: Dictionary(uniqueKeysWithValues: outputs.enumerated().map { ($1.role, $0) }),
            captured: captured.map { $0.attachment as! Buffer })
    }
}

extension Node {
    /// What is wrong with an input that has no value: it belongs to another program.
    fileprivate var strangeInput: GraphProblem? {
        guard case .input(let name, let type) = operation, !(attachment is Buffer) else { return nil }
        return GraphProblem(
            scope: [], operation: name,
            message:
                "this \(type) belongs to another function or model that is being traced and has no value outside of it; "
                + "return it from there, or give it to this function as an argument")
    }
}

/// A compiled program with the roles of its inputs and outputs.
package struct BoundProgram<Role: Hashable & Sendable>: Sendable {
    package let executable: any Executable
    private let inputRoles: [Role]
    private let inputs: [Role: Int]
    private let outputs: [Role: Int]
    /// The values of the inputs after those that have roles.
    private let captured: [Buffer]

    fileprivate init(
        executable: any Executable, inputRoles: [Role], inputs: [Role: Int], outputs: [Role: Int], captured: [Buffer]
    ) {
        self.executable = executable
        self.inputRoles = inputRoles
        self.inputs = inputs
        self.outputs = outputs
        self.captured = captured
    }

    /// The place of an input among those of the program: looked up once, it is an index from then on.
    package func place(ofInput role: Role) -> Int { inputs[role]! }

    /// The place of an output.
    package func place(ofOutput role: Role) -> Int { outputs[role]! }

    /// Whether the program has an output.
    package func hasOutput(_ role: Role) -> Bool { outputs[role] != nil }

    /// The type of an output.
    package func type(ofOutput role: Role) -> TensorType { executable.signature.outputs[outputs[role]!].type }

    /// Buffers for all inputs and outputs, for who runs the program again and again; those that have roles hold nothing yet.
    package func frame() -> ProgramFrame {
        let empty = Buffer(byteCount: 0)
        return ProgramFrame(
            inputs: inputRoles.map { _ in empty } + captured, outputs: outputs.map { _ in empty }, empty: empty)
    }

    /// Computes the outputs, in new memory where they replace no input.
    ///
    /// - Parameter buffer: Gives the buffer of an input.
    package func run(_ buffer: (Role) throws -> Buffer) throws -> ProgramResults<Role> {
        ProgramResults(
            buffers: try executable.run(try inputRoles.map(buffer) + captured), outputs: outputs,
            signature: executable.signature)
    }
}

/// What a run of a program computed, by role.
package struct ProgramResults<Role: Hashable & Sendable> {
    fileprivate let buffers: [Buffer]
    fileprivate let outputs: [Role: Int]
    fileprivate let signature: ProgramSignature

    /// The number of outputs.
    package var count: Int { buffers.count }

    /// Whether there is an output.
    package func contains(_ role: Role) -> Bool { outputs[role] != nil }

    /// The memory of an output.
    package func buffer(_ role: Role) -> Buffer { buffers[outputs[role]!] }

    /// An output.
    package subscript(role: Role) -> Tensor {
        let place = outputs[role]!
        return Tensor(buffers[place], signature.outputs[place].type)
    }
}

extension BoundProgram: StoredProgram {
    package var byteCount: Int { executable.report.residentByteCount }
}

/// The buffers of a program's inputs and outputs, kept by who runs it again and again: so a run allocates nothing.
package struct ProgramFrame {
    package var inputs: [Buffer]
    package var outputs: [Buffer]
    /// Stands where no buffer is.
    package let empty: Buffer
}

extension ProgramReport {
    /// The bytes that a program holds while it is kept: its arena, its constants, and what describes its steps (measured: about
    /// 4 kB each).
    var residentByteCount: Int { arenaByteCount + constantByteCount + 4096 * (1 + steps.count) }
}
