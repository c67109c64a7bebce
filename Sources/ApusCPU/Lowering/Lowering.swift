import ApusBackend
import ApusGraph
import CKernels

/// Turns units, in order, into steps.
struct Lowering {
    let graph: IndexedGraph
    let fusion: Fusion
    let options: CompileOptions
    var plan = Plan()
    /// Where each node's elements are in row-major order, once somebody has asked.
    private var rows: [Int: ValueID] = [:]
    /// Where they are in the lanes layout.
    private var lanes: [Int: ValueID] = [:]
    /// What a lanes convolution, or a ReLU behind a normalization, noted for its gradient.
    var masks: [Int: ValueID] = [:]
    /// Where the maxima of a pooling were.
    var maxima: [Maxima: ValueID] = [:]
    /// The slot of each output that can be written in place.
    private var outputSlots: [Int: Int] = [:]
    /// Elementwise steps by their position, for merging.
    private var tapes: [Int: PendingTape] = [:]
    /// Operations that no kernel computes.
    private var problems: [GraphProblem] = []

    /// A pooling: of which node, and how.
    struct Maxima: Hashable {
        let image: Int
        let geometry: PoolGeometry
    }

    struct PendingTape {
        var tape: Tape
        var counts: [Int]
        var values: [[ValueID]]
    }

    /// - Throws: `GraphError` if there is no kernel for an operation on its types.
    static func lower(
        _ graph: Graph, options: CompileOptions, recomputed: Set<Node> = []
    ) throws(GraphError) -> Plan {
        let indexed = IndexedGraph(graph)
        var fusion = Fusion(indexed, options: options, recomputed: recomputed)
        var order = fusion.order()
        if order == nil {
            // Fusion closed a circle (rare: a gradient that needs an updated weight): one operation at a time has none.
            fusion = Fusion(indexed, options: CompileOptions(fuses: false), recomputed: recomputed)
            order = fusion.order()
        }
        var lowering = Lowering(graph: indexed, fusion: fusion, options: options)
        let plan = lowering.run(order!)
        guard lowering.problems.isEmpty else { throw GraphError(lowering.problems) }
        return plan
    }

    private init(graph: IndexedGraph, fusion: Fusion, options: CompileOptions) {
        self.graph = graph
        self.fusion = fusion
        self.options = options
    }

    private mutating func run(_ order: [Int]) -> Plan {
        for (slot, input) in graph.graph.inputs.enumerated() {
            let value = plan.add(PlanValue(type: input.type, layout: .rows, storage: .slot(slot)))
            // An input that no output needs has no number.
            if graph.contains(input) { rows[graph[input]] = value }
        }
        plan.slotCount = graph.graph.inputs.count
        var slots: [Int] = []
        for output in graph.graph.outputs {
            let slot: Int
            if let replaced = output.replaces {
                slot = replaced
            } else {
                slot = plan.slotCount
                plan.slotCount += 1
            }
            slots.append(slot)
            let number = graph[output.node]
            if output.node.isComputed, !fusion.lanes.contains(number), outputSlots[number] == nil {
                outputSlots[number] = slot
            }
        }
        for unit in order { lower(fusion.units[unit]) }
        finishOutputs(slots)
        mergeTapes()
        return plan
    }

    private mutating func lower(_ unit: Unit) {
        switch unit.kind {
        case .single: single(unit.nodes[0])
        case .cluster: cluster(unit.nodes)
        case .product(let pattern): product(pattern)
        case .convolution(let pattern): convolution(pattern)
        case .normalization(let pattern): normalization(pattern)
        case .normalizationGradient(let pattern): normalizationGradient(pattern)
        case .biasGradient(let pattern): biasGradient(pattern)
        case .lanesConvolution(let pattern): lanesConvolution(pattern)
        case .lanesGradient(let pattern): lanesGradient(pattern)
        }
    }

    // MARK: Values

