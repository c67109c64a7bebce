import ApusGraph

/// A function applied to the result of a product or convolution.
enum FusedActivation {
    case relu, sigmoid, tanh

    init?(_ unary: UnaryOperation) {
        switch unary {
        case .relu: self = .relu
        case .sigmoid: self = .sigmoid
        case .tanh: self = .tanh
        default: return nil
        }
    }
}

/// The gradient that arrives behind a ReLU.
struct PassingGradient {
    /// It may be a sum of two.
    var first: Int
    var second: Int?
    /// The result of the ReLU.
    var output: Int
    /// The nodes that undo the ReLU and add the two.
    var members: [Int]
}

/// What several fusions recognize.
extension Units {
    /// The only reader of a node, if no unit has it yet.
    func freeUser(_ number: Int) -> Int? {
        graph.onlyUser(number).flatMap { unitOf[$0] == nil ? $0 : nil }
    }

    /// The node of shape [n] that is added to every row, if the other operand is one.
    func rowBroadcast(among operands: [Int], besides value: Int) -> Int? {
        guard let other = operands.first(where: { $0 != value }), case .broadcast = graph.nodes[other].operation else {
            return nil
        }
        let source = graph.inputs(other)[0]
        let shape = graph.nodes[source].shape
        guard shape.rank >= 1, shape.count == shape[-1], shape[-1] == graph.nodes[value].shape[-1],
            graph.nodes[source].elementType == graph.nodes[value].elementType
        else { return nil }
        return source
    }

    /// What a sum adds to `value`, if it has the result's shape and lies in memory anyway.
    ///
    /// What only this sum reads and is computed element by element does not: a cluster computes it in registers.
    ///
    /// - Parameter computed: Nodes that will have units which compute them.
    func residual(at sum: Int, besides value: Int, computed: Set<Int> = []) -> Int? {
        let inputs = graph.inputs(sum)
        guard let other = inputs.first(where: { $0 != value }) else { return nil }
        var source = other
        while case .reshape = graph.nodes[source].operation, graph.onlyUser(source) != nil {
            source = graph.inputs(source)[0]
        }
        let node = graph.nodes[source]
        guard node.constantValue == nil, !node.isFollowed || unitOf[source] != nil else { return nil }
        let isThere =
            !node.operation.isElementwise || graph.onlyUser(source) == nil || unitOf[source] != nil
            || computed.contains(source)
        return isThere ? other : nil
    }

    /// Recognizes `g ⊙ act′(y)` where g is `value` and `user` its only reader.
    func derivative(
        of value: Int, at user: Int
    ) -> (activation: FusedActivation, output: Int, result: Int, members: [Int])? {
        let inputs = graph.inputs(user)
        switch graph.nodes[user].operation {
        case .select:
            // select(y > 0, g, 0)
            guard inputs[1] == value, graph.nodes[inputs[2]].constantValue == 0,
                case .binary(.greater) = graph.nodes[inputs[0]].operation
            else { return nil }
            let compared = graph.inputs(inputs[0])
            // A comparison that others read stays outside, and may be where y is computed and forgotten.
            guard graph.nodes[compared[1]].constantValue == 0, unitOf[inputs[0]] == nil,
                graph.onlyUser(inputs[0]) == user,
                graph.nodes[compared[0]].elementType == graph.nodes[value].elementType
            else { return nil }
            return (.relu, compared[0], user, [inputs[0], user])
        case .binary(.multiply):
            let other = inputs[0] == value ? inputs[1] : inputs[0]
            // g · (1 − y²)
            if let square = subtrahendFromOne(other), case .unary(.square) = graph.nodes[square].operation,
                graph.onlyUser(other) == user, graph.onlyUser(square) == other, unitOf[other] == nil,
                unitOf[square] == nil
            {
                return (.tanh, graph.inputs(square)[0], user, [square, other, user])
            }
            // (g · y) · (1 − y)
            guard let last = freeUser(user), case .binary(.multiply) = graph.nodes[last].operation else { return nil }
            let factors = graph.inputs(last)
            let complement = factors[0] == user ? factors[1] : factors[0]
            guard subtrahendFromOne(complement) == other, graph.onlyUser(complement) == last, unitOf[complement] == nil
            else { return nil }
            return (.sigmoid, other, last, [user, complement, last])
        default: return nil
        }
    }

    /// The node b of `1 − b`.
    private func subtrahendFromOne(_ number: Int) -> Int? {
        guard case .binary(.subtract) = graph.nodes[number].operation else { return nil }
        let inputs = graph.inputs(number)
        return graph.nodes[inputs[0]].constantValue == 1 ? inputs[1] : nil
    }

    /// The gradient that arrives behind a ReLU if a node is the one before it: select(y > 0, g, 0). Where paths join again, g is
    /// g₁ + g₂.
    func passingGradient(_ masked: Int) -> PassingGradient? {
        guard unitOf[masked] == nil, case .select = graph.nodes[masked].operation,
            case let gradient = graph.inputs(masked)[1], let derivative = derivative(of: gradient, at: masked),
            derivative.activation == .relu
        else { return nil }
        let passing = PassingGradient(first: gradient, output: derivative.output, members: derivative.members)
        guard unitOf[gradient] == nil, graph.onlyUser(gradient) == masked,
            case .binary(.add) = graph.nodes[gradient].operation
        else { return passing }
        let parts = graph.inputs(gradient)
        return PassingGradient(
            first: parts[0], second: parts[1], output: derivative.output, members: derivative.members + [gradient])
    }
}
