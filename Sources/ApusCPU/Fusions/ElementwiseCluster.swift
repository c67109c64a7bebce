import ApusGraph
import CKernels

/// Elementwise operations over the same number of elements, as one elementwise program.
struct ElementwiseCluster: Fusion {
    static let name = "elementwise cluster"

    /// A program longer than this no longer gains from fusion.
    private static let longest = 40

    // MARK: Finding

    /// Joins elementwise nodes with the clusters of their inputs.
    static func find(in units: inout Units) {
        let graph = units.graph
        for number in graph.nodes.indices
        where units.unitOf[number] == nil && graph.nodes[number].operation.isElementwise {
            var joined: [Int] = []
            var length = 1
            for input in units.clusterInputs(of: number) {
                // A cast rounds; in a register of the same program it would not.
                if case .cast(.bfloat16) = graph.nodes[input].operation { continue }
                guard let unit = units.unitOf[input], units.list[unit].fusion is ElementwiseCluster,
                    !joined.contains(unit), units.fits(number, units.list[unit]),
                    length + units.list[unit].nodes.count <= longest, units.canMerge(joined + [unit], number)
                else { continue }
                joined.append(unit)
                length += units.list[unit].nodes.count
            }
            if joined.isEmpty { units.add(ElementwiseCluster(), [number]) } else { units.join(joined, number) }
        }
        units.removeEmpty()
    }

    // MARK: Lowering

    /// One elementwise program; several if it needs more registers than there are.
    func lower(_ nodes: [Int], into lowering: inout Lowering) {
        let graph = lowering.graph
        let isLanes = lowering.units.lanes.contains(nodes[0])
        let members = Set(nodes)
        var environment: [Int: Access] = [:]
        for node in nodes {
            for input in graph.inputs(node) where !members.contains(graph.member(input, of: members)) {
                guard graph.nodes[input].constantValue == nil, environment[input] == nil else { continue }
                environment[input] = isLanes ? lowering.lanesAccess(input) : lowering.compactAccess(input)
            }
        }
        // A node's result leaves the cluster if anybody outside reads it, through whatever views.
        var outputs: [Int: ValueID] = [:]
        for node in nodes where graph.isRead(node, outside: members) {
            outputs[node] = isLanes ? lowering.lanesResult(node) : lowering.result(node)
        }
        var memory: [ValueID: Storage] = [:]
        for id in Array(outputs.values) + environment.values.map(\.value) {
            memory[id] = lowering.plan[lowering.plan.owner(of: id)].storage
        }
        let count = outputs.first.map { lowering.plan[$0.value].elementCount } ?? 0
        let built = ElementwiseBuilder.build(
            nodes,
            ElementwiseBuilder.Environment(
                graph: graph, outputs: outputs, access: { environment[$0]! },
                overwrites: { [memory] output, input in
                    guard case .slot(let slot) = memory[output] else { return false }
                    return memory[input] == .slot(slot)
                }))
        if let (program, operands) = built {
            let cost = Cost(
                flops: nodes.reduce(0) { $0 + graph.nodes[$1].cost.flops },
                bytes: operands.reduce(0) { $0 + lowering.plan[$1].byteCount })
            lowering.elementwiseStep(
                graph.name(of: nodes), ElementwiseCall(program, count: count, operands), cost: cost)
            return
        }
        // Too many registers: in two parts. The first part's results that the second reads become values.
        for node in outputs.keys { lowering.forget(node) }
        let half = nodes.count / 2
        lower(Array(nodes[..<half]), into: &lowering)
        lower(Array(nodes[half...]), into: &lowering)
    }
}

extension Units {
    /// The computed nodes that a node reads element by element: through reshapes, which keep the order.
    fileprivate func clusterInputs(of number: Int) -> [Int] {
        graph.inputs(number).map { input in
            var input = input
            while case .reshape = graph.nodes[input].operation { input = graph.inputs(input)[0] }
            return input
        }
    }

    fileprivate func fits(_ number: Int, _ unit: Unit) -> Bool {
        graph.nodes[unit.nodes[0]].shape.count == graph.nodes[number].shape.count
            && lanes.contains(unit.nodes[0]) == lanes.contains(number)
            && (!lanes.contains(number) || graph.nodes[unit.nodes[0]].shape == graph.nodes[number].shape)
    }
}

extension IndexedGraph {
    /// The name of a step that computes nodes.
    fileprivate func name(of numbers: [Int]) -> String {
        let names = numbers.map { nodes[$0].operation.name }
        return names.count <= 4 ? names.joined(separator: "+") : "\(names[0])+…+\(names.last!) (\(names.count))"
    }

    /// The member whose elements a node shows through reshapes, else what it shows.
    fileprivate func member(_ number: Int, of members: Set<Int>) -> Int {
        var number = number
        while case .reshape = nodes[number].operation, !members.contains(number) { number = inputs(number)[0] }
        return number
    }

    /// Whether a member's value is needed by a node outside the cluster or by the caller.
    fileprivate func isRead(_ number: Int, outside members: Set<Int>) -> Bool {
        if isOutput[number] { return true }
        return users[number].contains { user in
            if members.contains(user) { return false }
            // A reshape whose readers are all members is no reason to keep the value.
            if case .reshape = nodes[user].operation { return isRead(user, outside: members) }
            return true
        }
    }
}

extension Lowering {
    /// An access that the kernel can follow: at most six axes.
    fileprivate mutating func compactAccess(_ number: Int) -> Access {
        let access = access(number)
        guard access.collapsed.dimensions.count > APUS_EW_MAX_RANK else { return access }
        let type = TensorType(access.shape, plan[access.value].type.elementType)
        let value = temporary(type)
        plan.copy(access, to: value, type.elementType)
        return Access(value, access.shape)
    }

    /// Where an operand of an elementwise operation in the lanes layout is: another such tensor, or one number a channel.
    fileprivate mutating func lanesAccess(_ number: Int) -> Access {
        let shape = graph.nodes[number].shape
        let blocks = (shape[0] + 15) / 16
        let lanesShape: Shape = [blocks, shape[3], shape[1] * shape[2] * 16]
        if case .broadcast = graph.nodes[number].operation, !units.lanes.contains(number) {
            let source = graph.inputs(number)[0]
            var access = Access(value(source), lanesShape)
            access.strides = [0, graph.nodes[source].shape.count == 1 ? 0 : 1, 0]
            return access
        }
        return Access(lanesValue(number), lanesShape)
    }
}
