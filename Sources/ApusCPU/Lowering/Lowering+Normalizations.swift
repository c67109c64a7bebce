import ApusGraph
import CKernels

extension Lowering {
    /// A normalization, or a part of one, by itself.
    mutating func normalization(_ number: Int) {
        let node = graph.nodes[number]
        let inputs = graph.inputs(number)
        switch node.operation {
        case .batchNorm, .batchNormTraining:
            normalization(NormalizationPattern(normalization: number, result: number))
        case .channelMoments:
            let parameters = normalizationParameters(number)
            step(
                "channelMoments", apus_moments,
                [.read(value(inputs[0])), .write(result(number)), .none, scratch(parameters)], parameters,
                cost: node.cost)
        case .batchNormParameterGradient:
            normalizationGradient(number, x: inputs[0], gradient: inputs[1], moments: inputs[2], sums: number)
        case .batchNormInputGradient:
            normalizationGradient(
                number, x: inputs[0], gradient: inputs[1], moments: inputs[3], scale: inputs[2], image: number)
        case .layerNorm:
            step(
                "layerNorm", apus_layer_norm,
                [.read(value(inputs[0])), .read(value(inputs[1])), .read(value(inputs[2])), .write(result(number))]
                    + [.none, .none], normalizationParameters(number), cost: node.cost)
        default: preconditionFailure("\(node.operation.name) is not a normalization")
        }
    }

    /// A batch normalization with what follows it.
    mutating func normalization(_ pattern: NormalizationPattern) {
        let node = graph.nodes[pattern.normalization]
        let inputs = graph.inputs(pattern.normalization)
        var parameters = normalizationParameters(pattern.normalization)
        let (x, scale, offset) = (value(inputs[0]), value(inputs[1]), value(inputs[2]))
        let moments = inputs[3...].map { Operand.read(value($0)) }
        let residual = pattern.residual.map { Operand.read(value($0)) }
        parameters.relu = pattern.relu ? 1 : 0
        let result = result(pattern.result)
        var mask: ValueID?
        if pattern.writesMask, withUnsafePointer(to: parameters, apus_normalization_supports_mask) {
            parameters.masked = 1
            let byteCount = Int(withUnsafePointer(to: parameters, apus_normalization_mask_bytes))
            mask = temporary(TensorType([byteCount], .uint8))
            masks[pattern.result] = mask
        }
        step(
            node.operation.name + (residual != nil ? "+add" : "") + (pattern.relu ? "+relu" : ""), apus_batch_norm,
            [.read(x)] + moments + (moments.count == 1 ? [.none] : []) + [
                .read(scale), .read(offset), residual ?? .none, .write(result), mask.map { .write($0) } ?? .none,
            ], parameters, cost: node.cost)
    }

    /// All gradients of a batch normalization with what is around it.
    mutating func normalizationGradient(_ pattern: NormalizationGradientPattern) {
        let inputs = graph.inputs(pattern.imageGradient)
        normalizationGradient(
            pattern.sums, x: inputs[0], gradient: pattern.passing?.first ?? pattern.gradient,
            second: pattern.passing?.second, moments: inputs[3], scale: inputs[2], output: pattern.passing?.output,
            sums: pattern.sums, image: pattern.imageGradient, residual: pattern.residualGradient)
    }

    /// The gradient through a ReLU with its sums: the same kernel, as if a normalization did nothing.
    mutating func biasGradient(_ pattern: BiasGradientPattern) {
        let type = graph.nodes[pattern.masked].type
        let row = TensorType([type.shape[-1]], .float32)
        var parameters = apus_normalization_parameters()
        parameters.rows = Int64(type.shape.dimensions.dropLast().reduce(1, *))
        parameters.channels = Int64(type.shape[-1])
        parameters.type = Int64(type.elementType.rawValue)
        parameters.relu = 1
        let passing = pattern.passing
        let (g, y) = (value(passing.first), value(passing.output))
        let second = passing.second.map { Operand.read(value($0)) } ?? .none
        let (mean, variance) = (constant(.floating(0), row), constant(.floating(1), row))
        let cost = passing.members.map { graph.nodes[$0].cost }.reduce(graph.nodes[pattern.sum].cost, +)
        step(
            "relu′+sum" + (passing.second != nil ? "+add" : ""), apus_batch_norm_gradient,
            [.read(g), .read(g), .read(mean), .read(variance), .none, .read(y), second]
                + [.none, .none, .write(result(pattern.sum)), .write(result(pattern.masked)), scratch(parameters)],
            parameters, cost: cost)
    }

    /// - Parameters:
    ///   - output: The result of the ReLU behind the normalization.
    ///   - sums, image, residual: The nodes that are computed.
    private mutating func normalizationGradient(
        _ number: Int, x: Int, gradient: Int, second: Int? = nil, moments: Int, scale: Int? = nil, output: Int? = nil,
        sums: Int? = nil, image: Int? = nil, residual: Int? = nil
    ) {
        var parameters = normalizationParameters(number)
        let read = [x, gradient, moments].map { Operand.read(value($0)) }
        let others = [scale, second].map { $0.map { .read(value($0)) } ?? Operand.none }
        var passed = Operand.none
        if let output {
            parameters.relu = 1
            parameters.masked = masks[output] != nil ? 1 : 0
            passed = .read(masks[output] ?? value(output))
        }
        let written = [image, sums, residual].map { $0.map { .write(result($0)) } ?? Operand.none }
        let nodes = [sums, image, residual].compactMap { $0 }.map { graph.nodes[$0] }
        let name =
            (image == nil ? "batchNormParameterGradient" : sums == nil ? "batchNormInputGradient" : "batchNormGradient")
            + (second != nil ? "+add" : "") + (output != nil ? "+relu′" : "") + (residual != nil ? "+residual" : "")
        step(
            name, apus_batch_norm_gradient,
            read + [.none, others[0], passed, others[1], written[0], written[1], .none, written[2]]
                + [scratch(parameters)], parameters, cost: nodes.map(\.cost).reduce(.zero, +))
    }

    private func normalizationParameters(_ number: Int) -> apus_normalization_parameters {
        let node = graph.nodes[number]
        let x = node.inputs[0].type
        let channels = x.shape[-1]
        var parameters = apus_normalization_parameters()
        parameters.rows = Int64(channels > 0 ? x.shape.count / channels : 0)
        parameters.channels = Int64(channels)
        parameters.type = Int64(x.elementType.rawValue)
        parameters.epsilon = node.operation.epsilon
        // At inference mean and variance are two variables, else they lie behind each other.
        if case .batchNorm = node.operation {} else { parameters.joined = 1 }
        return parameters
    }

    private func scratch(_ parameters: apus_normalization_parameters) -> Operand {
        .scratch(byteCount: Int(withUnsafePointer(to: parameters, apus_normalization_scratch_bytes)))
    }
}

extension Operation {
    /// The ε of a normalization, else 0.
    var epsilon: Double {
        switch self {
        case .batchNorm(let epsilon), .batchNormTraining(let epsilon), .batchNormParameterGradient(let epsilon),
            .batchNormInputGradient(let epsilon), .layerNorm(let epsilon):
            epsilon
        default: 0
        }
    }
}
