extension Node {
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
            // And d(aᵇ)/da = b aᵇ⁻¹ as 0 for b = 0, also where a = 0.
            let slope = b * .binary(.power, a, b + -1)
            var exponent = b
            while [.broadcast(exponent.shape), .cast(exponent.elementType)].contains(exponent.operation) {
                exponent = exponent.inputs[0]
            }
            let isNeverZero = exponent.constantValue.map { $0 != 0 } ?? false
            let first =
                isNeverZero ? slope : .select(.binary(.equal, b, b.filled(0)), slope.filled(0), slope)
            return [
                wanted[0] ? g * first : nil,
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
