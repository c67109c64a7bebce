import ApusGraph
import CKernels

/// Writes the elementwise program of a cluster of nodes.
struct ElementwiseBuilder {
    /// How the builder learns about the graph around the cluster.
    struct Environment {
        let graph: IndexedGraph
        /// The nodes whose results are needed outside, and where those go.
        let outputs: [Int: ValueID]
        /// Where to find a node that is not part of the cluster.
        let access: (Int) -> Access
        /// Whether writing to an output destroys an input.
        let overwrites: (_ output: ValueID, _ input: ValueID) -> Bool
    }

    private let environment: Environment
    private let members: Set<Int>
    private var program = ElementwiseProgram()
    /// The memory of each operand.
    private var values: [ValueID] = []
    private var operandIndex: [Int: Int] = [:]
    /// What holds each node's result.
    private var place: [Int: ElementwiseProgram.Source] = [:]
    /// How many reads of each node are still to come.
    private var remaining: [Int: Int] = [:]
    private var freeRegisters: [Int] = []
    private var registerCount = 0
    /// Nodes that are computed as part of the instruction of their only reader.
    private var absorbed: Set<Int> = []

    /// The program and, for each of its operands, the value; `nil` if the cluster needs too many registers.
    static func build(_ nodes: [Int], _ environment: Environment) -> (program: ElementwiseProgram, values: [ValueID])? {
        var builder = ElementwiseBuilder(nodes, environment)
        builder.run(nodes)
        guard builder.registerCount <= APUS_EW_MAX_REGISTERS,
            builder.values.count <= APUS_EW_MAX_OPERANDS
        else { return nil }
        return (builder.program, builder.values)
    }

    private init(_ nodes: [Int], _ environment: Environment) {
        self.environment = environment
        members = Set(nodes)
    }

    private var graph: IndexedGraph { environment.graph }

    private mutating func run(_ nodes: [Int]) {
        // First which instructions there are, then where their results live.
        var plans: [(node: Int, form: Form)] = []
        for node in nodes.reversed() where !absorbed.contains(node) {
            let form = self.form(of: node)
            absorbed.formUnion(form.absorbs)
            plans.append((node, form))
        }
        plans.reverse()
        for (_, form) in plans {
            for source in form.sources { if let member = member(source) { remaining[member, default: 0] += 1 } }
        }
        // An output that would overwrite an input which a later instruction still reads is stored at the end.
        var delayed: [(node: Int, value: ValueID)] = []
        for (index, (node, form)) in plans.enumerated() {
            let sources = withTwoConstantsAtMost(form.sources.map { resolve($0) } + form.constants, form.type)
            let type = graph.nodes[node].elementType.laneType
            // In place only where source and result are equally wide.
            let reuses = form.sources.allSatisfy { graph.nodes[$0].elementType.laneType == type }
            if reuses { for source in form.sources { release(source) } }
            defer { if !reuses { for source in form.sources { release(source) } } }
            let destination: ElementwiseProgram.Source
            if let value = environment.outputs[node], !isRead(value, byAnyOf: plans[(index + 1)...].map(\.form)),
                graph.nodes[node].elementType != .bfloat16 || remaining[node, default: 0] == 0
            {
                destination = .operand(output(value, node))
            } else {
                destination = .register(takeRegister())
                if let value = environment.outputs[node] {
                    delayed.append((node, value))
                    remaining[node, default: 0] += 1
                }
            }
            place[node] = destination
            program.instructions.append(
                ElementwiseProgram.Instruction(
                    opcode: form.opcode, type: form.type, target: graph.nodes[node].elementType,
                    destination: destination,
                    sources: sources))
        }
        for (node, value) in delayed {
            let source = place[node]!
            program.instructions.append(
                ElementwiseProgram.Instruction(
                    opcode: APUS_EW_COPY, type: graph.nodes[node].elementType,
                    destination: .operand(output(value, node)), sources: [source]))
        }
    }

    // MARK: Operands and registers

    /// The member of the cluster that a node's value comes from, through reshapes.
    private func member(_ node: Int) -> Int? {
        var node = node
        while case .reshape = graph.nodes[node].operation, !members.contains(node) { node = graph.inputs(node)[0] }
        return members.contains(node) ? node : nil
    }

    private mutating func resolve(_ node: Int) -> ElementwiseProgram.Source {
        if let member = member(node) { return place[member]! }
        if case .constant(let value, let type) = graph.nodes[node].operation {
            return type.elementType.isFloatingPoint ? .constant(value.double) : .integer(value.integer)
        }
        if let index = operandIndex[node] { return .operand(index) }
        let access = environment.access(node)
        let index = add(
            ElementwiseProgram.Tensor(
                type: graph.nodes[node].elementType, access: ElementwiseProgram.TensorAccess(access)), access.value)
        operandIndex[node] = index
        return .operand(index)
    }

    private mutating func output(_ value: ValueID, _ node: Int) -> Int {
        add(ElementwiseProgram.Tensor(type: graph.nodes[node].elementType, isOutput: true, access: .contiguous), value)
    }

    private mutating func add(_ operand: ElementwiseProgram.Tensor, _ value: ValueID) -> Int {
        program.operands.append(operand)
        values.append(value)
        return values.count - 1
    }

    /// The sources with constants moved to registers until the instruction can hold the others.
    private mutating func withTwoConstantsAtMost(_ sources: [ElementwiseProgram.Source], _ type: ElementType)
        -> [ElementwiseProgram.Source]
    {
        var sources = sources
        while Set(sources.filter(\.isConstant)).count > 2, let first = sources.firstIndex(where: \.isConstant) {
            let constant = sources[first]
            let register = ElementwiseProgram.Source.register(takeRegister())
            program.instructions.append(
                ElementwiseProgram.Instruction(
                    opcode: APUS_EW_COPY, type: type, destination: register, sources: [constant]))
            for index in sources.indices where sources[index] == constant { sources[index] = register }
        }
        return sources
    }

