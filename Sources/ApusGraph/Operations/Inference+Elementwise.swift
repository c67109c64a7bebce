extension Inference {
    func random(_ distribution: RandomDistribution, _ type: TensorType) -> TensorType {
        expectShape(0, [2], "a key")
        expect(inputs[0].elementType == .int64, "expected an int64 key but received \(inputs[0])")
        switch distribution {
        case .uniform(let low, let high):
            expect(low < high, "uniform needs low < high but received \(low) and \(high)")
            expect(type.elementType != .bool, "uniform numbers can't be bool")
            if type.elementType.isInteger {
                expect(
                    low == low.rounded() && high == high.rounded(),
                    "uniform integers need whole bounds but received \(low) and \(high)")
            }
        case .normal(_, let spread), .truncatedNormal(_, let spread):
            expect(spread >= 0, "a standard deviation can't be negative, received \(spread)")
            expect(type.elementType.isFloatingPoint, "normal numbers need a floating-point type, received \(type)")
        case .bernoulli(let probability):
            expect((0...1).contains(probability), "a probability lies in 0...1, received \(probability)")
            expect(type.elementType == .bool, "Bernoulli numbers are bool, received \(type)")
        }
        return type
    }

    func unary(_ unary: UnaryOperation) -> TensorType {
        switch unary.domain {
        case .numbers: expectNumber(0)
        case .floatingPoint: expectFloatingPoint(0)
        case .bool: expect(inputs[0].elementType == .bool, "expected a bool tensor but received \(inputs[0])")
        case .any: break
        }
        return unary.yieldsBool ? TensorType(inputs[0].shape, .bool) : inputs[0]
    }

    func binary(_ binary: BinaryOperation) -> TensorType {
        expectSameType(0, 1)
        expect(
            inputs[0].shape == inputs[1].shape,
            "shapes \(inputs[0].shape) and \(inputs[1].shape) do not fit together")
        if binary.isComparison { return TensorType(inputs[0].shape, .bool) }
        if binary.isLogical {
            expect(inputs[0].elementType == .bool, "expected bool tensors but received \(inputs[0]) and \(inputs[1])")
        } else {
            expectNumber(0)
        }
        return inputs[0]
    }

    func select() -> TensorType {
        expect(inputs[0].elementType == .bool, "expected a bool condition but received \(inputs[0])")
        expectSameType(1, 2)
        expectShape(0, inputs[1].shape, "a condition")
        expectShape(2, inputs[1].shape, "a second value")
        return inputs[1]
    }
}