    /// A new value in the arena.
    mutating func temporary(_ type: TensorType, _ layout: Layout = .rows) -> ValueID {
        plan.add(PlanValue(type: type, layout: layout, storage: .arena(offset: nil)))
    }

    /// The value that a step computes for a node, in row-major order.
    mutating func result(_ number: Int) -> ValueID {
        let storage: Storage = outputSlots[number].map { .slot($0) } ?? .arena(offset: nil)
        let value = plan.add(PlanValue(type: graph.nodes[number].type, layout: .rows, storage: storage))
        rows[number] = value
        return value
    }

    /// The value that a step computes for a node, in the lanes layout.
    mutating func lanesResult(_ number: Int) -> ValueID {
        let value = temporary(graph.nodes[number].type, .lanes)
        lanes[number] = value
        return value
    }

    /// Drops a node's value again, before any step has used it.
    mutating func forget(_ number: Int) {
        rows[number] = nil
        lanes[number] = nil
    }

    /// A node's elements in row-major order without gaps; copies or converts if they are not there yet.
    mutating func value(_ number: Int) -> ValueID {
        if let value = rows[number] { return value }
        let value: ValueID
        let node = graph.nodes[number]
        if let source = lanes[number] {
            value = unpacked(source, node.type)
        } else if case .constant(let scalar, let type) = node.operation {
            value = constant(scalar, type)
        } else {
            let access = access(number)
            if access.isContiguous {
                let source = plan[access.value]
                if source.type == node.type { return access.value }
                value = plan.add(PlanValue(type: node.type, layout: .rows, storage: .alias(access.value)))
            } else {
                value = temporary(node.type)
                copy(access, to: value, node.type)
            }
        }
        rows[number] = value
        return value
    }

    /// A node's elements in the lanes layout.
    mutating func lanesValue(_ number: Int) -> ValueID {
        if let value = lanes[number] { return value }
        let value = packed(self.value(number), graph.nodes[number].type)
        lanes[number] = value
        return value
    }

    /// Where a node's elements can be found without a copy if possible: views are followed.
    mutating func access(_ number: Int) -> Access {
        // Down to what lies in memory; chains of views may be long.
        var views: [Int] = []
        var source = number
        while rows[source] == nil, lanes[source] == nil, graph.nodes[source].isFollowed {
            views.append(source)
            source = graph.inputs(source)[0]
        }
        precondition(
            source != number || rows[source] != nil || lanes[source] != nil || graph.nodes[source].constantValue != nil,
            "\(graph.nodes[number].operation.name) is read before it is computed")
        var access = Access(value(source), graph.nodes[source].shape)
        for view in views.reversed() {
            switch graph.nodes[view].operation {
            case .reshape(let shape):
                if let reshaped = access.reshaped(shape) {
                    access = reshaped
                } else {
                    let type = TensorType(access.shape, graph.nodes[view].elementType)
                    let copied = temporary(type)
                    copy(access, to: copied, type)
                    access = Access(copied, shape)
                }
            case .transpose(let permutation): access = access.transposed(permutation)
            case .broadcast(let shape): access = access.broadcast(to: shape)
            case .slice(let slices): access = access.sliced(slices)
            case .reverse(let axes): access = access.reversed(axes)
            default: break
            }
        }
        return access
    }

    /// Memory that holds one number everywhere, filled when the program is built.
    mutating func constant(_ scalar: Scalar, _ type: TensorType) -> ValueID {
        plan.constants.append(Buffer(repeating: scalar, type))
        return plan.add(PlanValue(type: type, layout: .rows, storage: .constant(plan.constants.count - 1)))
    }

    // MARK: Steps

    mutating func step(
        _ name: String, _ kernel: @escaping apus_kernel, _ operands: [Operand], _ parameters: ParameterBlock,
        cost: Cost = .zero
    ) {
        let step = PlanStep(name: name, kernel: kernel, operands: operands, parameters: parameters, cost: cost)
        guard dependsOnConstants(step) else { return plan.steps.append(step) }
        plan.preparation.append(step)
        for id in step.writes {
            let owner = plan.owner(of: id)
            plan.constants.append(Buffer(byteCount: plan[owner].byteCount))
            plan[owner].storage = .constant(plan.constants.count - 1)
        }
    }

