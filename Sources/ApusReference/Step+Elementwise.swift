import ApusBackend
import ApusGraph
import Foundation

extension Step {
    func unary(_ unary: UnaryOperation) -> [Double] {
        let x = operands[0]
        return x.elementType.isInteger
            ? x.values.map { integer(unary, $0) }
            : x.values.map { floating(unary, $0) }
    }

    /// One element of a floating-point or `bool` tensor.
    private func floating(_ unary: UnaryOperation, _ x: Double) -> Double {
        switch unary {
        case .negate: -x
        case .absolute: abs(x)
        case .sign: x > 0 ? 1 : x < 0 ? -1 : x.isNaN ? x : 0
        case .exp: exp(x)
        case .expm1: expm1(x)
        case .log: log(x)
        case .log1p: log1p(x)
        case .squareRoot: x.squareRoot()
        case .reciprocalSquareRoot: 1 / x.squareRoot()
        case .square: x * x
        case .reciprocal: 1 / x
        case .sine: sin(x)
        case .cosine: cos(x)
        case .tanh: tanh(x)
        case .sigmoid: 1 / (1 + exp(-x))
        case .erf: erf(x)
        case .floor: x.rounded(.down)
        case .ceil: x.rounded(.up)
        case .round: x.rounded(.toNearestOrEven)
        case .relu: x > 0 || x.isNaN ? x : 0
        case .softplus: max(x, 0) + log1p(exp(-abs(x)))
        case .logicalNot: x == 0 ? 1 : 0
        case .isFinite: x.isFinite ? 1 : 0
        }
    }

    /// One element of an integer tensor.
    private func integer(_ unary: UnaryOperation, _ x: Double) -> Double {
        switch unary {
        case .negate: elementType.wrapped(0 &- x.integer)
        case .absolute: elementType.wrapped(x < 0 ? 0 &- x.integer : x.integer)
        case .square: elementType.wrapped(x.integer &* x.integer)
        case .sign, .floor, .ceil, .round, .relu, .isFinite: floating(unary, x)
        // Not defined for integers; the graph refuses them.
        case .exp, .expm1, .log, .log1p, .squareRoot, .reciprocalSquareRoot, .reciprocal, .sine, .cosine, .tanh,
            .sigmoid, .erf, .softplus, .logicalNot:
            .nan
        }
    }

    func binary(_ binary: BinaryOperation) -> [Double] {
        let (a, b) = (operands[0], operands[1])
        return a.elementType.isInteger
            ? zip(a.values, b.values).map { integer(binary, $0, $1) }
            : zip(a.values, b.values).map { floating(binary, $0, $1) }
    }

    private func floating(_ binary: BinaryOperation, _ a: Double, _ b: Double) -> Double {
        switch binary {
        case .add: a + b
        case .subtract: a - b
        case .multiply: a * b
        case .divide: a / b
        case .power: pow(a, b)
        case .minimum: a.isNaN || b.isNaN ? .nan : min(a, b)
        case .maximum: a.isNaN || b.isNaN ? .nan : max(a, b)
        case .remainder: remainder(a, b)
        case .equal: a == b ? 1 : 0
        case .notEqual: a != b ? 1 : 0
        case .less: a < b ? 1 : 0
        case .lessOrEqual: a <= b ? 1 : 0
        case .greater: a > b ? 1 : 0
        case .greaterOrEqual: a >= b ? 1 : 0
        case .logicalAnd: a != 0 && b != 0 ? 1 : 0
        case .logicalOr: a != 0 || b != 0 ? 1 : 0
        case .logicalXor: (a != 0) != (b != 0) ? 1 : 0
        }
    }

    private func integer(_ binary: BinaryOperation, _ a: Double, _ b: Double) -> Double {
        let (x, y) = (a.integer, b.integer)
        switch binary {
        case .add: return elementType.wrapped(x &+ y)
        case .subtract: return elementType.wrapped(x &- y)
        case .multiply: return elementType.wrapped(x &* y)
        case .divide: return y == 0 ? 0 : elementType.wrapped(x.dividedReportingOverflow(by: y).partialValue)
        case .remainder:
            guard y != 0, y != -1 else { return 0 }
            let rest = x % y
            return elementType.wrapped(rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest)
        case .power: return elementType.wrapped(power(x, y))
        case .minimum, .maximum, .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .logicalAnd,
            .logicalOr, .logicalXor:
            return floating(binary, a, b)
        }
    }

    /// a − b·⌊a / b⌋, exactly: the remainder with the sign of the divisor, as in Python.
    private func remainder(_ a: Double, _ b: Double) -> Double {
        let rest = fmod(a, b)
        if rest == 0 { return b < 0 ? -0.0 : 0.0 }
        return (rest < 0) != (b < 0) ? rest + b : rest
    }

    /// xʸ, wrapped; a negative power is the quotient 1 / x⁻ʸ, truncated (and 0 for x = 0).
    private func power(_ x: Int64, _ y: Int64) -> Int64 {
        if y < 0 {
            switch x {
            case 1: return 1
            case -1: return y % 2 == 0 ? 1 : -1
            default: return 0
            }
        }
        var (result, base, exponent): (Int64, Int64, Int64) = (1, x, y)
        while exponent > 0 {
            if exponent % 2 == 1 { result = result &* base }
            base = base &* base
            exponent /= 2
        }
        return result
    }

    func select() -> [Double] {
        let (condition, a, b) = (operands[0].values, operands[1].values, operands[2].values)
        return condition.indices.map { condition[$0] != 0 ? a[$0] : b[$0] }
    }

    func clamp(_ low: Scalar, _ high: Scalar) -> [Double] {
        let (low, high) = (low.rounded(to: elementType).double, high.rounded(to: elementType).double)
        return operands[0].values.map { $0.isNaN ? $0 : min(max($0, low), high) }
    }

    /// Floating point is rounded to the nearest value; to an integer it is cut and saturates, NaN becoming 0. Integers
    /// wrap around. `bool` is whether a value is not 0.
    func cast() -> [Double] {
        let (values, source) = (operands[0].values, operands[0].elementType)
        return values.map { value in
            elementType.isInteger && !source.isFloatingPoint
                ? elementType.wrapped(value.integer)
                : Scalar.floating(value).rounded(to: elementType).double
        }
    }
}
