import ApusGraph
import ApusTensor

// What works element by element: operands keep the layout of the one that has all axes, the others follow.

extension GraphExporter {
    /// An operator on one value, whose layout the result has.
    func mapped(
        _ type: String, _ value: ExportedValue, _ others: [String] = [],
        _ attributes: [String: ExportedGraph.Attribute] = [:]
    ) -> ExportedValue {
        var result = value
        result.source = .named(add(type, [name(value, value.layout.axes)] + others, attributes))
        return result
    }

    /// A node without what stretches it: operators of ONNX stretch by themselves.
    func unstretched(_ node: Node) -> Node {
        var node = node
        while case .broadcast = node.operation { node = node.inputs[0] }
        return node
    }

    /// The value of an operand without what stretches it, with the axes of the result.
    private func operand(_ node: Node, rank: Int) throws -> ExportedValue {
        let inner = unstretched(node)
        var value: ExportedValue
        if case .constant(let number, let type) = inner.operation {
            let scalar = try Tensor(Node(.constant(number, TensorType([], type.elementType)))).evaluated()
            value = ExportedValue(source: .constant(scalar, of: inner), layout: AxisLayout([]))
        } else {
            value = try self.value(of: inner)
        }
        value.layout = value.layout.leading(rank: rank)
        return value
    }

    /// An operator on several values of one shape, after stretching.
    func elementwise(
        _ type: String, _ nodes: [Node], _ attributes: [String: ExportedGraph.Attribute] = [:]
    ) throws -> ExportedValue {
        let shape = trace.shape(nodes[0])
        var values = try nodes.map { try operand($0, rank: shape.count) }
        // An axis along which all operands are stretched.
        let isShort = shape.indices.contains { axis in
            !shape[axis].isOne && values.allSatisfy { $0.layout.counts[axis] == 0 }
        }
        if isShort { values[0] = try value(of: nodes[0]) }
        unify(&values, Array(shape.indices))
        return combined(type, values, attributes)
    }

    /// Divides the axes of values into the same parts, where they have any.
    func unify(_ values: inout [ExportedValue], _ axes: [Int]) {
        for axis in axes {
            let owners = values.indices.filter { values[$0].layout.counts[axis] > 0 }
            guard owners.count > 1 else { continue }
            var fits = true
            // Twice, for a later operand may divide what an earlier one has been compared with.
            for _ in 0..<2 {
                for owner in owners.dropFirst() where fits {
                    var (first, other) = (values[owners[0]].layout, values[owner].layout)
                    fits = AxisLayout.refine(&first, axis, &other, axis)
                    (values[owners[0]].layout, values[owner].layout) = (first, other)
                }
            }
            if !fits {
                for index in values.indices { values[index] = natural(values[index]) }
                return unify(&values, axes)
            }
        }
    }

    private func combined(
        _ type: String, _ values: [ExportedValue], _ attributes: [String: ExportedGraph.Attribute]
    ) -> ExportedValue {
        let rank = values[0].layout.rank
        // The parts of the result, and where those of each operand are among them.
        var parts: [AxisExtent] = []
        var counts: [Int] = []
        var places = values.map { _ in [Int]() }
        for axis in 0..<rank {
            let owner = values.first { $0.layout.counts[axis] > 0 }?.layout
            let own = owner.map { layout in layout.range(axis).map { layout.parts[$0] } } ?? []
            for (index, value) in values.enumerated() where value.layout.counts[axis] > 0 {
                places[index] += parts.count..<(parts.count + own.count)
            }
            parts += own
            counts.append(own.count)
        }
        let natural = AxisLayout(parts: parts, counts: counts, axes: []).natural
        let leaders = values.indices.filter { places[$0].count == parts.count }
        let leader =
            leaders.first { !values[$0].isConstant && values[$0].layout.axes != values[$0].layout.natural }
            ?? leaders.first { !values[$0].isConstant } ?? leaders.first
        var axes = leader.map { leader in values[leader].layout.axes.map { $0.map { places[leader][$0] } } } ?? natural
        axes = axes.divided { part in places.map { $0.contains(part) } }
        if leader == nil { axes = axes.withoutLeadingOnes }
        let result = AxisLayout(parts: parts, counts: counts, axes: axes)
        let names = values.indices.map { index -> String in
            let value = values[index]
            let wanted = axes.map { $0.compactMap { places[index].firstIndex(of: $0) } }.withoutLeadingOnes
            if case .named(let name) = value.source, value.layout.axes.count <= axes.count,
                value.layout.axes.withoutLeadingOnes == wanted
            {
                return name
            }
            // The leader gives the result its rank.
            return self.name(
                value, index == leader ? axes.map { $0.map { places[index].firstIndex(of: $0)! } } : wanted)
        }
        return ExportedValue(source: .named(add(type, names, attributes)), layout: result)
    }

    // MARK: Operators