    /// Whether a step computes the same in every run.
    private func dependsOnConstants(_ step: PlanStep) -> Bool {
        !options.constantInputs.isEmpty && !step.reads.isEmpty && step.reads.allSatisfy(isConstant)
            && step.writes.allSatisfy { if case .arena = plan[plan.owner(of: $0)].storage { true } else { false } }
    }

    /// Whether a value is the same in every run.
    func isConstant(_ id: ValueID) -> Bool {
        switch plan[plan.owner(of: id)].storage {
        case .slot(let slot): options.constantInputs.contains(slot)
        case .constant: true
        case .arena, .alias: false
        }
    }

    mutating func step<Parameters: BitwiseCopyable>(
        _ name: String, _ kernel: @escaping apus_kernel, _ operands: [Operand], _ parameters: Parameters,
        cost: Cost = .zero
    ) {
        step(name, kernel, operands, ParameterBlock(parameters), cost: cost)
    }

    /// Adds an elementwise step.
    mutating func tapeStep(_ name: String, _ tape: Tape, count: Int, values: [ValueID], cost: Cost) {
        guard count > 0 else { return }
        guard let parameters = tape.compiled(counts: [count]) else {
            let types = values.map { plan[$0].type.elementType.description }.joined(separator: ", ")
            let message = "this backend has no kernel for it on \(types); convert the operands with cast(to:)"
            return report(name, message)
        }
        let position = plan.steps.count
        step(name, apus_elementwise, tape.operandUses(values), parameters, cost: cost)
        if plan.steps.count > position {
            tapes[position] = PendingTape(tape: tape, counts: [count], values: [values])
        }
    }

    /// Notes that there is no way to compute an operation.
    mutating func report(_ operation: String, _ message: String) {
        problems.append(GraphProblem(scope: [], operation: operation, message: message))
    }

    // MARK: Outputs

    /// Brings every output to its slot: what could not be computed there is copied at the end.
    private mutating func finishOutputs(_ slots: [Int]) {
        // First whatever steps the outputs still need: they may read inputs that other outputs replace.
        let sources = graph.graph.outputs.map { value(graph[$0.node]) }
        var finalCopies: [(from: ValueID, slot: Int, type: TensorType)] = []
        for (index, slot) in slots.enumerated() {
            let source = plan.owner(of: sources[index])
            if plan[source].storage == .slot(slot) {
                guard isOverwrittenTooEarly(source, slot) || isCopied(slot, except: source, among: sources) else {
                    continue
                }
                plan[source].storage = .arena(offset: nil)
            }
            finalCopies.append((sources[index], slot, graph.graph.outputs[index].node.type))
        }
        // What lies in a slot goes to the arena before slots are written.
        let staged = finalCopies.map { copy -> ValueID in
            guard case .slot = plan[plan.owner(of: copy.from)].storage, finalCopies.count > 1 else { return copy.from }
            let stage = temporary(copy.type)
            self.copy(Access(copy.from, copy.type.shape), to: stage, copy.type)
            return stage
        }
        for (copy, source) in zip(finalCopies, staged) {
            let target = plan.add(PlanValue(type: copy.type, layout: .rows, storage: .slot(copy.slot)))
            self.copy(Access(source, copy.type.shape), to: target, copy.type)
        }
    }

    /// Whether an output is a copy of what the caller gave in a slot.
    private func isCopied(_ slot: Int, except value: ValueID, among sources: [ValueID]) -> Bool {
        sources.contains { source in
            let owner = plan.owner(of: source)
            return owner != value && plan[owner].storage == .slot(slot)
        }
    }

