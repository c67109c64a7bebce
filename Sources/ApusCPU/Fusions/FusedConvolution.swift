import ApusGraph

/// A convolution outside the lanes layout with bias and, where the kernel has it, ReLU.
struct FusedConvolution: Fusion {
    static let name = "convolution"

    var convolution: Int
    var bias: Int?
    var relu = false
    var result: Int

    /// A convolution by itself.
    init(_ convolution: Int) {
        self.convolution = convolution
        result = convolution
    }

    static func find(in units: inout Units) {
        let graph = units.graph
        for number in graph.nodes.indices where units.unitOf[number] == nil {
            guard case .convolution = graph.nodes[number].operation,
                [.float32, .bfloat16].contains(graph.nodes[number].elementType)
            else { continue }
            var found = FusedConvolution(number)
            var members = [number]
            if let add = units.freeUser(number), case .binary(.add) = graph.nodes[add].operation,
                let bias = units.rowBroadcast(among: graph.inputs(add), besides: number),
                graph.nodes[graph.withoutRounding(bias)].elementType == .float32
            {
                found.bias = bias
                found.result = add
                members.append(add)
                // The rounded bias is read by nobody then.
                if graph.withoutRounding(bias) != bias, units.unitOf[bias] == nil, units.isOnlyRead(bias, by: add) {
                    members.append(bias)
                }
            }
            if let activation = units.freeUser(found.result),
                case .unary(.relu) = graph.nodes[activation].operation,
                // Plain loops have no ReLU behind them.
                units.kernels.kernel(for: found.description(in: graph, relu: true)) != .loops
            {
                found.relu = true
                found.result = activation
                members.append(activation)
            }
            units.add(found, members.sorted())
        }
    }

    func lower(_ nodes: [Int], into lowering: inout Lowering) {
        let graph = lowering.graph
        let inputs = graph.inputs(convolution)
        lowering.convolutionStep(
            description(in: graph, relu: relu),
            [
                .read(lowering.value(inputs[0])), .read(lowering.value(inputs[1])),
                bias.map { .read(lowering.value(graph.withoutRounding($0))) } ?? .none,
                .write(lowering.result(result)),
            ], cost: graph.nodes[convolution].cost)
    }

    /// What the kernel computes.
    private func description(in graph: IndexedGraph, relu: Bool) -> Convolution {
        var description = Convolution(graph.nodes[convolution])!
        description.hasBias = bias != nil
        description.relu = relu
        return description
    }
}

extension Units {
    /// Whether a node is read by another alone, through views.
    fileprivate func isOnlyRead(_ number: Int, by reader: Int) -> Bool {
        var number = number
        while let user = graph.onlyUser(number) {
            if user == reader { return true }
            guard graph.nodes[user].isFollowed else { return false }
            number = user
        }
        return false
    }
}
