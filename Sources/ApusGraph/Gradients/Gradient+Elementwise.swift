extension Node {
    /// The gradient rules of elementwise operations of one operand; `self` is the result y, x the operand.
    func gradient(of unary: UnaryOperation, _ g: Node) -> Node? {
        let (x, y) = (inputs[0], self)
        switch unary {
        case .negate: return -g
        case .absolute: return g * x.unary(.sign)
        case .sign, .floor, .ceil, .round: return g.filled(0)
        case .exp: return g * y
        case .expm1: return g * (y + 1)
        case .log: return g / x
        case .log1p: return g / (x + 1)
        case .squareRoot: return g * 0.5 / y
        case .reciprocalSquareRoot: return g * -0.5 * y / x
        case .square: return g * (x * 2)
        case .reciprocal: return -g * y.unary(.square)
        case .sine: return g * x.unary(.cosine)
        case .cosine: return -g * x.unary(.sine)
        case .tanh: return g * (1 - y.unary(.square))
        case .sigmoid: return g * y * (1 - y)
        case .erf: return g * (-x.unary(.square)).unary(.exp) * (2 / Double.pi.squareRoot())
        // By the result, not the operand: so the operand need not be kept.
        case .relu: return .select(.binary(.greater, y, y.filled(0)), g, g.filled(0))
        case .logicalNot, .isFinite: return nil
        }
    }

    /// The gradient rules of elementwise operations of two operands; `self` is the result.
    func gradients(of binary: BinaryOperation, _ g: Node, wanted: [Bool]) -> [Node?] {
        let (a, b) = (inputs[0], inputs[1])
        switch binary {
        case .add: return [g, g]
        case .subtract: return [g, wanted[1] ? -g : nil]
        case .multiply: return [wanted[0] ? g * b : nil, wanted[1] ? g * a : nil]
        case .divide: return [wanted[0] ? g / b : nil, wanted[1] ? -g * self / b : nil]
        case .power:
            // d(aᵇ)/db = aᵇ log a, taken as 0 where a ≤ 0.
            let positive = Node.binary(.greater, a, a.filled(0))
            let logarithm = Node.select(positive, a, a.filled(1)).unary(.log)
            return [
                wanted[0] ? g * b * .binary(.power, a, b + -1) : nil,
                wanted[1] ? g * self * logarithm : nil,
            ]
        case .minimum, .maximum:
            // On a tie each operand gets half.
            let first = Node.binary(binary == .minimum ? .less : .greater, a, b).cast(to: g.elementType)
            let tie = Node.binary(.equal, a, b).cast(to: g.elementType) * 0.5
            let share = first + tie
            return [wanted[0] ? g * share : nil, wanted[1] ? g * (1 - share) : nil]
        case .remainder:
            return [g, wanted[1] ? -g * (a / b).unary(.floor) : nil]
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .logicalAnd, .logicalOr, .logicalXor:
            return [nil, nil]
        }
    }
}
