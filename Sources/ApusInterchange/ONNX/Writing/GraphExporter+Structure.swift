import ApusGraph
import ApusTensor

// What moves, picks, joins and reduces.

extension GraphExporter {
    func reshape(_ node: Node) throws -> ExportedValue {
        if let known = try resize(node) ?? normalizedGroups(node) { return known }
        let x = try value(of: node.inputs[0])
        if let moved = moved(node, x) { return moved }
        // A cut through a part: the elements in Apus's order, and new axes.
        let layout = AxisLayout(trace.shape(node))
        let source = name(x, x.layout.natural)
        let shape = trace.shape(node).map { $0.isFixed ? $0.factor : -1 }
        return ExportedValue(
            source: .named(add("Reshape", [source, numbers(shape)])), layout: layout)
    }

    /// A value that is stretched where no operator does it by itself.
    func stretched(_ node: Node) throws -> ExportedValue {
        let shape = trace.shape(node)
        let source: ExportedValue
        switch node.operation {
        case .constant(let value, let type):
            let scalar = try Tensor(Node(.constant(value, TensorType([], type.elementType)))).evaluated()
            source = ExportedValue(source: .constant(scalar, of: node), layout: AxisLayout([]))
        case .broadcast: source = try value(of: node.inputs[0])
        case .input(let name, _):
            throw trace.unsupported(
                node, "it uses a value that is not among its inputs (\(name))",
                remedy: "Give the value to the model as an input.")
        default:
            throw trace.unsupported(
                node, "\(node.operation.name) numbers the samples of a batch",
                remedy: "Compute what depends on the place in the batch outside of the model.")
        }
        let layout = source.layout.leading(rank: shape.count)
        // 1 leaves an extent as it is.
        let extents = shape.indices.map { layout.counts[$0] > 0 ? AxisExtent.fixed(1) : shape[$0] }
        let x = name(source, source.layout.natural)
        let target: String
        if let fixed = extents.fixedShape {
            target = numbers(fixed.dimensions)
        } else {
            let parts = extents.map { extent -> String in
                switch extent {
                case .fixed(let count): return numbers([count])
                case .samples(1): return sampleCount
                case .samples(let factor): return add("Mul", [sampleCount, numbers([factor])])
                }
            }
            target = parts.count == 1 ? parts[0] : add("Concat", parts, ["axis": .integer(0)])
        }
        return ExportedValue(source: .named(add("Expand", [x, target])), layout: AxisLayout(shape))
    }

    /// The number of samples, int64 [1].
    private var sampleCount: String {
        add("Shape", [graph.inputs[0].name], ["start": .integer(0), "end": .integer(1)])
    }

    func slice(_ slices: [AxisSlice], _ node: Node) throws -> ExportedValue {
        let source = node.inputs[0]
        let x = try value(of: source)
        let axes = slices.indices.filter { !slices[$0].isWhole(source.shape[$0]) }
        guard !axes.isEmpty else { return x }
        let (value, places) = separated(x, axes)
        let taken = axes.map { slices[$0] }
        let name = add(
            "Slice",
            [
                self.name(value, value.layout.axes), numbers(taken.map(\.start)),
                numbers(taken.map { $0.start + ($0.count - 1) * $0.stride + 1 }), numbers(places),
                numbers(taken.map(\.stride)),
            ])
        return replaced(value, name, axes, places, node)
    }

    /// A result in the layout of an operand, but for the extents of some axes.
    private func replaced(
        _ value: ExportedValue, _ name: String, _ axes: [Int], _ places: [Int], _ node: Node
    ) -> ExportedValue {
        var layout = value.layout
        for (axis, place) in zip(axes, places) {
            layout = layout.replacing(axis, at: place, by: trace.shape(node)[axis])
        }
        return ExportedValue(source: .named(name), layout: layout)
    }

    func reverse(_ axes: [Int], _ node: Node) throws -> ExportedValue {
        let (value, places) = separated(try value(of: node.inputs[0]), axes)
        let ones = axes.map { _ in -1 }
        let name = add(
            "Slice",
            [
                self.name(value, value.layout.axes), numbers(ones),
                numbers(axes.map { _ in Int(Int32.min) }), numbers(places), numbers(ones),
            ])
        return replaced(value, name, axes, places, node)
    }