    func unary(_ unary: UnaryOperation, _ node: Node) throws -> ExportedValue {
        let x = try value(of: node.inputs[0])
        let type = node.inputs[0].elementType
        func one(_ other: Double) -> String { number(other, type) }
        switch unary {
        case .negate: return mapped("Neg", x)
        case .absolute: return mapped("Abs", x)
        case .sign: return mapped("Sign", x)
        case .exp: return mapped("Exp", x)
        case .expm1: return mapped("Sub", mapped("Exp", x), [one(1)])
        case .log: return mapped("Log", x)
        case .log1p: return mapped("Log", mapped("Add", x, [one(1)]))
        case .squareRoot: return mapped("Sqrt", x)
        case .reciprocalSquareRoot: return mapped("Reciprocal", mapped("Sqrt", x))
        case .square:
            let name = name(x, x.layout.axes)
            return mapped("Mul", x, [name])
        case .reciprocal: return mapped("Reciprocal", x)
        case .sine: return mapped("Sin", x)
        case .cosine: return mapped("Cos", x)
        case .tanh: return mapped("Tanh", x)
        case .sigmoid: return mapped("Sigmoid", x)
        case .erf: return mapped("Erf", x)
        case .floor: return type.isInteger ? x : mapped("Floor", x)
        case .ceil: return type.isInteger ? x : mapped("Ceil", x)
        case .round: return type.isInteger ? x : mapped("Round", x)
        case .relu: return mapped("Relu", x)
        case .softplus: return mapped("Softplus", x)
        case .logicalNot: return mapped("Not", x)
        case .isFinite:
            let float =
                type.isFloatingPoint ? x : mapped("Cast", x, [], ["to": .integer(ElementType.float32.exportedNumber)])
            let infinite = mapped("IsInf", float)
            return mapped("Not", mapped("Or", infinite, [name(mapped("IsNaN", float), infinite.layout.axes)]))
        }
    }

    func binary(_ binary: BinaryOperation, _ node: Node) throws -> ExportedValue {
        let type = node.inputs[0].elementType
        switch binary {
        case .add: return try elementwise("Add", node.inputs)
        case .subtract: return try elementwise("Sub", node.inputs)
        case .multiply: return try elementwise("Mul", node.inputs)
        case .divide: return try elementwise("Div", node.inputs)
        case .power: return try elementwise("Pow", node.inputs)
        case .minimum: return try elementwise("Min", node.inputs)
        case .maximum: return try elementwise("Max", node.inputs)
        case .remainder:
            guard type.isFloatingPoint else { return try elementwise("Mod", node.inputs) }
            // Of floating point ONNX has the remainder with the dividend's sign alone.
            let remainder = try elementwise("Mod", node.inputs, ["fmod": .integer(1)])
            let sum = try combined("Add", remainder, node.inputs[1])
            return try combined("Mod", sum, node.inputs[1], ["fmod": .integer(1)])
        case .equal: return try elementwise("Equal", node.inputs)
        case .notEqual: return mapped("Not", try elementwise("Equal", node.inputs))
        case .less: return try elementwise("Less", node.inputs)
        case .lessOrEqual: return try elementwise("LessOrEqual", node.inputs)
        case .greater: return try elementwise("Greater", node.inputs)
        case .greaterOrEqual: return try elementwise("GreaterOrEqual", node.inputs)
        case .logicalAnd: return try elementwise("And", node.inputs)
        case .logicalOr: return try elementwise("Or", node.inputs)
        case .logicalXor: return try elementwise("Xor", node.inputs)
        }
    }

    /// An operator on a value and an operand that may have to be stretched.
    func combined(
        _ type: String, _ value: ExportedValue, _ node: Node, _ attributes: [String: ExportedGraph.Attribute] = [:]
    ) throws -> ExportedValue {
        var values = [value, try operand(node, rank: value.layout.rank)]
        unify(&values, Array(0..<value.layout.rank))
        return combined(type, values, attributes)
    }

    func clamp(_ low: Scalar, _ high: Scalar, _ node: Node) throws -> ExportedValue {
        let x = try value(of: node.inputs[0])
        let type = node.elementType
        let bounds = [(low, -Double.infinity), (high, .infinity)].map { bound, none in
            bound.double == none ? "" : number(bound.double, type)
        }
        let isBounded = bounds.map { !$0.isEmpty }
        return isBounded == [false, false] ? x : mapped("Clip", x, isBounded[1] ? bounds : [bounds[0]])
    }

    func cast(_ type: ElementType, _ node: Node) throws -> ExportedValue {
        let x = try value(of: node.inputs[0])
        return node.inputs[0].elementType == type ? x : mapped("Cast", x, [], ["to": .integer(type.exportedNumber)])
    }
}

extension ElementType {
    /// The number of the type in ONNX.
    var exportedNumber: Int {
        switch self {
        case .float32: 1
        case .uint8: 2
        case .int32: 6
        case .int64: 7
        case .bool: 9
        case .float64: 11
        case .bfloat16: 16
        }
    }
}
