import ApusGraph

extension Fusion {
    /// Finds batch normalizations with what is added to them and a ReLU behind, and their gradients with everything around.
    mutating func findNormalizations() {
        /// The unit of a fused normalization, by its result.
        var forward: [Int: Int] = [:]
        for number in graph.nodes.indices where unitOf[number] == nil {
            switch graph.nodes[number].operation {
            case .batchNorm, .batchNormTraining:
                let (pattern, members) = normalization(number)
                forward[pattern.result] = units.count
                add(Unit(kind: .normalization(pattern), nodes: members))
            default: break
            }
        }
        for number in graph.nodes.indices where unitOf[number] == nil {
            guard case .batchNormParameterGradient = graph.nodes[number].operation,
                let (pattern, members) = normalizationGradient(number)
            else { continue }
            add(Unit(kind: .normalizationGradient(pattern), nodes: members.sorted()))
            if let output = pattern.output, let unit = forward[output],
                case .normalization(var pattern) = units[unit].kind, pattern.relu
            {
                pattern.writesMask = true
                units[unit].kind = .normalization(pattern)
            }
        }
    }

    /// relu(batchNorm(x) + residual), as much of it as there is.
    private func normalization(_ number: Int) -> (NormalizationPattern, members: [Int]) {
        var pattern = NormalizationPattern(normalization: number, result: number)
        var members = [number]
        func next() -> Int? { graph.onlyUser(pattern.result).flatMap { unitOf[$0] == nil ? $0 : nil } }
        if let sum = next(), case .binary(.add) = graph.nodes[sum].operation,
            let residual = graph.inputs(sum).first(where: { $0 != number }), !depends([residual], on: number)
        {
            pattern.residual = residual
            pattern.result = sum
            members.append(sum)
        }
        if let relu = next(), case .unary(.relu) = graph.nodes[relu].operation {
            pattern.relu = true
            pattern.result = relu
            members.append(relu)
        }
        return (pattern, members)
    }

    /// The gradients of a normalization from that to its result: the sums of scale and offset, and that to the image. If there is a
    /// ReLU behind, it starts with the gradient to the ReLU's result, and yields the one to what was added before it.
    private func normalizationGradient(_ number: Int) -> (NormalizationGradientPattern, members: [Int])? {
        let inputs = graph.inputs(number)
        let image = graph.users[number].first { user in
            guard case .batchNormInputGradient = graph.nodes[user].operation, unitOf[user] == nil else { return false }
            let others = graph.inputs(user)
            return others[0] == inputs[0] && others[1] == inputs[1] && others[3] == inputs[2] && others[4] == number
        }
        guard let image else { return nil }
        let masked = inputs[1]
        var pattern = NormalizationGradientPattern(sums: number, imageGradient: image, gradient: masked)
        var members = [number, image]
        // select(y > 0, g, 0)
        guard unitOf[masked] == nil, case .select = graph.nodes[masked].operation,
            case let gradient = graph.inputs(masked)[1], let derivative = derivative(of: gradient, at: masked),
            derivative.activation == .relu
        else { return (pattern, members) }
        pattern.output = derivative.output
        pattern.gradient = gradient
        members += derivative.members
        if graph.isOutput[masked] || !graph.users[masked].allSatisfy({ $0 == number || $0 == image }) {
            pattern.residualGradient = masked
        }
        // Where paths join again, g = g₁ + g₂.
        if unitOf[gradient] == nil, graph.onlyUser(gradient) == masked,
            case .binary(.add) = graph.nodes[gradient].operation
        {
            let parts = graph.inputs(gradient)
            pattern.gradient = parts[0]
            pattern.secondGradient = parts[1]
            members.append(gradient)
        }
        return (pattern, members)
    }
}