    func pad(_ padding: [AxisPadding], _ number: Scalar, _ node: Node) throws -> ExportedValue {
        let x = try value(of: node.inputs[0])
        let axes = padding.indices.filter { padding[$0].low > 0 || padding[$0].high > 0 }
        guard !axes.isEmpty else { return x }
        let (value, places) = separated(x, axes)
        var edges = Array(repeating: 0, count: 2 * value.layout.axes.count)
        for (axis, place) in zip(axes, places) {
            edges[place] = padding[axis].low
            edges[value.layout.axes.count + place] = padding[axis].high
        }
        let name = add(
            "Pad",
            [
                self.name(value, value.layout.axes), numbers(edges),
                self.number(number.double, node.elementType),
            ], ["mode": .text("constant")])
        return replaced(value, name, axes, places, node)
    }

    func concatenate(_ axis: Int, _ node: Node) throws -> ExportedValue {
        var values = try node.inputs.map { try value(of: $0) }
        unify(&values, trace.shape(node).indices.filter { $0 != axis })
        let leader =
            values.firstIndex { !$0.isConstant && $0.layout.axes != $0.layout.natural }
            ?? values.firstIndex { !$0.isConstant } ?? 0
        let (first, places) = separated(values[leader], [axis])
        // The axes of ONNX by those of Apus and their parts, which all operands have.
        let layout = first.layout
        let owners = layout.axes.map { group in
            group.map { part -> (axis: Int, place: Int) in
                let axis = (0..<layout.rank).first { layout.range($0).contains(part) }!
                return (axis, part - layout.range(axis).lowerBound)
            }
        }
        let names = values.map { value in
            name(
                value,
                owners.enumerated().map { place, group in
                    place == places[0]
                        ? value.layout.group(axis) : group.map { value.layout.range($0.axis).lowerBound + $0.place }
                })
        }
        return replaced(first, add("Concat", names, ["axis": .integer(places[0])]), [axis], places, node)
    }

    // MARK: Indexing

    /// Indices in a type that ONNX takes.
    private func indices(_ node: Node) throws -> ExportedValue {
        let value = try value(of: node)
        guard node.elementType != .int32, node.elementType != .int64 else { return natural(value) }
        return natural(mapped("Cast", value, [], ["to": .integer(ElementType.int64.exportedNumber)]))
    }

    func gather(_ axis: Int, _ node: Node) throws -> ExportedValue {
        let (x, indices) = (natural(try value(of: node.inputs[0])), try indices(node.inputs[1]))
        let name = add(
            "Gather", [self.name(x, x.layout.axes), self.name(indices, indices.layout.axes)],
            ["axis": .integer(axis)])
        return ExportedValue(source: .named(name), layout: AxisLayout(trace.shape(node)))
    }

    func gatherAlong(_ axis: Int, _ node: Node) throws -> ExportedValue {
        let (x, indices) = (natural(try value(of: node.inputs[0])), try indices(node.inputs[1]))
        let name = add(
            "GatherElements", [self.name(x, x.layout.axes), self.name(indices, indices.layout.axes)],
            ["axis": .integer(axis)])
        return ExportedValue(source: .named(name), layout: AxisLayout(trace.shape(node)))
    }

    func oneHot(_ classes: Int, _ type: ElementType, _ node: Node) throws -> ExportedValue {
        let indices = try indices(node.inputs[0])
        let written: ElementType = type == .bool || type == .bfloat16 || type == .uint8 ? .float32 : type
        let values = try Tensor.arange(2, type: written).evaluated()
        let name = add(
            "OneHot",
            [
                self.name(indices, indices.layout.axes), numbers([classes]), shared(values),
            ], ["axis": .integer(-1)])
        let result = ExportedValue(source: .named(name), layout: AxisLayout(trace.shape(node)))
        return written == type ? result : mapped("Cast", result, [], ["to": .integer(type.exportedNumber)])
    }

