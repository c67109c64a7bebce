import ApusGraph
import ApusTensor

// What Apus composes of several operations and ONNX has as one operator.

extension GraphExporter {
    /// The value of a node that ends such a composition; `nil` if it ends none.
    func recognized(_ node: Node) throws -> ExportedValue? {
        if let recurrent = try recurrent(node) { return recurrent }
        return switch node.operation {
        case .select: try branches(node)
        case .binary(.multiply): try product(ofActivation: node)
        case .binary(.divide): try quotient(node)
        default: nil
        }
    }

    /// The operands of a node of an operation; `nil` if it is another one.
    func operands(_ node: Node, _ operation: BinaryOperation) -> (Node, Node)? {
        guard case .binary(operation) = node.operation else { return nil }
        return (node.inputs[0], node.inputs[1])
    }

    /// The number that is in every element of an operand.
    func number(_ node: Node) -> Double? { unstretched(node).constantValue }

    /// Whether a node is x > 0.
    private func isPositive(_ node: Node, _ x: Node) -> Bool {
        guard let (a, b) = operands(node, .greater) else { return false }
        return a == x && number(b) == 0
    }

    /// x where it is positive, else something else.
    private func branches(_ node: Node) throws -> ExportedValue? {
        let (x, below) = (node.inputs[1], node.inputs[2])
        guard isPositive(node.inputs[0], x), node.elementType == .float32,
            let (a, b) = operands(below, .multiply)
        else { return nil }
        if a == x, let slope = number(b) {
            return mapped("LeakyRelu", try value(of: x), [], ["alpha": .number(slope)])
        }
        if b == x, isConstant(unstretched(a)) { return try combined("PRelu", try value(of: x), a) }
        guard let exponential = exponential(below, of: x) else { return nil }
        if exponential.scale == 1 {
            return mapped("Elu", try value(of: x), [], ["alpha": .number(exponential.alpha)])
        }
        guard exponential.scale == exponential.alpha else { return nil }
        return mapped("Celu", try value(of: x), [], ["alpha": .number(exponential.alpha)])
    }

    /// (exp(min(x, 0) / scale) − 1) · alpha
    private func exponential(_ node: Node, of x: Node) -> (alpha: Double, scale: Double)? {
        guard let (factor, b) = operands(node, .multiply), let alpha = number(b),
            case .unary(.expm1) = factor.operation
        else { return nil }
        var (inner, scale) = (factor.inputs[0], 1.0)
        if let (quotient, divisor) = operands(inner, .divide), let number = number(divisor) {
            (inner, scale) = (quotient, number)
        }
        guard case .select = inner.operation, isPositive(inner.inputs[0], x), number(inner.inputs[1]) == 0,
            inner.inputs[2] == x
        else { return nil }
        return (alpha, scale)
    }

    /// Products that are activations: hard sigmoid, hard swish, SELU.
    private func product(ofActivation node: Node) throws -> ExportedValue? {
        guard node.elementType == .float32, let (a, b) = operands(node, .multiply) else { return nil }
        if let x = hardSigmoid(node) {
            return mapped(
                "HardSigmoid", try value(of: x), [], ["alpha": .number(1.0 / 6), "beta": .number(0.5)])
        }
        if hardSigmoid(b) == a { return mapped("HardSwish", try value(of: a)) }
        if let gamma = number(b), case .select = a.operation, isPositive(a.inputs[0], a.inputs[1]),
            let part = exponential(a.inputs[2], of: a.inputs[1]), part.scale == 1, gamma != 1
        {
            return mapped(
                "Selu", try value(of: a.inputs[1]), [], ["alpha": .number(part.alpha), "gamma": .number(gamma)])
        }
        return nil
    }

    /// x of min(max(x + 3, 0), 6) / 6
    private func hardSigmoid(_ node: Node) -> Node? {
        guard let (clamped, factor) = operands(node, .multiply), let sixth = number(factor),
            abs(sixth - 1.0 / 6) < 1e-7, case .clamp(let low, let high) = clamped.operation, low.double == 0,
            high.double == 6, let (x, three) = operands(clamped.inputs[0], .add), number(three) == 3
        else { return nil }
        return x
    }

    private func quotient(_ node: Node) throws -> ExportedValue? {
        guard node.elementType == .float32, let (x, divisor) = operands(node, .divide) else { return nil }
        if let (absolute, one) = operands(divisor, .add), number(one) == 1, case .unary(.absolute) = absolute.operation,
            absolute.inputs[0] == x
        {
            return mapped("Softsign", try value(of: x))
        }
        return try localResponse(x, divisor)
    }

    /// x / (k + α/n · Σ x²)^β over n neighbouring channels.
    private func localResponse(_ x: Node, _ divisor: Node) throws -> ExportedValue? {
        guard x.shape.rank == 4, let (base, exponent) = operands(divisor, .power), let beta = number(exponent),
            let (scaled, bias) = operands(base, .add), let k = number(bias),
            let (total, factor) = operands(scaled, .multiply), let share = number(factor)
        else { return nil }
        // The sum of slices of one padded square.
        var (slices, rest) = ([Node](), total)
        while let (sum, last) = operands(rest, .add) {
            slices.append(last)
            rest = sum
        }
        slices.append(rest)
        slices.reverse()
        guard let padded = rest.inputs.first, case .pad(let edges, let zero) = padded.operation, zero.double == 0,
            case .unary(.square) = padded.inputs[0].operation, padded.inputs[0].inputs[0] == x, slices.count % 2 == 1
        else { return nil }
        let reach = slices.count / 2
        let isWindow = slices.enumerated().allSatisfy { start, slice in
            guard case .slice(let axes) = slice.operation, slice.inputs[0] == padded else { return false }
            return axes[3] == AxisSlice(start: start, count: x.shape[3])
                && axes[..<3].enumerated().allSatisfy { $1.isWhole(x.shape[$0]) }
        }
        guard isWindow,
            edges == Array(repeating: AxisPadding(low: 0, high: 0), count: 3) + [AxisPadding(low: reach, high: reach)]
        else { return nil }
        let value = try value(of: x)
        let natural = value.layout.natural
        let images = arranged(value, [natural[0], natural[3], natural[1], natural[2]])
        return mapped(
            "LRN", images, [],
            [
                "size": .integer(slices.count), "alpha": .number(share * Double(slices.count)), "beta": .number(beta),
                "bias": .number(k),
            ])
    }
}
