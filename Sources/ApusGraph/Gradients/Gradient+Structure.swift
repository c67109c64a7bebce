extension Node {
    /// The gradient rules of reductions; `self` is the result.
    func gradient(of reduction: Reduction, _ axes: [Int], _ g: Node) -> Node? {
        let x = inputs[0]
        let kept = x.shape.flattening(axes)
        func stretched(_ node: Node) -> Node { node.reshape(kept).broadcast(to: x.shape) }
        switch reduction {
        case .sum: return stretched(g)
        case .mean:
            let count = axes.reduce(1) { $0 * x.shape[$1] }
            return stretched(g * (1 / Double(max(1, count))))
        case .maximum, .minimum:
            // Equal extremes share the gradient.
            let mask = Node.binary(.equal, x, stretched(self)).cast(to: x.elementType)
            return mask * stretched(g / mask.reduce(.sum, axes))
        case .product:
            // The product of the others: P / x, or, where there is exactly one zero, the product of the rest for it.
            let isZero = Node.binary(.equal, x, x.filled(0))
            let others = Node.select(isZero, x.filled(1), x)
            let product = others.reduce(.product, axes)
            let zeros = stretched(isZero.cast(to: x.elementType).reduce(.sum, axes))
            let none = Node.binary(.equal, zeros, zeros.filled(0))
            let single = Node.binary(.logicalAnd, isZero, .binary(.equal, zeros, zeros.filled(1)))
            let rest = Node.select(single, stretched(product), x.filled(0))
            return stretched(g) * .select(none, stretched(product) / others, rest)
        case .any, .all: return nil
        }
    }

    /// Puts the gradient of a slice back between zeros.
    func sliceGradient(_ slices: [AxisSlice], _ g: Node) -> Node {
        let x = inputs[0].shape
        var g = g
        // Strides: each axis [c] becomes [c, s] with zeros behind the element, then [c · s].
        for (axis, slice) in slices.enumerated() where slice.stride > 1 && slice.count > 0 {
            let shape = g.shape.dimensions
            var split = shape
            split.insert(1, at: axis + 1)
            var padding = split.map { _ in AxisPadding(low: 0, high: 0) }
            padding[axis + 1].high = slice.stride - 1
            var joined = shape
            joined[axis] = slice.count * slice.stride
            g = Node(.pad(padding, value: .floating(0)), [g.reshape(Shape(split))]).reshape(Shape(joined))
            let used = (slice.count - 1) * slice.stride + 1
            g = Node(
                .slice(joined.enumerated().map { AxisSlice(start: 0, count: $0 == axis ? used : $1) }), [g])
        }
        let padding = slices.enumerated().map { axis, slice in
            AxisPadding(low: slice.start, high: x[axis] - slice.start - g.shape[axis])
        }
        return padding.allSatisfy { $0.low == 0 && $0.high == 0 } ? g : Node(.pad(padding, value: .floating(0)), [g])
    }

    /// The sum of what reaches a node. What slices along one axis give lies between zeros: it is joined, for the sum of n such parts
    /// would take n times as long.
    static func total(of parts: [Node]) -> Node {
        var groups: [Int: [(place: Int, start: Int)]] = [:]
        for (place, part) in parts.enumerated() {
            if let (axis, start) = part.onlyPaddedAxis { groups[axis, default: []].append((place, start)) }
        }
        var parts: [Node?] = parts
        for (axis, group) in groups.sorted(by: { $0.key < $1.key }) where group.count > 1 {
            let whole = parts[group[0].place]!
            var (pieces, end) = ([Node](), 0)
            func addZeros(upTo start: Int) {
                guard start > end else { return }
                var shape = whole.shape
                shape[axis] = start - end
                pieces.append(.constant(0, shape, whole.elementType))
            }
            var areApart = true
            for (place, start) in group.sorted(by: { ($0.start, $0.place) < ($1.start, $1.place) }) {
                let piece = parts[place]!.inputs[0]
                areApart = areApart && start >= end
                addZeros(upTo: start)
                pieces.append(piece)
                end = start + piece.shape[axis]
            }
            guard areApart else { continue }
            addZeros(upTo: whole.shape[axis])
            for (place, _) in group { parts[place] = nil }
            parts[group[0].place] = Node(.concatenate(axis: axis), pieces)
        }
        let terms = parts.compactMap { $0 }
        return terms.dropFirst().reduce(terms[0], +)
    }

    /// The axis along which a node is another one between zeros, and where that begins; `nil` if it is not, or along several.
    private var onlyPaddedAxis: (axis: Int, start: Int)? {
        guard case .pad(let padding, .floating(0)) = operation else { return nil }
        let padded = padding.indices.filter { padding[$0].low > 0 || padding[$0].high > 0 }
        return padded.count == 1 ? (padded[0], padding[padded[0]].low) : nil
    }

    /// Cuts the gradient of a concatenation into its parts.
    func concatenateGradients(_ axis: Int, _ g: Node) -> [Node?] {
        var start = 0
        return inputs.map { input in
            var slices = input.shape.dimensions.map { AxisSlice(start: 0, count: $0) }
            slices[axis].start = start
            start += input.shape[axis]
            return Node(.slice(slices), [g])
        }
    }

    /// Convolution and its two gradients are one trilinear form, so each is the others' gradient.
    func convolutionGradients(_ g: Node, wanted: [Bool]) -> [Node?] {
        let (a, b) = (inputs[0], inputs[1])
        // Summed in float32, whatever the kernel's type.
        func kernelGradient(_ geometry: ConvolutionGeometry, _ image: Node, _ result: Node) -> Node {
            Node(.convolutionKernelGradient(geometry, window: b.windowSize), [image, result]).cast(to: b.elementType)
        }
        switch operation {
        case .convolution(let geometry):
            return [
                wanted[0] ? Node(.convolutionInputGradient(geometry, image: a.imageSize), [g, b]) : nil,
                wanted[1] ? kernelGradient(geometry, a, g) : nil,
            ]
        case .convolutionInputGradient(let geometry, _):
            return [
                wanted[0] ? Node(.convolution(geometry), [g, b]) : nil,
                wanted[1] ? kernelGradient(geometry, g, a) : nil,
            ]
        case .convolutionKernelGradient(let geometry, _):
            return [
                wanted[0] ? Node(.convolutionInputGradient(geometry, image: a.imageSize), [b, g]) : nil,
                wanted[1] ? Node(.convolution(geometry), [a, g]) : nil,
            ]
        default: preconditionFailure("\(operation.name) is not a convolution")
        }
    }

    /// Height and width of a kernel [kh, kw, in, out].
    private var windowSize: ImageSize { ImageSize(height: shape[0], width: shape[1]) }
}
