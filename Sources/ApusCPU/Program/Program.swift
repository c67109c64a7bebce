public import ApusGraph
import CKernels
import Synchronization

/// A compiled graph: run it with inputs, get outputs.
///
/// A program owns all memory that a run needs and allocates nothing while it runs. Runs of one program, and of different
/// programs, happen one after the other on the engine.
public final class Program: @unchecked Sendable {
    /// The types of the inputs, in the graph's order.
    public let inputTypes: [TensorType]
    /// The types of the outputs, in the graph's order.
    public let outputTypes: [TensorType]
    /// For each output the input whose memory it takes over, if any.
    public let replacements: [Int?]
    /// The calls of kernels, in order.
    public let steps: [Step]
    /// The bytes of the arena: everything between inputs and outputs.
    public let arenaByteCount: Int
    /// The bytes of constants that were computed when the program was built.
    public let constantByteCount: Int

    /// One call of a kernel.
    public struct Step: Sendable, Hashable {
        /// The kernel, and what is fused into it.
        public var name: String
        /// Operations and bytes.
        public var cost: Cost
    }

    let plan: Plan
    private let arena: Buffer
    private let calls: CallList
    /// What is computed when constant inputs change, with the memory that only it uses, and for which inputs it was done last.
    private let preparation: CallList
    private let preparationScratch: Buffer
    private var preparedFor: [(input: Buffer, generation: Int)] = []
    private let constantInputs: [Int]
    private let times: UnsafeMutablePointer<Int64>
    private let outputSlots: [Int?]
    private let lock = Mutex(())

    init(plan: Plan, graph: Graph, constantInputs: Set<Int> = []) {
        inputTypes = graph.inputs.map(\.type)
        outputTypes = graph.outputs.map(\.node.type)
        replacements = graph.outputs.map(\.replaces)
        let memory = plan.memory
        arenaByteCount = memory.byteCount
        arena = Buffer(byteCount: memory.byteCount)
        // First touches of pages cost more than a step of training: take them now.
        arena.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: memory.byteCount)
        constantByteCount = plan.constants.reduce(0) { $0 + $1.byteCount }
        var slot = graph.inputs.count
        outputSlots = graph.outputs.map { output in
            guard output.replaces == nil else { return nil }
            defer { slot += 1 }
            return slot
        }
        steps = plan.steps.map { Step(name: $0.name, cost: $0.cost) }

