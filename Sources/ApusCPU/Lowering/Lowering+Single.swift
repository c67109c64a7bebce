import ApusGraph
import CKernels

extension Lowering {
    /// The step of an operation that runs by itself.
    mutating func single(_ number: Int) {
        let node = graph.nodes[number]
        switch node.operation {
        case .input, .constant, .reshape, .transpose, .broadcast, .slice, .reverse, .stopGradient:
            preconditionFailure("\(node.operation.name) is not computed by a step")
        case .unary, .binary, .select, .clamp, .cast: ElementwiseCluster().lower([number], into: &self)
        case .iota(let axis, let type): iota(number, axis: axis, type)
        case .random(let distribution, let stream, let type): random(number, distribution, stream, type)
        case .pad(let padding, let scalar): pad(number, padding, value: scalar)
        case .concatenate(let axis): concatenate(number, axis: axis)
        case .gather, .scatterAdd, .gatherAlong, .scatterAddAlong, .oneHot: indexing(number)
        case .reduce(let reduction, let axes): reduce(number, reduction, axes)
        case .argReduce(let reduction, let axis): argReduce(number, reduction, axis)
        case .cumulativeSum(let axis, let exclusive, let reverse):
            let lines = lines(node.shape, axis)
            let parameters = apus_cumulative_sum_parameters(
                outer: lines.outer, axis: lines.axis, inner: lines.inner, type: Int64(node.elementType.rawValue),
                exclusive: exclusive ? 1 : 0, reverse: reverse ? 1 : 0)
            plainStep(number, apus_cumulative_sum, parameters)
        case .argsort(let axis, let descending, let count): argsort(number, axis, descending, count)
        case .matmul: product(number)
        case .convolution: FusedConvolution(number).lower([number], into: &self)
        case .convolutionInputGradient, .convolutionKernelGradient: convolutionGradient(number)
        case .factorize(let factorization): factorize(number, factorization)
        case .solve(let matrix): solve(number, matrix)
        case .maxPool, .maxPoolGradient, .maxPoolSelect, .averagePool, .averagePoolGradient: pool(number)
        case .channelMoments, .batchNorm, .batchNormTraining, .batchNormParameterGradient, .batchNormInputGradient,
            .layerNorm:
            normalization(number)
        case .softmax(let axis), .logSoftmax(let axis):
            let lines = lines(node.shape, axis)
            let isLogarithm = if case .logSoftmax = node.operation { true } else { false }
            let parameters = apus_softmax_parameters(
                outer: lines.outer, axis: lines.axis, inner: lines.inner, type: Int64(node.elementType.rawValue),
                logarithm: isLogarithm ? 1 : 0)
            plainStep(number, apus_softmax, parameters)
        case .softmaxCrossEntropy: crossEntropy(number)
        case .softmaxCrossEntropyGradient: crossEntropyGradient(number)
        case .attention, .attentionGradient:
            FusedAttention(graph.nodes[number], graph.inputs(number)).lower([number], into: &self)
        case .scan(let body): scan(number, body)
        }
    }

    private mutating func random(
        _ number: Int, _ distribution: RandomDistribution, _ stream: UInt64, _ type: TensorType
    ) {
        var parameters = apus_random_parameters()
        parameters.type = Int32(type.elementType.rawValue)
        parameters.count = Int64(type.shape.count)
        parameters.stream = stream
        switch distribution {
        case .uniform(let low, let high):
            parameters.distribution = Int32(
                (type.elementType.isInteger ? APUS_RANDOM_INTEGER : APUS_RANDOM_UNIFORM).rawValue)
            (parameters.first, parameters.second) = (low, high)
            (parameters.low, parameters.high) = (Scalar.floating(low).integer, Scalar.floating(high).integer)
        case .normal(let mean, let spread):
            parameters.distribution = Int32(APUS_RANDOM_NORMAL.rawValue)
            (parameters.first, parameters.second) = (mean, spread)
        case .truncatedNormal(let mean, let spread):
            parameters.distribution = Int32(APUS_RANDOM_TRUNCATED_NORMAL.rawValue)
            (parameters.first, parameters.second) = (mean, spread)
        case .bernoulli(let probability):
            parameters.distribution = Int32(APUS_RANDOM_BERNOULLI.rawValue)
            parameters.first = probability
        }
        plainStep(number, apus_random, parameters)
    }

    private mutating func indexing(_ number: Int) {
        let node = graph.nodes[number]
        let type = Int64(node.elementType.rawValue)
        if case .oneHot(let classes, _) = node.operation {
            plainStep(
                number, apus_one_hot,
                apus_one_hot_parameters(
                    count: Int64(node.inputs[0].shape.count), classes: Int64(classes), type: type,
                    index_type: Int64(node.inputs[0].elementType.rawValue)))
            return
        }
        let (x, indices) = (node.inputs[0].shape, node.inputs[1].shape)
        func parameters(_ indexed: Shape, _ axis: Int, count: Int) -> apus_indexing_parameters {
            let lines = lines(indexed, axis)
            return apus_indexing_parameters(
                outer: lines.outer, axis: lines.axis, inner: lines.inner, count: Int64(count), type: type,
                index_type: Int64(node.inputs[1].elementType.rawValue))
        }
        switch node.operation {
        case .gather(let axis): plainStep(number, apus_gather, parameters(x, axis, count: indices.count))
        case .gatherAlong(let axis): plainStep(number, apus_gather_along, parameters(x, axis, count: indices[axis]))
        case .scatterAdd(let axis, _):
            let parameters = parameters(node.shape, axis, count: indices.count)
            plainStep(
                number, apus_scatter_add, parameters,
                scratch: Int(withUnsafePointer(to: parameters, apus_scatter_add_scratch_bytes)))
        case .scatterAddAlong(let axis, _):
            let parameters = parameters(node.shape, axis, count: indices[axis])
            plainStep(
                number, apus_scatter_add_along, parameters,
                scratch: Int(withUnsafePointer(to: parameters, apus_scatter_add_scratch_bytes)))
        default: preconditionFailure("\(node.operation.name) is not an indexing operation")
        }
    }

