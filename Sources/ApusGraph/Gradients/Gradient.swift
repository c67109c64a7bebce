extension Node {
    /// The gradients of `Σ output · seed` with respect to each of `targets`, by reverse accumulation.
    ///
    /// - Parameters:
    ///   - outputs: What is differentiated.
    ///   - seeds: The gradient that arrives at each output, of its shape; ones if `nil`.
    ///   - targets: Nodes that the outputs may depend on.
    /// - Returns: One node a target: its gradient, of the target's type; zeros where nothing depends on it.
    package static func gradients(of outputs: [Node], seeds: [Node]? = nil, withRespectTo targets: [Node]) -> [Node] {
        gradients(of: outputs, seeds: seeds, withRespectTo: targets, isPartial: false)
    }

    /// - Parameter isPartial: Whether the targets count as independent of each other: nothing flows through one to another.
    private static func gradients(
        of outputs: [Node], seeds: [Node]?, withRespectTo targets: [Node], isPartial: Bool
    ) -> [Node] {
        // The gradient of what could not be built carries its problems on.
        let roots = outputs + checked(seeds ?? [], outputs)
        if roots.contains(where: { !$0.isValid }) {
            return Array(repeating: Node(.concatenate(axis: 0), roots), count: targets.count)
        }
        let order = sorted(outputs)
        let leaves = isPartial ? Set(targets) : []
        // Only nodes between a target and an output matter.
        var relevant = Set(targets)
        for node in order where node.inputs.contains(where: relevant.contains) { relevant.insert(node) }

        var parts: [Node: [Node]] = [:]
        func accumulate(_ node: Node, _ gradient: Node) { parts[node, default: []].append(gradient) }
        func gradient(_ node: Node) -> Node? {
            guard let found = parts[node] else { return nil }
            if found.count == 1 { return found[0] }
            let sum = total(of: found)
            parts[node] = [sum]
            return sum
        }
        for (index, output) in outputs.enumerated() where output.elementType.isFloatingPoint {
            accumulate(output, seeds?[index] ?? output.filled(1))
        }
        for node in order.reversed() where relevant.contains(node) && !leaves.contains(node) {
            guard let gradient = gradient(node), !node.inputs.isEmpty else { continue }
            let wanted = node.inputs.map { relevant.contains($0) && $0.elementType.isFloatingPoint }
            guard wanted.contains(true) else { continue }
            // What could not be differentiated has no shape; its problems go on.
            guard gradient.isValid else {
                for index in wanted.indices where wanted[index] { accumulate(node.inputs[index], gradient) }
                continue
            }
            for (index, contribution) in node.inputGradients(gradient, wanted: wanted).enumerated() where wanted[index]
            {
                if let contribution { accumulate(node.inputs[index], contribution) }
            }
        }
        return targets.map { gradient($0) ?? $0.filled(0) }
    }

    /// The seeds, invalid where they do not have the shape of their output.
    private static func checked(_ seeds: [Node], _ outputs: [Node]) -> [Node] {
        zip(seeds, outputs).map { seed, output in
            guard seed.isValid, output.isValid, seed.shape != output.shape else { return seed }
            return Node(
                problem: "expected a seed of the output's shape \(output.shape) but received \(seed.shape)",
                operation: "gradient")
        }
    }

    /// The gradient to each input, given the gradient to the result; `nil` where the result does not depend smoothly on the
    /// input or nobody asks.
    ///
    /// This is the table of gradient rules. Right-hand sides are operations again, so gradients can be differentiated. An
    /// operation without a rule of its own is differentiated through its expansion.
    private func inputGradients(_ g: Node, wanted: [Bool]) -> [Node?] {
        switch operation {
        case .input, .constant, .iota, .random, .stopGradient, .oneHot, .argReduce, .argsort:
            return inputs.map { _ in nil }
        case .unary(let unary): return [gradient(of: unary, g)]
        case .binary(let binary): return gradients(of: binary, g, wanted: wanted)
        case .select:
            let zero = g.filled(0)
            return [nil, .select(inputs[0], g, zero), .select(inputs[0], zero, g)]
        case .clamp(let low, let high):
            let x = inputs[0]
            let inside = Node.binary(
                .logicalAnd, .binary(.greaterOrEqual, x, x.filled(low.double)),
                .binary(.lessOrEqual, x, x.filled(high.double)))
            return [.select(inside, g, g.filled(0))]
        case .cast: return [g.cast(to: inputs[0].elementType)]
        case .reshape: return [g.reshape(inputs[0].shape)]
        case .transpose(let permutation):
            var inverse = permutation
            for (index, axis) in permutation.enumerated() { inverse[axis] = index }
            return [g.transpose(inverse)]
        case .broadcast: return [g.sum(backTo: inputs[0].shape)]
        case .slice(let slices): return [sliceGradient(slices, g)]
        case .pad(let padding, _):
            let slices = zip(padding, inputs[0].shape.dimensions).map { AxisSlice(start: $0.low, count: $1) }
            return [Node(.slice(slices), [g])]
        case .concatenate(let axis): return concatenateGradients(axis, g)
        case .reverse(let axes): return [Node(.reverse(axes: axes), [g])]
        case .gather(let axis):
            return [Node(.scatterAdd(axis: axis, size: inputs[0].shape[axis]), [g, inputs[1]]), nil]
        case .scatterAdd(let axis, _): return [Node(.gather(axis: axis), [g, inputs[1]]), nil]
        case .gatherAlong(let axis):
            return [Node(.scatterAddAlong(axis: axis, size: inputs[0].shape[axis]), [g, inputs[1]]), nil]
        case .scatterAddAlong(let axis, _): return [Node(.gatherAlong(axis: axis), [g, inputs[1]]), nil]
        case .reduce(let reduction, let axes): return [gradient(of: reduction, axes, g)]
        case .cumulativeSum(let axis, let exclusive, let reverse):
            return [Node(.cumulativeSum(axis: axis, exclusive: exclusive, reverse: !reverse), [g])]
        case .matmul:
            return [
                wanted[0] ? .matmul(g, inputs[1].matrixTransposed) : nil,
                wanted[1] ? .matmul(inputs[0].matrixTransposed, g) : nil,
            ]
        case .convolution, .convolutionInputGradient, .convolutionKernelGradient:
            return convolutionGradients(g, wanted: wanted)
        case .factorize(let factorization): return [gradient(of: factorization, g)]
        case .solve(let matrix): return solveGradients(matrix, g, wanted: wanted)
        case .maxPool(let geometry): return [Node(.maxPoolGradient(geometry), [inputs[0], g])]
        case .maxPoolGradient(let geometry): return [nil, Node(.maxPoolSelect(geometry), [inputs[0], g])]
        case .maxPoolSelect(let geometry): return [nil, Node(.maxPoolGradient(geometry), [inputs[0], g])]
        case .averagePool(let geometry):
            return [Node(.averagePoolGradient(geometry, image: inputs[0].imageSize), [g])]
        case .averagePoolGradient(let geometry, _): return [Node(.averagePool(geometry), [g])]
        case .batchNormTraining(let epsilon):
            let (x, scale, moments) = (inputs[0], inputs[1], inputs[3])
            let parameters = Node(.batchNormParameterGradient(epsilon: epsilon), [x, g, moments])
            return [
                wanted[0] ? Node(.batchNormInputGradient(epsilon: epsilon), [x, g, scale, moments, parameters]) : nil,
                parameters.row(0), parameters.row(1), nil,
            ]
        case .softmax(let axis):
            let product = g * self
            return [product - self * product.reduce(.sum, [axis], keepingAxes: true)]
        case .logSoftmax(let axis):
            return [g - unary(.exp) * g.reduce(.sum, [axis], keepingAxes: true)]
        case .scan(let body): return scanGradients(body, g, wanted: wanted)
        case .softmaxCrossEntropy:
            return [Node(.softmaxCrossEntropyGradient, [inputs[0], inputs[1], g]), nil]
        case .attention(let form):
            let operands = inputs.prefix(3) + [self, g] + inputs.dropFirst(3)
            let gradients = zip(AttentionOperand.allCases, wanted).map { operand, isWanted in
                isWanted ? Node(.attentionGradient(form, of: operand), Array(operands)) : nil
            }
            guard form.mask != nil else { return gradients }
            let isLearned = form.mask == .added && wanted[3]
            return gradients + [isLearned ? ExpandedAttention(self, form).maskGradient(result: self, g) : nil]
        case .channelMoments, .batchNorm, .batchNormParameterGradient, .batchNormInputGradient, .layerNorm,
            .softmaxCrossEntropyGradient, .attentionGradient:
            return expandedGradients(g)
        }
    }

    /// Differentiates the operation through its definition by simpler ones.
    private func expandedGradients(_ g: Node) -> [Node?] {
        guard let expansion else {
            preconditionFailure("\(operation.name) has neither a gradient rule nor an expansion")
        }
        // Partial: what flows on from one input to another is the caller's walk, not part of this operation.
        return Node.gradients(of: [expansion], seeds: [g], withRespectTo: inputs, isPartial: true)
    }

    /// Height and width of a tensor [N, H, W, C].
    var imageSize: ImageSize { ImageSize(height: shape[1], width: shape[2]) }
}
