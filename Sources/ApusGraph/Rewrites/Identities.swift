extension Node {
    /// A simpler node of the same value, or `nil` if no rule applies.
    ///
    /// Rules keep the value exactly, signed zeros aside; so `x · 0` stays (x may be infinite), and sums are not reordered.
    var simplifiedOnce: Node? {
        switch operation {
        case .stopGradient: return inputs[0]
        case .cast(let type):
            if inputs[0].elementType == type { return inputs[0] }
            if case .constant(let value, let source) = inputs[0].operation {
                let value = value.rounded(to: source.elementType)
                // Between integers a cast wraps around, rounding does not.
                let wraps = source.elementType.isInteger && type.isInteger && value.rounded(to: type) != value
                return wraps ? nil : .constant(value, TensorType(shape, type))
            }
            return nil
        case .reshape(let shape):
            if inputs[0].shape == shape { return inputs[0] }
            if case .reshape = inputs[0].operation { return inputs[0].inputs[0].reshape(shape) }
            return inputs[0].movedConstant(to: shape)
        case .broadcast(let shape):
            if inputs[0].shape == shape { return inputs[0] }
            if case .broadcast = inputs[0].operation { return inputs[0].inputs[0].broadcast(to: shape) }
            return inputs[0].movedConstant(to: shape)
        case .transpose(let permutation):
            if permutation == Array(permutation.indices) { return inputs[0] }
            if case .transpose(let inner) = inputs[0].operation {
                return inputs[0].inputs[0].transpose(permutation.map { inner[$0] })
            }
            return inputs[0].movedConstant(to: shape)
        case .slice(let slices):
            let whole = zip(slices, inputs[0].shape.dimensions).allSatisfy {
                $0.start == 0 && $0.count == $1 && $0.stride == 1
            }
            return whole ? inputs[0] : inputs[0].movedConstant(to: shape)
        case .pad(let padding, _):
            return padding.allSatisfy { $0.low == 0 && $0.high == 0 } ? inputs[0] : nil
        case .concatenate: return inputs.count == 1 ? inputs[0] : nil
        case .reverse(let axes): return axes.isEmpty ? inputs[0] : inputs[0].movedConstant(to: shape)
        case .reduce(let reduction, let axes):
            // One element along each reduced axis.
            let trivial = axes.allSatisfy { inputs[0].shape[$0] == 1 }
            if trivial { return inputs[0].reshape(shape) }
            if case .constant(let value, _) = inputs[0].operation, reduction != .sum, reduction != .product,
                axes.allSatisfy({ inputs[0].shape[$0] > 0 })
            {
                return .constant(value, type)
            }
            return nil
        case .unary(let unary): return simplified(unary)
        case .binary(let binary): return simplified(binary)
        case .select:
            if let condition = inputs[0].constantValue { return condition != 0 ? inputs[1] : inputs[2] }
            return inputs[1] === inputs[2] ? inputs[1] : nil
        default: return nil
        }
    }

    /// The number in every element, if the node is constant.
    package var constantValue: Double? {
        if case .constant(let value, _) = operation { return value.double }
        return nil
    }

    private func movedConstant(to shape: Shape) -> Node? {
        guard case .constant(let value, _) = operation else { return nil }
        return .constant(value, TensorType(shape, elementType))
    }

    private func simplified(_ unary: UnaryOperation) -> Node? {
        switch (unary, inputs[0].operation) {
        case (.negate, .unary(.negate)), (.logicalNot, .unary(.logicalNot)), (.reciprocal, .unary(.reciprocal)):
            return unary == .reciprocal ? nil : inputs[0].inputs[0]
        case (.relu, .unary(.relu)), (.absolute, .unary(.absolute)): return inputs[0]
        case (.negate, .constant(.floating(let value), _)): return .constant(.floating(-value), type)
        case (.square, .constant(.floating(let value), _)): return .constant(.floating(value * value), type)
        default: return nil
        }
    }

    private func simplified(_ binary: BinaryOperation) -> Node? {
        let (a, b) = (inputs[0], inputs[1])
        if let left = a.constantValue, let right = b.constantValue, let value = binary.folded(left, right, elementType)
        {
            return .constant(.floating(value), type)
        }
        switch binary {
        case .add:
            if b.constantValue == 0 { return a }
            if a.constantValue == 0 { return b }
            if case .unary(.negate) = b.operation { return Node(.binary(.subtract), [a, b.inputs[0]]) }
        case .subtract:
            if b.constantValue == 0 { return a }
            if a.constantValue == 0 { return b.unary(.negate) }
            if case .unary(.negate) = b.operation { return Node(.binary(.add), [a, b.inputs[0]]) }
        case .multiply:
            if b.constantValue == 1 { return a }
            if a.constantValue == 1 { return b }
            if b.constantValue == -1 { return a.unary(.negate) }
            if a.constantValue == -1 { return b.unary(.negate) }
        case .divide:
            if b.constantValue == 1 { return a }
        case .power:
            switch b.constantValue {
            case 1: return a
            case 2: return a.unary(.square)
            case 0.5 where elementType.isFloatingPoint: return nil
            case -1 where elementType.isFloatingPoint: return a.unary(.reciprocal)
            case 0: return .constant(.floating(1), type)
            default: break
            }
        case .minimum, .maximum, .logicalAnd, .logicalOr:
            if a === b { return a }
        default: break
        }
        return nil
    }
}

extension BinaryOperation {
    /// The value of the operation on two constants of a floating-point type; `nil` if it is not folded.
    fileprivate func folded(_ a: Double, _ b: Double, _ type: ElementType) -> Double? {
        guard type == .float32 || type == .float64 else { return nil }
        // float32 values are rounded when the constant is made: a sum, product or quotient of two floats in double, rounded
        // to float, is the float operation's result.
        switch self {
        case .add: return a + b
        case .subtract: return a - b
        case .multiply: return a * b
        case .divide: return a / b
        default: return nil
        }
    }
}