    private mutating func reduce(_ number: Int, _ reduction: Reduction, _ axes: [Int]) {
        let node = graph.nodes[number]
        let x = node.inputs[0]
        var parameters = apus_reduce_parameters()
        // Neighbouring axes of one kind join, so that at most eight are left.
        var extents: [(extent: Int, isReduced: Bool)] = []
        for (axis, extent) in x.shape.dimensions.enumerated() where extent != 1 {
            let isReduced = axes.contains(axis)
            if let last = extents.last, last.isReduced == isReduced {
                extents[extents.count - 1].extent *= extent
            } else {
                extents.append((extent, isReduced))
            }
        }
        precondition(extents.count <= APUS_REDUCE_MAX_RANK, "more than eight groups of axes in one reduction")
        parameters.rank = Int64(extents.count)
        ParameterBlock.fill(&parameters.shape, extents.map(\.extent))
        for (index, axis) in extents.enumerated() where axis.isReduced { parameters.reduced |= 1 << index }
        parameters.operation = Int64(reduction.kernelCode.rawValue)
        parameters.type = Int64(x.elementType.rawValue)
        parameters.result_type = Int64(node.elementType.rawValue)
        plainStep(
            number, apus_reduce, parameters, scratch: Int(withUnsafePointer(to: parameters, apus_reduce_scratch_bytes)))
    }

    private mutating func argReduce(_ number: Int, _ reduction: ArgReduction, _ axis: Int) {
        let x = graph.nodes[number].inputs[0]
        let lines = lines(x.shape, axis)
        plainStep(
            number, apus_argmax,
            apus_argmax_parameters(
                outer: lines.outer, axis: lines.axis, inner: lines.inner, type: Int64(x.elementType.rawValue),
                index_type: Int64(ElementType.int64.rawValue), minimum: reduction == .argmin ? 1 : 0))
    }

    private mutating func argsort(_ number: Int, _ axis: Int, _ descending: Bool, _ count: Int) {
        let x = graph.nodes[number].inputs[0]
        let lines = lines(x.shape, axis)
        let parameters = apus_argsort_parameters(
            outer: lines.outer, axis: lines.axis, inner: lines.inner, count: Int64(count),
            type: Int64(x.elementType.rawValue),
            index_type: Int64(ElementType.int64.rawValue), descending: descending ? 1 : 0)
        plainStep(
            number, apus_argsort, parameters,
            scratch: Int(withUnsafePointer(to: parameters, apus_argsort_scratch_bytes)))
    }

    // MARK: Cross-entropy

    private func crossEntropyParameters(_ node: Node) -> apus_cross_entropy_parameters {
        let logits = node.inputs[0]
        return apus_cross_entropy_parameters(
            samples: Int64(logits.shape[0]), classes: Int64(logits.shape[1]), type: Int64(logits.elementType.rawValue),
            label_form: Int64(APUS_LABELS_INDEX.rawValue), label_type: Int64(node.inputs[1].elementType.rawValue))
    }

    private mutating func crossEntropy(_ number: Int) {
        let node = graph.nodes[number]
        let parameters = crossEntropyParameters(node)
        let inputs = graph.inputs(number).map { Operand.read(value($0)) }
        let result = result(number)
        guard node.inputs[0].shape.count > 0 else { return }
        let scratch = Int(withUnsafePointer(to: parameters, apus_cross_entropy_scratch_bytes))
        step(
            node.operation.name, apus_cross_entropy,
            inputs + [.write(result), .none, .none, .none, .scratch(byteCount: scratch)], parameters, cost: node.cost)
    }

    private mutating func crossEntropyGradient(_ number: Int) {
        let node = graph.nodes[number]
        var parameters = apus_cross_entropy_gradient_parameters()
        parameters.loss = crossEntropyParameters(node)
        parameters.from_logits = 1
        parameters.factor = 1
        let inputs = graph.inputs(number)
        var operands = [Operand.read(value(inputs[0])), .read(value(inputs[1]))]
        // One number for all samples (the gradient of a mean) is read as one.
        let gradient = access(inputs[2])
        if gradient.strides.allSatisfy({ $0 == 0 }), gradient.offset == 0 {
            parameters.scalar = 1
            operands.append(.read(gradient.value))
        } else {
            operands.append(.read(value(inputs[2])))
        }
        let result = result(number)
        guard node.shape.count > 0 else { return }
        step(node.operation.name, apus_cross_entropy_gradient, operands + [.write(result)], parameters, cost: node.cost)
    }
}

extension Reduction {
    fileprivate var kernelCode: apus_reduce_operation {
        switch self {
        case .sum: APUS_REDUCE_SUM
        case .mean: APUS_REDUCE_MEAN
        case .maximum: APUS_REDUCE_MAX
        case .minimum: APUS_REDUCE_MIN
        case .product: APUS_REDUCE_PRODUCT
        case .any: APUS_REDUCE_ANY
        case .all: APUS_REDUCE_ALL
        }
    }
}
