import ApusGraph
import CKernels

extension Lowering {
    /// A normalization, or a part of one, by itself.
    mutating func normalization(_ number: Int) {
        let node = graph.nodes[number]
        let inputs = graph.inputs(number)
        switch node.operation {
        case .batchNorm, .batchNormTraining:
            FusedNormalization(number).lower([number], into: &self)
        case .channelMoments:
            let parameters = apus_normalization_parameters(graph.nodes[number])
            step(
                "channelMoments", apus_moments,
                [.read(value(inputs[0])), .write(result(number)), .none, parameters.scratch], parameters,
                cost: node.cost)
        case .batchNormParameterGradient:
            normalizationGradientStep(number, x: inputs[0], gradient: inputs[1], moments: inputs[2], sums: number)
        case .batchNormInputGradient:
            normalizationGradientStep(
                number, x: inputs[0], gradient: inputs[1], moments: inputs[3], scale: inputs[2], image: number)
        case .layerNorm:
            step(
                "layerNorm", apus_layer_norm,
                [.read(value(inputs[0])), .read(value(inputs[1])), .read(value(inputs[2])), .write(result(number))]
                    + [.none, .none], apus_normalization_parameters(graph.nodes[number]), cost: node.cost)
        default: preconditionFailure("\(node.operation.name) is not a normalization")
        }
    }

    /// The gradients of a batch normalization, as many as are wanted.
    ///
    /// - Parameters:
    ///   - output: The result of the ReLU behind the normalization.
    ///   - sums, image, residual: The nodes that are computed.
    mutating func normalizationGradientStep(
        _ number: Int, x: Int, gradient: Int, second: Int? = nil, moments: Int, scale: Int? = nil, output: Int? = nil,
        sums: Int? = nil, image: Int? = nil, residual: Int? = nil
    ) {
        var parameters = apus_normalization_parameters(graph.nodes[number])
        let read = [x, gradient, moments].map { Operand.read(value($0)) }
        let others = [scale, second].map { $0.map { .read(value($0)) } ?? Operand.none }
        var passed = Operand.none
        if let output {
            parameters.relu = 1
            let mask = noted(.reluMask(of: output))
            parameters.masked = mask != nil ? 1 : 0
            passed = .read(mask ?? value(output))
        }
        let written = [image, sums, residual].map { $0.map { .write(result($0)) } ?? Operand.none }
        let nodes = [sums, image, residual].compactMap { $0 }.map { graph.nodes[$0] }
        let name =
            (image == nil ? "batchNormParameterGradient" : sums == nil ? "batchNormInputGradient" : "batchNormGradient")
            + (second != nil ? "+add" : "") + (output != nil ? "+relu′" : "") + (residual != nil ? "+residual" : "")
        step(
            name, apus_batch_norm_gradient,
            read + [.none, others[0], passed, others[1], written[0], written[1], .none, written[2]]
                + [parameters.scratch], parameters, cost: nodes.map(\.cost).reduce(.zero, +))
    }
}

extension apus_normalization_parameters {
    /// - Parameter node: A normalization, or a part of one.
    init(_ node: Node) {
        self.init()
        let x = node.inputs[0].type
        channels = Int64(x.shape[-1])
        rows = channels > 0 ? Int64(x.shape.count) / channels : 0
        type = Int64(x.elementType.rawValue)
        epsilon = node.operation.epsilon
        // At inference mean and variance are two variables, else they lie behind each other.
        if case .batchNorm = node.operation {} else { joined = 1 }
    }

    /// The memory that sums need.
    var scratch: Operand { .scratch(byteCount: Int(withUnsafePointer(to: self, apus_normalization_scratch_bytes))) }
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
