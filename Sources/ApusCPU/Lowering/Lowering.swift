import ApusBackend
import ApusGraph
import CKernels

/// Turns units, in order, into steps.
struct Lowering {
    let graph: IndexedGraph
    let units: Units
    let kernels: KernelChoices
    var plan: Plan
    /// Where each node's elements are in row-major order, once somebody has asked.
    var rows: [Int: ValueID] = [:]
    /// Where they are in the lanes layout.
    var lanes: [Int: ValueID] = [:]
    /// The slot of each output that can be written in place.
    private(set) var outputSlots: [Int: Int] = [:]
    /// The slot of every output, in the graph's order.
    private var slots: [Int] = []
    /// The side values that units read, and where those are that were noted.
    private let readValues: Set<SideValue>
    private var notedValues: [SideValue: ValueID] = [:]
    /// Operations that no kernel computes.
    private var problems: [GraphProblem] = []

    /// The plan that computes units in an order, with its outputs wherever they arise.
    ///
    /// - Throws: `GraphError` if there is no kernel for an operation on its types.
    static func lower(
        _ units: Units, order: [Int], constantInputs: Set<Int>
    ) throws(GraphError) -> Plan {
        var lowering = Lowering(units, constantInputs: constantInputs)
        for (position, unit) in order.enumerated() { lowering.lower(units.list[unit], position: position) }
        lowering.listOutputs()
        guard lowering.problems.isEmpty else { throw GraphError(lowering.problems) }
        return lowering.plan
    }

    private init(_ units: Units, constantInputs: Set<Int>) {
        self.units = units
        graph = units.graph
        kernels = units.kernels
        plan = Plan(constantSlots: constantInputs)
        readValues = Set(units.list.flatMap(\.fusion.reads))
        for (slot, input) in graph.graph.inputs.enumerated() {
            let value = plan.add(PlanValue(type: input.type, layout: .rows, storage: .slot(slot)))
            // An input that no output needs has no number.
            if graph.contains(input) { rows[graph[input]] = value }
        }
        plan.slotCount = graph.graph.inputs.count
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
            if output.node.isComputed, !units.lanes.contains(number), outputSlots[number] == nil {
                outputSlots[number] = slot
            }
        }
    }

    private mutating func lower(_ unit: Unit, position: Int) {
        let first = plan.steps.count
        unit.fusion.lower(unit.nodes, into: &self)
        for step in first..<plan.steps.count { plan.steps[step].unit = position }
    }

    /// Lists the outputs, with whatever steps they still need.
    private mutating func listOutputs() {
        for (output, slot) in zip(graph.graph.outputs, slots) {
            let value = value(graph[output.node])
            plan.outputs.append(PlanOutput(value: value, type: output.node.type, slot: slot))
        }
    }

    /// Notes that there is no way to compute an operation.
    mutating func report(_ operation: String, _ message: String) {
        problems.append(GraphProblem(scope: [], operation: operation, message: message))
    }

    // MARK: Side values

    /// Whether a unit reads a side value.
    func isRead(_ value: SideValue) -> Bool { readValues.contains(value) }

    /// Memory for a side value, to which the current unit writes it.
    mutating func note(_ value: SideValue, byteCount: Int) -> ValueID {
        let noted = temporary(TensorType([byteCount], .uint8))
        notedValues[value] = noted
        return noted
    }

    /// Where a side value is, if a unit noted it.
    func noted(_ value: SideValue) -> ValueID? { notedValues[value] }

    // MARK: Steps

    /// Adds a call of a kernel.
    mutating func step(
        _ name: String, _ kernel: @escaping apus_kernel, _ operands: [Operand], _ parameters: ParameterBlock,
        cost: Cost = .zero
    ) {
        plan.append(PlanStep(name: name, kernel: kernel, operands: operands, parameters: parameters, cost: cost))
    }

    /// Adds a call of a kernel whose parameters are a C struct.
    mutating func step<Parameters: BitwiseCopyable>(
        _ name: String, _ kernel: @escaping apus_kernel, _ operands: [Operand], _ parameters: Parameters,
        cost: Cost = .zero
    ) {
        step(name, kernel, operands, ParameterBlock(parameters), cost: cost)
    }

    /// Adds a step whose buffers are the node's inputs, then its result.
    mutating func plainStep<Parameters: BitwiseCopyable>(
        _ number: Int, _ kernel: @escaping apus_kernel, _ parameters: Parameters, scratch: Int? = nil
    ) {
        let node = graph.nodes[number]
        let inputs = graph.inputs(number).map { Operand.read(value($0)) }
        let result = result(number)
        guard node.shape.count > 0 else { return }
        step(
            node.operation.name, kernel, inputs + [.write(result)] + (scratch.map { [.scratch(byteCount: $0)] } ?? []),
            parameters, cost: node.cost)
    }

    /// Adds an elementwise step.
    mutating func elementwiseStep(_ name: String, _ call: ElementwiseCall, cost: Cost) {
        guard call.counts[0] > 0 else { return }
        guard let step = PlanStep(name, call, cost: cost) else {
            let types = call.values[0].map { plan[$0].type.elementType.description }.joined(separator: ", ")
            return report(
                name, "this backend has no kernel for it on \(types); convert the operands with cast(to:)")
        }
        plan.append(step)
    }
}