    private func isRead(_ output: ValueID, byAnyOf forms: [Form]) -> Bool {
        forms.contains { form in
            form.sources.contains { source in
                member(source) == nil && graph.nodes[source].constantValue == nil
                    && environment.overwrites(output, environment.access(source).value)
            }
        }
    }

    private mutating func release(_ node: Int) {
        guard let member = member(node) else { return }
        remaining[member]! -= 1
        if remaining[member] == 0, case .register(let register) = place[member]! { freeRegisters.append(register) }
    }

    private mutating func takeRegister() -> Int {
        if let register = freeRegisters.popLast() { return register }
        registerCount += 1
        return registerCount - 1
    }

    // MARK: Instructions

    /// One instruction before its operands have places.
    private struct Form {
        var opcode: apus_elementwise_opcode
        var type: ElementType
        var sources: [Int]
        /// Constants after the sources.
        var constants: [ElementwiseProgram.Source] = []
        /// Nodes that the instruction computes along the way.
        var absorbs: [Int] = []
    }

    /// The instruction for a node, together with those of its inputs that only it reads where one instruction does both.
    private func form(of number: Int) -> Form {
        let node = graph.nodes[number]
        let inputs = graph.inputs(number)
        let type = node.inputs[0].elementType
        switch node.operation {
        case .unary(let unary):
            if !type.isFloatingPoint {
                switch unary {
                case .floor, .ceil, .round: return Form(opcode: APUS_EW_COPY, type: type, sources: inputs)
                case .isFinite: return Form(opcode: APUS_EW_EQ, type: type, sources: [inputs[0], inputs[0]])
                default: break
                }
            }
            guard let opcode = unary.opcode else { preconditionFailure("\(unary.rawValue) was not expanded") }
            return Form(opcode: opcode, type: type, sources: inputs)
        case .binary(let binary):
            return fused(binary, inputs, type) ?? Form(opcode: binary.opcode, type: type, sources: inputs)
        case .select:
            // g where y > 0, else 0
            if node.elementType.isFloatingPoint, isZero(inputs[2]), let comparison = onlyRead(inputs[0]),
                case .binary(.greater) = graph.nodes[comparison].operation, isZero(graph.inputs(comparison)[1]),
                graph.nodes[graph.inputs(comparison)[0]].elementType == node.elementType
            {
                return Form(
                    opcode: APUS_EW_RELU_MASK, type: node.elementType,
                    sources: [inputs[1], graph.inputs(comparison)[0]],
                    absorbs: [comparison])
            }
            return Form(opcode: APUS_EW_SELECT, type: node.elementType, sources: inputs)
        case .clamp(let low, let high):
            let bounds = [low, high].map {
                // Bounds outside the integers of the type do not wrap around.
                type.isFloatingPoint
                    ? ElementwiseProgram.Source.constant($0.double) : .integer($0.rounded(to: type).integer)
            }
            return Form(opcode: APUS_EW_CLAMP, type: type, sources: inputs, constants: bounds)
        case .cast: return Form(opcode: APUS_EW_CAST, type: type, sources: inputs)
        default: preconditionFailure("\(node.operation.name) is not elementwise")
        }
    }

    /// A product with a sum around it, as one instruction.
    private func fused(_ binary: BinaryOperation, _ inputs: [Int], _ type: ElementType) -> Form? {
        guard type == .float32 || type == .float64 else { return nil }
        func product(_ number: Int) -> (node: Int, factors: [Int])? {
            guard let node = onlyRead(number), case .binary(.multiply) = graph.nodes[node].operation else { return nil }
            return (node, graph.inputs(node))
        }
        switch binary {
        case .add:
            if inputs[0] != inputs[1], let left = product(inputs[0]), let right = product(inputs[1]) {
                return Form(
                    opcode: APUS_EW_AXPBY, type: type, sources: left.factors + right.factors,
                    absorbs: [left.node, right.node])
            }
            for (index, other) in [(0, 1), (1, 0)] {
                if let product = product(inputs[index]) {
                    return Form(
                        opcode: APUS_EW_FMA, type: type, sources: product.factors + [inputs[other]],
                        absorbs: [product.node])
                }
            }
        case .subtract:
            if let right = product(inputs[1]) {
                return Form(
                    opcode: APUS_EW_FNMA, type: type, sources: right.factors + [inputs[0]], absorbs: [right.node])
            }
            if let left = product(inputs[0]) {
                return Form(opcode: APUS_EW_FMS, type: type, sources: left.factors + [inputs[1]], absorbs: [left.node])
            }
        default: break
        }
        return nil
    }

    /// The member that a node's value comes from, if nothing but the current instruction reads it.
    private func onlyRead(_ number: Int) -> Int? {
        guard members.contains(number), graph.onlyUser(number) != nil, environment.outputs[number] == nil,
            !absorbed.contains(number)
        else { return nil }
        let inputs = graph.inputs(graph.onlyUser(number)!)
        return inputs.filter { $0 == number }.count == 1 ? number : nil
    }

    private func isZero(_ number: Int) -> Bool { graph.nodes[number].constantValue == 0 }
}

extension ElementwiseProgram.Source {
    fileprivate var isConstant: Bool {
        switch self {
        case .constant, .integer: true
        case .register, .operand: false
        }
    }
}