    // MARK: Reductions

    func reduce(_ reduction: Reduction, _ axes: [Int], _ node: Node) throws -> ExportedValue {
        var x = try value(of: node.inputs[0])
        let layout = x.layout
        let reduced = Set(axes.flatMap(layout.group))
        let divided = layout.axes.divided { reduced.contains($0) }
        let places = divided.indices.filter { divided[$0].first.map(reduced.contains) ?? false }
        guard !places.isEmpty else {
            x.layout = layout.removing(axes)
            return x
        }
        let isLogical = reduction == .any || reduction == .all
        if isLogical { x = mapped("Cast", x, [], ["to": .integer(ElementType.int32.exportedNumber)]) }
        let input = name(x, divided)
        // Over all places of images or sequences whose channels come first.
        let isGlobal =
            axes == Array(1..<(layout.rank - 1)) && places == Array(2..<divided.count) && divided.count == layout.rank
            && node.elementType.isFloatingPoint
        let name: String
        switch reduction {
        case .mean where isGlobal: name = add("GlobalAveragePool", [input])
        case .maximum where isGlobal: name = add("GlobalMaxPool", [input])
        case .sum: name = add("ReduceSum", [input, numbers(places)], ["keepdims": .integer(1)])
        case .mean, .maximum, .minimum, .product, .any, .all:
            let types: [Reduction: String] = [
                .mean: "ReduceMean", .maximum: "ReduceMax", .minimum: "ReduceMin", .product: "ReduceProd",
                .any: "ReduceMax", .all: "ReduceMin",
            ]
            name = add(types[reduction]!, [input], ["axes": .integers(places), "keepdims": .integer(1)])
        }
        var result = ExportedValue(source: .named(name), layout: layout)
        result.layout.axes = divided
        result.layout = result.layout.removing(axes)
        return isLogical ? mapped("Cast", result, [], ["to": .integer(ElementType.bool.exportedNumber)]) : result
    }

    func argReduce(_ reduction: ArgReduction, _ axis: Int, _ node: Node) throws -> ExportedValue {
        let (value, places) = separated(try value(of: node.inputs[0]), [axis])
        let name = add(
            reduction == .argmax ? "ArgMax" : "ArgMin", [self.name(value, value.layout.axes)],
            ["axis": .integer(places[0]), "keepdims": .integer(1)])
        return ExportedValue(source: .named(name), layout: value.layout.removing([axis]))
    }

    func cumulativeSum(_ axis: Int, exclusive: Bool, reverse: Bool, _ node: Node) throws -> ExportedValue {
        let (value, places) = separated(try value(of: node.inputs[0]), [axis])
        let place = shared(Tensor(places, shape: [], type: .int64))
        var attributes: [String: ExportedGraph.Attribute] = [:]
        if exclusive { attributes["exclusive"] = .integer(1) }
        if reverse { attributes["reverse"] = .integer(1) }
        return mapped("CumSum", value, [place], attributes)
    }

    /// Determinant, sign and logarithm of its absolute value side by side.
    func determinant(_ node: Node) throws -> ExportedValue {
        let x = try value(of: node.inputs[0])
        let value = add("Det", [name(x, x.layout.natural)])
        let parts = [value, add("Sign", [value]), add("Log", [add("Abs", [value])])]
        let columns = parts.map { add("Unsqueeze", [$0, numbers([-1])]) }
        let name = add("Concat", columns, ["axis": .integer(-1)])
        return ExportedValue(source: .named(name), layout: AxisLayout(trace.shape(node)))
    }

    func argsort(_ axis: Int, descending: Bool, count: Int, _ node: Node) throws -> ExportedValue {
        let (value, places) = separated(try value(of: node.inputs[0]), [axis])
        let results = add(
            "TopK", [self.name(value, value.layout.axes), numbers([count])],
            ["axis": .integer(places[0]), "largest": .integer(descending ? 1 : 0), "sorted": .integer(1)], results: 2)
        return replaced(value, results[1], [axis], places, node)
    }
}
