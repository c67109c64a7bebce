import ApusGraph
import ApusTensor

// Convolutions and poolings, which ONNX has channels first.

extension GraphExporter {
    /// Images of height 1 that came from sequences are convolved as sequences.
    private func areSequences(_ value: ExportedValue, _ images: Node, padding: ImagePadding, window: ImageSize) -> Bool
    {
        value.layout.axes.count == 3 && images.shape[1] == 1 && window.height == 1 && padding.top == 0
            && padding.bottom == 0
    }

    /// Images [N, H, W, C] as [N, C, H, W], or as [N, C, W].
    private func channelsFirst(_ value: ExportedValue, asSequences: Bool) -> String {
        let axes = value.layout.natural
        return name(value, asSequences ? [axes[0], axes[3], axes[2]] : [axes[0], axes[3], axes[1], axes[2]])
    }

    /// What an operator on images yields.
    private func images(_ name: String, _ node: Node, asSequences: Bool) -> ExportedValue {
        var layout = AxisLayout(trace.shape(node))
        let axes = layout.axes
        layout.axes = asSequences ? [axes[0], axes[3], axes[2]] : [axes[0], axes[3], axes[1], axes[2]]
        return ExportedValue(source: .named(name), layout: layout)
    }

    private func window(
        _ geometry: ConvolutionGeometry, _ size: ImageSize, asSequences: Bool
    ) -> [String: ExportedGraph.Attribute] {
        [
            "kernel_shape": .integers(size.extents(asSequences)),
            "strides": .integers(geometry.strides.extents(asSequences)),
            "dilations": .integers(geometry.dilation.extents(asSequences)),
            "pads": .integers(geometry.padding.edges(asSequences)),
            "group": .integer(geometry.groups),
        ]
    }

    /// Images, kernel and bias of a convolution; the bias is what is added after it.
    private func operands(of node: Node, _ x: ExportedValue, asSequences: Bool) throws -> [String] {
        let kernel = try value(of: node.inputs[1])
        let axes = kernel.layout.natural
        let weights = name(kernel, asSequences ? [axes[3], axes[2], axes[1]] : [axes[3], axes[2], axes[0], axes[1]])
        let images = channelsFirst(x, asSequences: asSequences)
        guard let bias = try absorbedBias(after: node) else { return [images, weights] }
        return [images, weights, name(bias, [bias.layout.group(0)])]
    }

    func convolution(_ geometry: ConvolutionGeometry, _ node: Node) throws -> ExportedValue {
        let x = try value(of: node.inputs[0])
        let size = node.inputs[1].imageWindow
        let asSequences = areSequences(x, node.inputs[0], padding: geometry.padding, window: size)
        let result = add(
            "Conv", try operands(of: node, x, asSequences: asSequences),
            window(geometry, size, asSequences: asSequences))
        return images(result, node, asSequences: asSequences)
    }

    func transposedConvolution(
        _ geometry: ConvolutionGeometry, _ image: ImageSize, _ node: Node
    ) throws -> ExportedValue {
        let (source, x) = (node.inputs[0], try value(of: node.inputs[0]))
        let size = node.inputs[1].imageWindow
        let asSequences = areSequences(x, source, padding: geometry.padding, window: size) && image.height == 1
        func covered(_ count: Int, _ stride: Int, _ dilation: Int, _ window: Int, _ edges: Int) -> Int {
            (count - 1) * stride + dilation * (window - 1) + 1 - edges
        }
        let (strides, dilation, edges) = (geometry.strides, geometry.dilation, geometry.padding)
        // What the windows leave over at the end of the larger image.
        let rest = ImageSize(
            height: image.height
                - covered(source.shape[1], strides.height, dilation.height, size.height, edges.top + edges.bottom),
            width: image.width
                - covered(source.shape[2], strides.width, dilation.width, size.width, edges.left + edges.right))
        var attributes = window(geometry, size, asSequences: asSequences)
        attributes["output_padding"] = .integers(rest.extents(asSequences))
        let result = add("ConvTranspose", try operands(of: node, x, asSequences: asSequences), attributes)
        return images(result, node, asSequences: asSequences)
    }