        times = .allocate(capacity: max(1, plan.steps.count))
        times.initialize(repeating: 0, count: max(1, plan.steps.count))
        let start = arena.pointer
        calls = CallList(plan.steps, plan, arena: arena) { start + memory.scratch[.init(step: $0, operand: $1)]! }
        let largest = plan.preparation.flatMap(\.operands).map { operand in
            if case .scratch(let byteCount) = operand { byteCount } else { 0 }
        }.max()
        let scratch = Buffer(byteCount: largest ?? 0)
        preparation = CallList(plan.preparation, plan, arena: arena) { _, _ in scratch.pointer }
        preparationScratch = scratch
        self.constantInputs = constantInputs.sorted()
        self.plan = plan
    }

    deinit { times.deallocate() }

    /// Operations by definition and bytes moved, of all steps.
    public var cost: Cost { steps.reduce(.zero) { $0 + $1.cost } }

    /// The most memory in use during a run: arena, constants, inputs and outputs.
    public var peakByteCount: Int {
        let outputs = zip(outputTypes, replacements).filter { $1 == nil }.reduce(0) { $0 + $1.0.byteCount }
        return arenaByteCount + constantByteCount + inputTypes.reduce(0) { $0 + $1.byteCount } + outputs
    }

    // MARK: Running

    /// Computes the outputs.
    ///
    /// - Parameters:
    ///   - inputs: One buffer an input, of the input's size. A buffer that an output replaces is overwritten: it must
    ///     have no other owner.
    /// - Returns: One buffer an output; where it replaces an input, the input's buffer.
    /// - Throws: `ProgramError` if a kernel refuses its data, for instance an index out of range.
    public func run(_ inputs: [Buffer]) throws(ProgramError) -> [Buffer] {
        let outputs = zip(outputTypes, replacements).map { type, replaced in
            replaced.map { inputs[$0] } ?? Buffer(byteCount: type.byteCount)
        }
        try run(inputs, into: outputs)
        return outputs
    }

    /// Computes the outputs into given buffers.
    public func run(_ inputs: [Buffer], into outputs: [Buffer]) throws(ProgramError) {
        precondition(inputs.count == inputTypes.count && outputs.count == outputTypes.count)
        precondition(
            zip(inputs, inputTypes).allSatisfy { $0.byteCount >= $1.byteCount }, "a buffer is smaller than its input")
        precondition(
            zip(outputs, outputTypes).allSatisfy { $0.byteCount >= $1.byteCount }, "a buffer is smaller than its output"
        )
        try lock.withLock { _ throws(ProgramError) in
            for slot in inputs.indices { bind(slot, inputs[slot].pointer) }
            for index in outputs.indices { bindOutput(index, outputs[index].pointer) }
            try prepare(inputs)
            try runBound()
            for (index, input) in replacements.enumerated() where input != nil { outputs[index].generation += 1 }
        }
    }

    /// Computes what depends on constant inputs alone, if they are others than last time.
    private func prepare(_ inputs: [Buffer]) throws(ProgramError) {
        guard !preparation.isEmpty else { return }
        let isCurrent =
            preparedFor.count == constantInputs.count
            && zip(preparedFor, constantInputs).allSatisfy {
                $0.input === inputs[$1] && $0.generation == inputs[$1].generation
            }
        guard !isCurrent else { return }
        preparedFor = []
        for slot in constantInputs { preparation.bind(slot, inputs[slot].pointer) }
        var status: Int32 = 0
        let failed = apus_engine_run_steps(preparation.calls, Int64(preparation.count), &status, nil)
        if failed >= 0 { throw ProgramError(step: plan.preparation[Int(failed)].name, status: status) }
        preparedFor = constantInputs.map { (inputs[$0], inputs[$0].generation) }
    }

    // The way of one who runs a program again and again, alone, and allocates nothing on the way.

    /// Puts the address of an input into every call that uses it.
    package func bind(_ slot: Int, _ address: UnsafeMutableRawPointer) { calls.bind(slot, address) }

    /// As `bind`, for an output; one that replaces an input has the input's address already.
    package func bindOutput(_ index: Int, _ address: UnsafeMutableRawPointer) {
        if let slot = outputSlots[index] { bind(slot, address) }
    }

    /// Runs with the addresses that were bound.
    package func runBound() throws(ProgramError) {
        var status: Int32 = 0
        let failed = apus_engine_run_steps(calls.calls, Int64(steps.count), &status, isTiming ? times : nil)
        if failed >= 0 { throw ProgramError(step: steps[Int(failed)].name, status: status) }
    }

    // MARK: Memory

    /// Bytes of the arena that a step reads or writes for one value.
    package struct ArenaUse: Sendable {
        /// Tells values apart; `nil` for memory that only the step uses.
        package var value: Int?
        package var bytes: Range<Int>
        package var isWrite: Bool
    }

    /// What a step does in the arena: so that tests can follow every byte through a run.
    package func arenaUses(ofStep index: Int) -> [ArenaUse] {
        plan.steps[index].operands.enumerated().compactMap { operand, use in
            guard let address = calls.calls[index].buffers[operand] else { return nil }
            let start = UnsafeRawPointer(address) - UnsafeRawPointer(arena.pointer)
            switch use {
            case .none: return nil
            case .scratch(let byteCount): return ArenaUse(value: nil, bytes: start..<(start + byteCount), isWrite: true)
            case .read(let id), .write(let id):
                let owner = plan.owner(of: id)
                guard case .arena = plan[owner].storage else { return nil }
                let isWrite = if case .write = use { true } else { false }
                return ArenaUse(value: owner.index, bytes: start..<(start + plan[owner].byteCount), isWrite: isWrite)
            }
        }
    }

    /// The bytes of the arena if no step used memory that only it uses. That memory depends on the machine (the library's
    /// kernels, the number of threads), the rest on the graph alone.
    package var arenaByteCountWithoutScratch: Int {
        var bare = plan
        for step in bare.steps.indices {
            for operand in bare.steps[step].operands.indices {
                if case .scratch = bare.steps[step].operands[operand] { bare.steps[step].operands[operand] = .none }
            }
        }
        MemoryPlanner.assignOffsets(in: &bare)
        return bare.memory.byteCount
    }

    // MARK: Timing

    /// Whether runs measure the time of each step.
    public var isTiming = false

    /// The nanoseconds that each step took, over all runs while `isTiming` was set.
    public var stepNanoseconds: [Int] { steps.indices.map { Int(times[$0]) } }
}

/// A kernel refused its data while a program ran.
public struct ProgramError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The step that failed.
    public var step: String
    /// What the kernel returned.
    public var status: Int32

    public var description: String {
        "\(step) failed: an index or label is out of range (status \(status)); "
            + "check that labels lie in 0..<classes and indices inside the axis they select from"
    }
}
