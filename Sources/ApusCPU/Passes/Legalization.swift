import ApusGraph
import CKernels

extension Graph {
    /// The graph with what this backend has no kernel for expressed by what it has: bfloat16 through float32, float64 through
    /// simpler operations, small integers as indices through int32.
    func legalized(_ kernels: KernelChoices) -> Graph {
        var legal: [Node: Node] = [:]
        func visit(_ root: Node) -> Node {
            for node in Node.sorted([root], leavingOut: { legal[$0] != nil }) {
                if case .input = node.operation {
                    legal[node] = node
                    continue
                }
                let inputs = node.inputs.map { legal[$0]! }
                let rebuilt = inputs == node.inputs ? node : Node(node.operation, inputs)
                guard let replacement = rebuilt.legalReplacement(kernels) else {
                    legal[node] = rebuilt
                    continue
                }
                // A replacement may need replacing itself; its inputs are legal already.
                for input in inputs { legal[input] = input }
                legal[node] = visit(replacement)
            }
            return legal[root]!
        }
        return Graph(
            inputs: inputs,
            outputs: outputs.map { Output(name: $0.name, node: visit($0.node), replaces: $0.replaces) })
    }
}

extension Node {
    /// An equal expression that kernels exist for, or `nil` if the node has one itself.
    fileprivate func legalReplacement(_ kernels: KernelChoices) -> Node? {
        switch operation {
        case .unary(let unary): return unary.opcode == nil ? expansion : nil
        case .matmul:
            switch inputs[0].elementType {
            case .bfloat16: return hasBFloat16Product(kernels) ? nil : throughFloat32
            case .float64: return pointwiseConvolution
            default: return nil
            }
        case .convolution, .convolutionInputGradient, .convolutionKernelGradient:
            // A sum of nothing.
            if inputs.contains(where: { $0.shape.count == 0 }) { return .constant(.floating(0), type) }
            return inputs[0].elementType == .bfloat16 ? legalBFloat16Convolution(kernels) : nil
        case .averagePool(let geometry) where geometry.ceilMode && geometry.countsPadding:
            return paddedAveragePool(geometry)
        case .averagePoolGradient(let geometry, let image) where geometry.ceilMode && geometry.countsPadding:
            return paddedAveragePoolGradient(geometry, image)
        case .channelMoments, .batchNorm, .batchNormTraining, .batchNormParameterGradient, .batchNormInputGradient:
            if elementType == .float64 { return expansion }
            // The kernel computes the parameters' gradient itself.
            if case .batchNormInputGradient = operation, !hasOwnParameterGradient { return expansion }
            return nil
        case .layerNorm:
            switch elementType {
            case .bfloat16: return throughFloat32
            case .float64: return expansion
            default: return nil
            }
        case .attention, .attentionGradient:
            if shape.count == 0 || inputs.contains(where: { $0.shape.count == 0 }) {
                return .constant(.floating(0), type)
            }
            switch elementType {
            case .bfloat16: return throughFloat32
            case .float64: return expansion
            default: return nil
            }
        case .binary(.power) where elementType == .uint8:
            return Node.binary(.power, inputs[0].cast(to: .int32), inputs[1].cast(to: .int32)).cast(to: .uint8)
        case .cast(.bfloat16) where inputs[0].elementType != .float32 && inputs[0].elementType != .bfloat16:
            return inputs[0].cast(to: .float32).cast(to: .bfloat16)
        case .reduce(.sum, Array(0..<(inputs[0].shape.rank - 1))) where inputs[0].isCenteredGradient:
            // The gradient to an offset before the normalization, which takes it out again: 0 but for rounding.
            return .constant(.floating(0), type)
        case .reduce(let reduction, let axes): return inParts(reduction, axes)
        case .pad(let padding, let value): return inParts(padding, value)
        case .gather, .scatterAdd, .gatherAlong, .scatterAddAlong:
            return inputs[1].elementType == .uint8 ? Node(operation, [inputs[0], inputs[1].cast(to: .int32)]) : nil
        default: return nil
        }
    }

    private var throughFloat32: Node {
        Node(operation, inputs.map { $0.elementType == .bfloat16 ? $0.cast(to: .float32) : $0 }).cast(to: elementType)
    }

    /// Whether there is a kernel for a product of bfloat16 matrices, all in row-major order.
    private func hasBFloat16Product(_ kernels: KernelChoices) -> Bool {
        inputs.allSatisfy { $0.shape.count > 0 } && kernels.hasKernel(for: MatrixProduct(rowMajor: self))
    }

    /// A convolution of bfloat16 images with a float32 kernel, or through float32 where nothing computes that; `nil` if it is legal.
    private func legalBFloat16Convolution(_ kernels: KernelChoices) -> Node? {
        var wide = self
        if case .convolutionKernelGradient = operation {
        } else {
            wide = Node(operation, [inputs[0], inputs[1].cast(to: .float32)])
        }
        guard let convolution = Convolution(wide), kernels.kernel(for: convolution) != .loops else {
            return throughFloat32
        }
        return wide.inputs == inputs ? nil : wide
    }

