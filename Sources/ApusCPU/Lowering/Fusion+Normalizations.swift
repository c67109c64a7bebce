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
            if let output = pattern.passing?.output, let unit = forward[output],
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
        guard let passing = passingGradient(masked) else { return (pattern, [number, image]) }
        pattern.passing = passing
        if graph.isOutput[masked] || !graph.users[masked].allSatisfy({ $0 == number || $0 == image }) {
            pattern.residualGradient = masked
        }
        return (pattern, [number, image] + passing.members)
    }

    /// The gradient that arrives behind a ReLU if a node is the one before it: select(y > 0, g, 0). Where paths join again, g is
    /// g₁ + g₂.
    private func passingGradient(_ masked: Int) -> PassingGradient? {
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

    // MARK: Biases

    /// Finds sums over images of gradients through a ReLU: those of biases behind convolutions.
    mutating func findBiasGradients() {
        for number in graph.nodes.indices where unitOf[number] == nil {
            guard case .reduce(.sum, let axes) = graph.nodes[number].operation,
                graph.nodes[number].elementType == .float32
            else { continue }
            let masked = graph.inputs(number)[0]
            guard graph.nodes[masked].shape.rank == 4, axes.sorted() == [0, 1, 2],
                let passing = passingGradient(masked)
            else { continue }
            add(
                Unit(
                    kind: .biasGradient(BiasGradientPattern(passing: passing, masked: masked, sum: number)),
                    nodes: (passing.members + [number]).sorted()))
        }
    }
}