    /// Whether the step that writes a value over an input comes before one that still reads the input.
    private func isOverwrittenTooEarly(_ value: ValueID, _ slot: Int) -> Bool {
        func readsInput(_ id: ValueID) -> Bool {
            let owner = plan.owner(of: id)
            return owner != value && plan[owner].storage == .slot(slot)
        }
        guard let writer = plan.steps.firstIndex(where: { $0.writes.contains { plan.owner(of: $0) == value } }) else {
            return false
        }
        if plan.steps[(writer + 1)...].contains(where: { $0.reads.contains(where: readsInput) }) { return true }
        // Within the step: only an elementwise kernel may read what it overwrites, and only at the same place.
        guard plan.steps[writer].reads.contains(where: readsInput) else { return false }
        guard let pending = tapes[writer] else { return true }
        return !zip(pending.tape.operands, pending.values[0]).allSatisfy { operand, id in
            operand.isOutput || !readsInput(id) || operand.access == .contiguous || plan[id].elementCount == 1
        }
    }

    // MARK: Merging

    /// The number of steps that one may be moved over: far moves keep values alive for long.
    private static let longestMove = 256
    /// The number of elements from which on a call's overhead does not matter, but memory and caches do.
    private static let largest = 1 << 18

    /// Joins elementwise steps of one tape over different tensors (the parameters of an optimizer) into one call each.
    private mutating func mergeTapes() {
        let conflicts = nextConflicts()
        var removed: Set<Int> = []
        for late in plan.steps.indices.reversed() where !removed.contains(late) {
            guard var merged = tapes[late], merged.counts[0] <= Self.largest else { continue }
            var joined: [Int] = []
            // A step can run later if none in between must come after it.
            for early in (max(0, late - Self.longestMove)..<late).reversed()
            where conflicts[early] > late && !removed.contains(early) {
                guard let candidate = tapes[early], candidate.tape == merged.tape, candidate.counts[0] <= Self.largest
                else { continue }
                merged.counts.insert(contentsOf: candidate.counts, at: 0)
                merged.values.insert(contentsOf: candidate.values, at: 0)
                joined.append(early)
                removed.insert(early)
            }
            guard !joined.isEmpty, let parameters = merged.tape.compiled(counts: merged.counts) else {
                joined.forEach { removed.remove($0) }
                continue
            }
            let cost = joined.reduce(plan.steps[late].cost) { $0 + plan.steps[$1].cost }
            plan.steps[late] = PlanStep(
                name: plan.steps[late].name + " ×\(merged.counts.count)", kernel: apus_elementwise,
                operands: merged.values.flatMap { merged.tape.operandUses($0) }, parameters: parameters, cost: cost)
            tapes[late] = merged
        }
        plan.steps = plan.steps.indices.filter { !removed.contains($0) }.map { plan.steps[$0] }
    }

    /// For each step the next one that reads or writes what it writes, or writes what it reads.
    private func nextConflicts() -> [Int] {
        func memory(_ id: ValueID) -> Storage {
            let owner = plan.owner(of: id)
            // Arena offsets are not known yet: there, the owner itself is the memory.
            if case .arena = plan[owner].storage { return .alias(owner) }
            return plan[owner].storage
        }
        var nextRead: [Storage: Int] = [:]
        var nextWrite: [Storage: Int] = [:]
        var conflicts = Array(repeating: Int.max, count: plan.steps.count)
        for (index, step) in plan.steps.enumerated().reversed() {
            let (reads, writes) = (step.reads.map(memory), step.writes.map(memory))
            let next = writes.flatMap { [nextRead[$0], nextWrite[$0]] } + reads.map { nextWrite[$0] }
            conflicts[index] = next.compactMap { $0 }.min() ?? .max
            for read in reads { nextRead[read] = index }
            for write in writes { nextWrite[write] = index }
        }
        return conflicts
    }
}

extension Tape {
    func operandUses(_ values: [ValueID]) -> [Operand] {
        zip(operands, values).map { $0.isOutput ? .write($1) : .read($1) }
    }
}