    /// [..., m, k] × [..., k, n] as a 1 × 1 convolution of an image of m rows, one group a matrix.
    private var pointwiseConvolution: Node {
        let (a, b) = (inputs[0].shape, inputs[1].shape)
        guard a.count > 0, b.count > 0 else { return .constant(.floating(0), type) }
        let count = a.dimensions.dropLast(2).reduce(1, *)
        func interleaved(_ node: Node) -> Node {
            node.reshape([count, node.shape[-2], node.shape[-1]]).transpose([1, 0, 2])
        }
        let product = Node(
            .convolution(ConvolutionGeometry(groups: count)),
            [
                interleaved(inputs[0]).reshape([1, a[-2], 1, count * a[-1]]),
                interleaved(inputs[1]).reshape([1, 1, b[-2], count * b[-1]]),
            ])
        return product.reshape([a[-2], count, b[-1]]).transpose([1, 0, 2]).reshape(shape)
    }

    // MARK: Pooling

    /// An average over incomplete windows that counts padding: the padding becomes part of the image, so that what is left to
    /// leave out is only what rounding up adds.
    private func paddedAveragePool(_ geometry: PoolGeometry) -> Node {
        let image = Node(.pad(geometry.axisPadding, value: .floating(0)), [inputs[0]])
        let pooled = Node(.averagePool(geometry.withoutPadding), [image])
        // Windows that start in the padding at the end do not count.
        return Node(.slice(shape.dimensions.map { AxisSlice(start: 0, count: $0) }), [pooled])
    }

    private func paddedAveragePoolGradient(_ geometry: PoolGeometry, _ image: ImageSize) -> Node {
        let padding = geometry.padding
        let padded = ImageSize(
            height: image.height + padding.top + padding.bottom, width: image.width + padding.left + padding.right)
        guard let output = geometry.withoutPadding.output(image: padded) else { return self }
        let g = inputs[0].shape
        let none = AxisPadding(low: 0, high: 0)
        let gradient = Node(
            .pad(
                [
                    none, AxisPadding(low: 0, high: output.height - g[1]),
                    AxisPadding(low: 0, high: output.width - g[2]),
                    none,
                ], value: .floating(0)), [inputs[0]])
        let whole = Node(.averagePoolGradient(geometry.withoutPadding, image: padded), [gradient])
        let starts = [0, padding.top, padding.left, 0]
        return Node(.slice(zip(starts, shape.dimensions).map { AxisSlice(start: $0, count: $1) }), [whole])
    }

    // MARK: Normalization

    /// Whether the last input is the parameters' gradient that belongs to the others.
    private var hasOwnParameterGradient: Bool {
        func source(_ node: Node) -> Node {
            var node = node
            while case .cast = node.operation { node = node.inputs[0] }
            return node
        }
        let gradient = source(inputs[4])
        guard case .batchNormParameterGradient = gradient.operation, gradient.operation.epsilon == operation.epsilon
        else {
            return false
        }
        return zip(gradient.inputs, [inputs[0], inputs[1], inputs[3]]).allSatisfy { source($0) === source($1) }
    }

    /// Whether the node is a gradient to what a normalization centers, by moments of its own: it sums to 0 in each channel.
    private var isCenteredGradient: Bool {
        guard case .batchNormInputGradient = operation, case .channelMoments = inputs[3].operation else { return false }
        return inputs[3].inputs[0] === inputs[0] && hasOwnParameterGradient
    }

    // MARK: Many axes

    /// A reduction in two, if its axes alternate too often between kept and reduced for one call of the kernel.
    private func inParts(_ reduction: Reduction, _ axes: [Int]) -> Node? {
        let isReduced = inputs[0].shape.dimensions.indices.filter { inputs[0].shape[$0] != 1 }.map(axes.contains)
        let groups = 1 + zip(isReduced, isReduced.dropFirst()).count { $0 != $1 }
        guard groups > Int(APUS_REDUCE_MAX_RANK), axes.count > 1 else { return nil }
        let sorted = axes.sorted()
        let half = sorted.count / 2
        // The later axes first, so that the earlier ones keep their numbers.
        return inputs[0].reduce(reduction, Array(sorted[half...])).reduce(reduction, Array(sorted[..<half]))
    }

    /// A padding of many axes in two.
    private func inParts(_ padding: [AxisPadding], _ value: Scalar) -> Node? {
        let none = AxisPadding(low: 0, high: 0)
        let padded = padding.indices.filter { padding[$0] != none }
        guard padded.count >= Int(APUS_MOVEMENT_MAX_RANK) else { return nil }
        let first = Set(padded.prefix(padded.count / 2))
        let early = padding.indices.map { first.contains($0) ? padding[$0] : none }
        let late = padding.indices.map { first.contains($0) ? none : padding[$0] }
        return Node(.pad(late, value: value), [Node(.pad(early, value: value), inputs)])
    }
}

extension PoolGeometry {
    fileprivate var withoutPadding: PoolGeometry {
        PoolGeometry(window: window, strides: strides, ceilMode: ceilMode)
    }

    /// The padding of a tensor [N, H, W, C].
    fileprivate var axisPadding: [AxisPadding] {
        [
            AxisPadding(low: 0, high: 0), AxisPadding(low: padding.top, high: padding.bottom),
            AxisPadding(low: padding.left, high: padding.right), AxisPadding(low: 0, high: 0),
        ]
    }
}