    /// Windows at the end that rounding up adds become padding, which is exact: not every reader rounds up in the same way.
    func pooling(_ type: String, _ geometry: PoolGeometry, _ node: Node) throws -> ExportedValue {
        let source = node.inputs[0]
        let x = try value(of: source)
        let asSequences = areSequences(x, source, padding: geometry.padding, window: geometry.window)
        func extra(_ count: Int, _ stride: Int, _ window: Int, _ size: Int, _ low: Int, _ high: Int) -> Int {
            max(high, (count - 1) * stride + window - size - low)
        }
        var padding = geometry.padding
        padding.bottom = extra(
            node.shape[1], geometry.strides.height, geometry.window.height, source.shape[1], padding.top, padding.bottom
        )
        padding.right = extra(
            node.shape[2], geometry.strides.width, geometry.window.width, source.shape[2], padding.left, padding.right)
        var input = channelsFirst(x, asSequences: asSequences)
        var countsPadding = geometry.countsPadding
        if type == "AveragePool", countsPadding, padding != geometry.padding {
            // Padding counts, but not what only rounding up adds.
            let zeros = geometry.padding
            let low = [0, 0] + ImageSize(height: zeros.top, width: zeros.left).extents(asSequences)
            let high = [0, 0] + ImageSize(height: zeros.bottom, width: zeros.right).extents(asSequences)
            input = add(
                "Pad", [input, numbers(low + high), number(0, node.elementType)],
                ["mode": .text("constant")])
            padding = ImagePadding(
                top: 0, left: 0, bottom: padding.bottom - zeros.bottom, right: padding.right - zeros.right)
            countsPadding = false
        }
        var attributes: [String: ExportedGraph.Attribute] = [
            "kernel_shape": .integers(geometry.window.extents(asSequences)),
            "strides": .integers(geometry.strides.extents(asSequences)),
            "pads": .integers(padding.edges(asSequences)),
        ]
        if countsPadding { attributes["count_include_pad"] = .integer(1) }
        return images(add(type, [input], attributes), node, asSequences: asSequences)
    }

    /// Repeats pixels: an axis that is stretched behind each element and joined with it.
    func resize(_ node: Node) throws -> ExportedValue? {
        guard let (source, scales) = trace.repetition(node), (3...4).contains(source.shape.rank) else { return nil }
        let last = source.shape.rank - 1
        guard scales[0] == 1, scales[last] == 1 else { return nil }
        var (origin, total) = (source, scales)
        if let (earlier, before) = resized[source] {
            (origin, total) = (earlier, zip(before, scales).map { $0 * $1 })
        }
        resized[node] = (origin, total)
        let x = try value(of: origin)
        let axes = x.layout.natural
        let input = name(x, [axes[0], axes[last]] + axes[1..<last])
        let factors = Tensor(([1, 1] + total[1..<last]).map(Float.init), shape: [total.count])
        let result = add(
            "Resize", [input, "", shared(factors)],
            [
                "mode": .text("nearest"), "coordinate_transformation_mode": .text("asymmetric"),
                "nearest_mode": .text("floor"),
            ])
        var layout = AxisLayout(trace.shape(node))
        let own = layout.axes
        layout.axes = [own[0], own[last]] + own[1..<last]
        return ExportedValue(source: .named(result), layout: layout)
    }
}

extension SampleTrace {
    /// What a node repeats along its axes, and how often; `nil` if it does something else.
    fileprivate func repetition(_ node: Node) -> (source: Node, scales: [Int])? {
        guard case .reshape = node.operation, case .broadcast = node.inputs[0].operation,
            case .reshape = node.inputs[0].inputs[0].operation
        else { return nil }
        let (copies, single) = (node.inputs[0], node.inputs[0].inputs[0])
        let source = single.inputs[0]
        let rank = source.shape.rank
        guard node.shape.rank == rank, single.shape.rank == rank + 1, copies.shape.rank == rank + 1 else { return nil }
        for axis in 1..<rank {
            var expected = source.shape.dimensions
            expected.insert(1, at: axis + 1)
            var stretched = expected
            stretched[axis + 1] = copies.shape[axis + 1]
            var joined = source.shape.dimensions
            joined[axis] *= copies.shape[axis + 1]
            if single.shape.dimensions == expected, copies.shape.dimensions == stretched,
                node.shape.dimensions == joined, copies.shape[axis + 1] > 1
            {
                return (source, (0..<rank).map { $0 == axis ? copies.shape[axis + 1] : 1 })
            }
        }
        return nil
    }
}

extension Node {
    /// Height and width of a kernel [kh, kw, in, out].
    fileprivate var imageWindow: ImageSize { ImageSize(height: shape[0], width: shape[1]) }
}

extension ImageSize {
    fileprivate func extents(_ asSequences: Bool) -> [Int] { asSequences ? [width] : [height, width] }
}

extension ImagePadding {
    /// The edges in ONNX's order: all beginnings, then all ends.
    fileprivate func edges(_ asSequences: Bool) -> [Int] { asSequences ? [left, right] : [top, left, bottom, right] }
}
