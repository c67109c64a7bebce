import ApusGraph

extension Fusion {
    /// Finds matrix products and what can run in their epilogue.
    mutating func findProducts() {
        for number in graph.nodes.indices where unitOf[number] == nil {
            guard case .matmul = graph.nodes[number].operation, graph.nodes[number].elementType == .float32 else {
                continue
            }
            var pattern = ProductPattern(product: number, result: number)
            var members = [number]
            while let next = nextStage(after: pattern) {
                pattern = next.pattern
                members += next.members
            }
            if let sums = columnSums(of: pattern), !depends(members, on: sums) {
                pattern.columnSums = sums
                members.append(sums)
            }
            add(Unit(kind: .product(pattern), nodes: members.sorted()))
        }
    }

    /// The pattern with one more node in its epilogue.
    private func nextStage(after pattern: ProductPattern) -> (pattern: ProductPattern, members: [Int])? {
        guard pattern.activation == nil, pattern.derivative == nil else { return nil }
        var next = pattern
        // A ReLU's gradient reads the result twice over only in the sense that y is another node.
        guard let user = graph.onlyUser(pattern.result), unitOf[user] == nil else { return nil }
        let node = graph.nodes[user]
        next.result = user
        switch node.operation {
        case .reshape:
            // Rows may be regrouped, columns not.
            guard pattern.bias == nil, node.shape.rank >= 1, node.shape[-1] == graph.nodes[pattern.product].shape[-1]
            else {
                return nil
            }
            return (next, [])
        case .binary(.add) where pattern.bias == nil:
            guard let bias = rowBroadcast(among: graph.inputs(user), besides: pattern.result) else { return nil }
            next.bias = bias
            return (next, [user])
        case .unary(let unary):
            guard let activation = FusedActivation(unary) else { return nil }
            next.activation = activation
            return (next, [user])
        case .select, .binary(.multiply):
            guard pattern.bias == nil, let derivative = derivative(of: pattern.result, at: user) else { return nil }
            next.derivative = (derivative.activation, derivative.output)
            next.result = derivative.result
            return (next, derivative.members)
        default: return nil
        }
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
            guard let last = graph.onlyUser(user), unitOf[last] == nil,
                case .binary(.multiply) = graph.nodes[last].operation
            else { return nil }
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

    /// Whether some nodes need another, by whatever way; also if that takes long to find out.
    func depends(_ nodes: [Int], on target: Int) -> Bool {
        var visited: Set<Int> = []
        var pending = nodes
        while let node = pending.popLast() {
            if node == target || visited.count > 4096 { return true }
            if node > target, visited.insert(node).inserted { pending.append(contentsOf: graph.inputs(node)) }
        }
        return false
    }

    /// The node Σ over the rows of the right operand, if the graph computes it: with `aᵀ · g` comes the bias gradient Σ g.
    private func columnSums(of pattern: ProductPattern) -> Int? {
        let right = graph.inputs(pattern.product)[1]
        guard graph.nodes[right].shape.rank == 2 else { return nil }
        return graph.users[right].first { user in
            guard unitOf[user] == nil, case .reduce(.sum, let axes) = graph.nodes[user].operation else { return false }
            return axes == [0]
        }
    }
}

extension FusedActivation {
    init?(_ unary: UnaryOperation) {
        switch unary {
        case .relu: self = .relu
        case .sigmoid: self = .sigmoid
        case .tanh: self = .tanh
        default: return nil
        }
    }
}
