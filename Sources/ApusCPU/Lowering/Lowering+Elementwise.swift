import ApusGraph
import CKernels

extension Lowering {
    /// One tape for a cluster; several if it needs more registers than there are.
    mutating func cluster(_ nodes: [Int]) {
        let isLanes = fusion.lanes.contains(nodes[0])
        let members = Set(nodes)
        var environment: [Int: Access] = [:]
        for node in nodes {
            for input in graph.inputs(node) where !members.contains(source(of: input, in: members)) {
                guard graph.nodes[input].constantValue == nil, environment[input] == nil else { continue }
                environment[input] = isLanes ? lanesAccess(input) : compact(access(input))
            }
        }
        // A node's result leaves the cluster if anybody outside reads it, through whatever views.
        var outputs: [Int: ValueID] = [:]
        for node in nodes where isRead(node, outside: members) {
            outputs[node] = isLanes ? lanesResult(node) : result(node)
        }
        var memory: [ValueID: Storage] = [:]
        for id in Array(outputs.values) + environment.values.map(\.value) {
            memory[id] = plan[plan.owner(of: id)].storage
        }
        let count = outputs.first.map { plan[$0.value].elementCount } ?? 0
        let built = TapeBuilder.build(
            nodes,
            TapeBuilder.Environment(
                graph: graph, outputs: outputs, access: { environment[$0]! },
                overwrites: { [memory] output, input in
                    guard case .slot(let slot) = memory[output] else { return false }
                    return memory[input] == .slot(slot)
                }))
        let cost = nodes.reduce(Cost.zero) { $0 + Cost(flops: graph.nodes[$1].cost.flops, bytes: 0) }
        if let (tape, operands) = built {
            let bytes = operands.reduce(0) { $0 + plan[$1].byteCount }
            tapeStep(
                name(of: nodes), tape, count: count, values: operands, cost: Cost(flops: cost.flops, bytes: bytes))
            return
        }
        // Too many registers: in two parts. The first part's results that the second reads become values.
        for node in outputs.keys { forget(node) }
        let half = nodes.count / 2
        cluster(Array(nodes[..<half]))
        cluster(Array(nodes[half...]))
    }

    private func name(of nodes: [Int]) -> String {
        let names = nodes.map { graph.nodes[$0].operation.name }
        return names.count <= 4 ? names.joined(separator: "+") : "\(names[0])+…+\(names.last!) (\(names.count))"
    }

    private func source(of number: Int, in members: Set<Int>) -> Int {
        var number = number
        while case .reshape = graph.nodes[number].operation, !members.contains(number) {
            number = graph.inputs(number)[0]
        }
        return number
    }

    /// Whether a member's value is needed by a node outside the cluster or by the caller.
    private func isRead(_ number: Int, outside members: Set<Int>) -> Bool {
        if graph.isOutput[number] { return true }
        return graph.users[number].contains { user in
            if members.contains(user) { return false }
            // A reshape whose readers are all members is no reason to keep the value.
            if case .reshape = graph.nodes[user].operation { return isRead(user, outside: members) }
            return true
        }
    }

    /// An access that the kernel can follow: at most six axes.
    private mutating func compact(_ access: Access) -> Access {
        guard access.collapsed.dimensions.count > APUS_EW_MAX_RANK else { return access }
        let type = TensorType(access.shape, plan[access.value].type.elementType)
        let value = temporary(type)
        copy(access, to: value, type)
        return Access(value, access.shape)
    }

    /// Where an operand of an elementwise operation in the lanes layout is: another such tensor, or one number a channel.
    private mutating func lanesAccess(_ number: Int) -> Access {
        let shape = graph.nodes[number].shape
        let blocks = (shape[0] + 15) / 16
        let lanesShape: Shape = [blocks, shape[3], shape[1] * shape[2] * 16]
        if case .broadcast = graph.nodes[number].operation, !fusion.lanes.contains(number) {
            let source = graph.inputs(number)[0]
            var access = Access(value(source), lanesShape)
            access.strides = [0, graph.nodes[source].shape.count == 1 ? 0 : 1, 0]
            return access
        }
        return Access(lanesValue(number), lanesShape)
    }
}
