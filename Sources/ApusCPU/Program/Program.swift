@_spi(Backend) package import ApusBackend
import ApusGraph
import CKernels
import Synchronization

/// A compiled graph: run it with inputs, get outputs.
///
/// A program owns all memory that a run needs and allocates nothing while it runs. Runs of one program, and of different
/// programs, happen one after the other on the engine.
package final class Program: Executable, @unchecked Sendable {
    package let signature: ProgramSignature
    package let report: ProgramReport

    let plan: Plan
    private let arena: Buffer
    let calls: CallList
    /// What is computed when constant inputs change, with the memory that only it uses, and for which inputs it was done last.
    private let preparation: CallList
    private let preparationScratch: Buffer
    private var preparedFor: [(input: Buffer, generation: Int)] = []
    private let constantInputs: [Int]
    private let times: UnsafeMutablePointer<Int64>
    private let outputSlots: [Int?]
    /// The bytes that each input and each output needs at least.
    private let byteCounts: (inputs: [Int], outputs: [Int])
    private let lock = Mutex(())

    init(plan: Plan, graph: Graph, constantInputs: Set<Int> = []) {
        signature = ProgramSignature(graph)
        byteCounts = (signature.inputs.map(\.byteCount), signature.outputs.map(\.type.byteCount))
        let memory = plan.memory
        arena = Buffer(byteCount: memory.byteCount)
        // First touches of pages cost more than a step of training: take them now.
        arena.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: memory.byteCount)
        var slot = graph.inputs.count
        outputSlots = graph.outputs.map { output in
            guard output.replaces == nil else { return nil }
            defer { slot += 1 }
            return slot
        }
        report = ProgramReport(
            device: .cpu, signature: signature,
            steps: plan.steps.map { .init(name: $0.name, cost: $0.cost, unit: $0.unit) },
            arenaByteCount: memory.byteCount + plan.innerByteCount,
            constantByteCount: plan.constants.reduce(0) { $0 + $1.byteCount },
            compilation: plan.report)

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

    // MARK: Running

    package func run(_ inputs: [Buffer], into outputs: [Buffer]) throws(ProgramError) {
        precondition(inputs.count == byteCounts.inputs.count && outputs.count == byteCounts.outputs.count)
        try lock.withLock { _ throws(ProgramError) in
            for slot in inputs.indices {
                precondition(inputs[slot].byteCount >= byteCounts.inputs[slot], "a buffer is smaller than its input")
                calls.bind(slot, inputs[slot].pointer)
            }
            for index in outputs.indices {
                precondition(
                    outputs[index].byteCount >= byteCounts.outputs[index], "a buffer is smaller than its output")
                // One that replaces an input has the input's address already.
                if let slot = outputSlots[index] { calls.bind(slot, outputs[index].pointer) }
            }
            try prepare(inputs)
            var status: Int32 = 0
            let failed = apus_engine_run_steps(calls.calls, Int64(calls.count), &status, isTiming ? times : nil)
            if failed >= 0 { throw ProgramError(step: report.steps[Int(failed)].name, status: status) }
            for index in outputs.indices where outputSlots[index] == nil { outputs[index].generation += 1 }
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
                return ArenaUse(value: owner.index, bytes: start..<(start + plan[id].byteCount), isWrite: isWrite)
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

    package var isTiming = false

    package var stepNanoseconds: [Int] { report.steps.indices.map { Int(times[$0]) } }
}
