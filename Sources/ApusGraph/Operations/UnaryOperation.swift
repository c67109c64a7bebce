/// Elementwise operations of one operand: names, operands, gradients, definitions by simpler operations.
///
/// Their meaning is in `ApusReference`. One without a kernel in `ApusCPU` needs an expansion here.
package enum UnaryOperation: String, Sendable, Hashable, CaseIterable {
    case negate, absolute, sign, exp, expm1, log, log1p, squareRoot, reciprocalSquareRoot, square, reciprocal
    case sine, cosine, tanh, sigmoid, erf, floor, ceil, round, relu, softplus, logicalNot, isFinite

    /// What operands an operation takes.
    enum Domain {
        /// Any type but bool.
        case numbers
        case floatingPoint
        case bool
        case any
    }

    var domain: Domain {
        switch self {
        case .negate, .absolute, .sign, .square, .relu, .floor, .ceil, .round: .numbers
        case .exp, .expm1, .log, .log1p, .squareRoot, .reciprocalSquareRoot, .reciprocal, .sine, .cosine, .tanh,
            .sigmoid,
            .erf, .softplus:
            .floatingPoint
        case .logicalNot: .bool
        case .isFinite: .any
        }
    }

    /// Whether the result is bool; else it has the operand's type.
    var yieldsBool: Bool { self == .logicalNot || self == .isFinite }

    /// The operation on a node by simpler ones, where it is defined so.
    func expansion(of x: Node) -> Node? {
        switch self {
        // log(1 + eˣ), without overflow: max(x, 0) + log(1 + e^−|x|)
        case .softplus: x.unary(.relu) + (-x.unary(.absolute)).unary(.exp).unary(.log1p)
        default: nil
        }
    }
}

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
        case .softplus: return g * x.unary(.sigmoid)
        case .logicalNot, .isFinite: return nil
        }
    }
}
