import ApusGraph

/// A convolution outside the lanes layout with bias and, where the kernel has them, a residual that is added and ReLU.
struct FusedConvolution: Fusion {
    static let name = "convolution"

    var convolution: Int
    var bias: Int?
    /// A node of the result's shape that is added.
    var residual: Int?
    var relu = false
    var result: Int
    private var members: [Int]

    /// A convolution by itself.
    init(_ convolution: Int) {
        self.convolution = convolution
        result = convolution
        members = [convolution]
    }

    // MARK: Finding

    static func find(in units: inout Units) {
        let graph = units.graph
        var found: [FusedConvolution] = []
        for number in graph.nodes.indices where units.unitOf[number] == nil {
            guard case .convolution = graph.nodes[number].operation,
                [.float32, .bfloat16].contains(graph.nodes[number].elementType)
            else { continue }
            var convolution = FusedConvolution(number)
            convolution.takeBias(in: units)
            convolution.takeReLU(in: units)
            found.append(convolution)
        }
        // Now it is known what convolutions compute: a residual that is the result of one lies in memory.
        var taken = Set(found.flatMap(\.members))
        for index in found.indices {
            found[index].takeResidual(in: units, taken: taken)
            taken.formUnion(found[index].members)
        }
        for convolution in found { units.add(convolution, convolution.members.sorted()) }
    }

    private mutating func takeBias(in units: Units) {
        let graph = units.graph
        guard let add = units.freeUser(result), case .binary(.add) = graph.nodes[add].operation,
            let bias = units.rowBroadcast(among: graph.inputs(add), besides: result),
            graph.nodes[graph.withoutRounding(bias)].elementType == .float32
        else { return }
        self.bias = bias
        take(add)
        // The rounded bias is read by nobody then.
        if graph.withoutRounding(bias) != bias, units.unitOf[bias] == nil, units.isOnlyRead(bias, by: add) {
            members.append(bias)
        }
    }

    private mutating func takeReLU(in units: Units) {
        guard let activation = units.freeUser(result), case .unary(.relu) = units.graph.nodes[activation].operation
        else { return }
        var description = description(in: units.graph)
        description.relu = true
        // Plain loops have no ReLU behind them.
        guard units.kernels.kernel(for: description) != .loops else { return }
        relu = true
        take(activation)
    }

    private mutating func takeResidual(in units: Units, taken: Set<Int>) {
        let graph = units.graph
        guard !relu, let add = units.freeUser(result), !taken.contains(add),
            case .binary(.add) = graph.nodes[add].operation,
            units.kernels.addsResidual(for: description(in: graph)),
            let residual = units.residual(at: add, besides: result, computed: taken)
        else { return }
        self.residual = residual
        take(add)
        takeReLU(in: units)
    }

    private mutating func take(_ node: Int) {
        members.append(node)
        result = node
    }

    // MARK: Lowering

    func lower(_ nodes: [Int], into lowering: inout Lowering) {
        let graph = lowering.graph
        let inputs = graph.inputs(convolution)
        let residual = residual.map { Operand.read(lowering.value($0)) }
        var cost = graph.nodes[convolution].cost
        if residual != nil { cost.bytes += graph.nodes[result].type.byteCount }
        lowering.convolutionStep(
            description(in: graph),
            [
                .read(lowering.value(inputs[0])), .read(lowering.value(inputs[1])),
                bias.map { .read(lowering.value(graph.withoutRounding($0))) } ?? .none,
                .write(lowering.result(result)),
            ] + (residual.map { [$0] } ?? []), cost: cost)
    }

    /// What the kernel computes.
    private func description(in graph: IndexedGraph) -> Convolution {
        var description = Convolution(graph.nodes[convolution])!
        description.hasBias = bias != nil
        description.hasResidual = residual != nil
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
