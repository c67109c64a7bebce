public import ApusGraph

// MARK: Operators

extension Tensor {
    /// Two operands in one element type; a number written in the program takes the tensor's.
    static func promoted(_ a: Tensor, _ b: Tensor) -> (Node, Node) {
        let (a, b) = (a.node, b.node)
        let type = ElementType.promoted(a.weakType(beside: b), b.weakType(beside: a))
        return (a.promoted(to: type), b.promoted(to: type))
    }

    /// Combines two tensors, after promotion and broadcasting.
    static func combined(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor) -> Tensor {
        let (left, right) = promoted(a, b)
        guard left.isValid, right.isValid, let shape = Shape.broadcast(left.shape, right.shape) else {
            return Tensor(Node.binary(operation, left, right))
        }
        return Tensor(.binary(operation), [left.broadcast(to: shape), right.broadcast(to: shape)])
    }

    /// The sum of elements (`add`); shapes are broadcast, element types promoted, integers wrap around.
    ///
    /// As with every operator of two tensors, shapes are aligned at the last axis, and an axis that is missing or has extent 1 is
    /// stretched to the other's (NumPy's broadcasting). Of two element types the later one in the chain `bool`, `uint8`, `int32`,
    /// `int64`, `bfloat16`, `float32`, `float64` wins, so that integers never widen a floating-point type (as in PyTorch and JAX).
    public static func + (a: Tensor, b: Tensor) -> Tensor { combined(.add, a, b) }
    /// The difference of elements (`subtract`); shapes are broadcast, element types promoted, integers wrap around.
    public static func - (a: Tensor, b: Tensor) -> Tensor { combined(.subtract, a, b) }
    /// The product of elements (`multiply`), not of matrices, which is `matmul`; broadcast and promoted, integers wrap around.
    public static func * (a: Tensor, b: Tensor) -> Tensor { combined(.multiply, a, b) }
    /// The quotient of elements (`divide`); broadcast and promoted.
    ///
    /// Integers yield the quotient cut towards 0, and 0 for the divisor 0, where `/` of NumPy, PyTorch and JAX makes fractions and
    /// `//` rounds down: cast to a floating-point type first for these.
    public static func / (a: Tensor, b: Tensor) -> Tensor { combined(.divide, a, b) }
    /// The remainder with the divisor's sign, as in Python (`remainder`, `mod`); broadcast and promoted.
    public static func % (a: Tensor, b: Tensor) -> Tensor { combined(.remainder, a, b) }
    /// −a (`negative`); integers wrap around.
    public static prefix func - (a: Tensor) -> Tensor { a.mapped(.negate) }

    /// The sum of elements and a number, which takes the tensor's element type; a fraction beside integers makes `float32`, any
    /// number beside bool too.
    public static func + <T: TensorScalar>(a: Tensor, b: T) -> Tensor { a + Tensor(weak: b) }
    /// The sum of a number, which takes the tensor\'s element type as with `+`, and elements.
    public static func + <T: TensorScalar>(a: T, b: Tensor) -> Tensor { Tensor(weak: a) + b }
    /// The difference of elements and a number, which takes the tensor\'s element type as with `+`.
    public static func - <T: TensorScalar>(a: Tensor, b: T) -> Tensor { a - Tensor(weak: b) }
    /// The difference of a number, which takes the tensor\'s element type as with `+`, and elements.
    public static func - <T: TensorScalar>(a: T, b: Tensor) -> Tensor { Tensor(weak: a) - b }
    /// The product of elements and a number, which takes the tensor\'s element type as with `+`.
    public static func * <T: TensorScalar>(a: Tensor, b: T) -> Tensor { a * Tensor(weak: b) }
    /// The product of a number, which takes the tensor\'s element type as with `+`, and elements.
    public static func * <T: TensorScalar>(a: T, b: Tensor) -> Tensor { Tensor(weak: a) * b }
    /// The quotient of elements and a number, which takes the tensor\'s element type as with `+`.
    public static func / <T: TensorScalar>(a: Tensor, b: T) -> Tensor { a / Tensor(weak: b) }
    /// The quotient of a number, which takes the tensor\'s element type as with `+`, and elements.
    public static func / <T: TensorScalar>(a: T, b: Tensor) -> Tensor { Tensor(weak: a) / b }

    /// The sum takes the operand's place, and so may change its shape and element type.
    public static func += (a: inout Tensor, b: Tensor) { a = a + b }
    /// The difference takes the operand's place, and so may change its shape and element type.
    public static func -= (a: inout Tensor, b: Tensor) { a = a - b }
    /// The product takes the operand's place, and so may change its shape and element type.
    public static func *= (a: inout Tensor, b: Tensor) { a = a * b }
    /// The quotient takes the operand's place, and so may change its shape and element type.
    public static func /= (a: inout Tensor, b: Tensor) { a = a / b }

    // Comparisons, element by element after broadcasting and promotion: bool tensors.
    /// Whether elements are equal (`equal`, `eq`), as bool; NaN equals nothing.
    public static func .== (a: Tensor, b: Tensor) -> Tensor { combined(.equal, a, b) }
    /// Whether elements differ (`not_equal`, `ne`); NaN differs from itself.
    public static func .!= (a: Tensor, b: Tensor) -> Tensor { combined(.notEqual, a, b) }
    /// Whether elements of the first are less (`less`, `lt`).
    public static func .< (a: Tensor, b: Tensor) -> Tensor { combined(.less, a, b) }
    /// Whether elements of the first are less or equal (`less_equal`, `le`).
    public static func .<= (a: Tensor, b: Tensor) -> Tensor { combined(.lessOrEqual, a, b) }
    /// Whether elements of the first are greater (`greater`, `gt`).
    public static func .> (a: Tensor, b: Tensor) -> Tensor { combined(.greater, a, b) }
    /// Whether elements of the first are greater or equal (`greater_equal`, `ge`).
    public static func .>= (a: Tensor, b: Tensor) -> Tensor { combined(.greaterOrEqual, a, b) }
    /// Whether both elements hold (`logical_and`); bool tensors only, as with `.|`, `.^` and `.!`.
    public static func .& (a: Tensor, b: Tensor) -> Tensor { combined(.logicalAnd, a, b) }
    /// Whether at least one of two elements holds (`logical_or`).
    public static func .| (a: Tensor, b: Tensor) -> Tensor { combined(.logicalOr, a, b) }
    /// Whether exactly one of two elements holds (`logical_xor`).
    public static func .^ (a: Tensor, b: Tensor) -> Tensor { combined(.logicalXor, a, b) }
    /// Whether an element does not hold (`logical_not`).
    public static prefix func .! (a: Tensor) -> Tensor { a.mapped(.logicalNot) }

    func mapped(_ operation: UnaryOperation) -> Tensor { Tensor(.unary(operation), [node]) }

    /// A number that was written in the program and adapts to the tensor it is combined with.
    init<T: TensorScalar>(weak value: T) {
        switch value.tensorScalar {
        case .floating(let number):
            self.init(Node(.constant(.floating(number), TensorType([], .float32)), attachment: Weak.fraction))
        case .integer(let number):
            self.init(Node(.constant(.integer(number), TensorType([], .float32)), attachment: Weak.whole))
        }
    }
}

extension Tensor {
    /// Whether the tensor is a number that was written in the program: each operation makes its own constant of it.
    var isWritten: Bool { node.attachment is Weak }
}

/// Marks constants whose element type gives way to that of the other operand.
private final class Weak: Sendable {
    static let whole = Weak()
    static let fraction = Weak()
}

extension Node {
    /// The element type with which the node takes part in promotion beside another operand.
    fileprivate func weakType(beside other: Node) -> ElementType {
        guard case .constant(let value, _) = operation, shape.rank == 0, !(other.attachment is Weak) else {
            return elementType
        }
        if other.elementType.isFloatingPoint, attachment is Weak { return other.elementType }
        if attachment === Weak.whole, other.elementType != .bool, value.double == value.double.rounded() {
            return other.elementType
        }
        return elementType
    }

    /// The node in the element type of an operation; a number written in the program is rounded only to that.
    fileprivate func promoted(to type: ElementType) -> Node {
        guard attachment is Weak, case .constant(let value, _) = operation else { return cast(to: type) }
        if type.isInteger, value.rounded(to: type).integer != value.integer {
            return Node(
                problem: "the number \(value.integer) does not fit \(type); convert the tensor with cast(to:)",
                operation: "constant")
        }
        return .constant(value, TensorType([], type))
    }
}

infix operator .& : LogicalConjunctionPrecedence
infix operator .| : LogicalDisjunctionPrecedence
infix operator .^ : LogicalDisjunctionPrecedence
prefix operator .!

// MARK: Functions

/// The lesser element, NaN where either is; on a tie each operand gets half of the gradient.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor { .combined(.minimum, a, b) }
/// The greater element, NaN where either is; on a tie each operand gets half of the gradient.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor { .combined(.maximum, a, b) }
/// aᵇ, element by element, broadcast and promoted (`power`).
public func pow(_ a: Tensor, _ b: Tensor) -> Tensor { .combined(.power, a, b) }
/// aᵇ, element by element.
public func pow<T: TensorScalar>(_ a: Tensor, _ exponent: T) -> Tensor {
    .combined(.power, a, Tensor(weak: exponent))
}

/// a where the condition, a bool tensor, holds, else b (`where` of NumPy, PyTorch and JAX); all three are broadcast.
///
/// PyTorch's `select`, one index of an axis, is `x[index]` here.
public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    let (a, b) = Tensor.promoted(a, b)
    return Tensor(tracking: Node.select(condition.node, a, b))
}

/// |x|; the gradient at 0 is 0.
public func abs(_ x: Tensor) -> Tensor { x.mapped(.absolute) }
/// −1, 0 or 1.
public func sign(_ x: Tensor) -> Tensor { x.mapped(.sign) }
/// eˣ
public func exp(_ x: Tensor) -> Tensor { x.mapped(.exp) }
/// eˣ − 1, accurate near 0.
public func expm1(_ x: Tensor) -> Tensor { x.mapped(.expm1) }
/// The natural logarithm; −∞ at 0, NaN below.
public func log(_ x: Tensor) -> Tensor { x.mapped(.log) }
/// log(1 + x), accurate near 0.
public func log1p(_ x: Tensor) -> Tensor { x.mapped(.log1p) }
/// √x; NaN below 0.
public func sqrt(_ x: Tensor) -> Tensor { x.mapped(.squareRoot) }
/// 1 / √x
public func rsqrt(_ x: Tensor) -> Tensor { x.mapped(.reciprocalSquareRoot) }
/// x²
public func square(_ x: Tensor) -> Tensor { x.mapped(.square) }
/// 1 / x
public func reciprocal(_ x: Tensor) -> Tensor { x.mapped(.reciprocal) }
/// The sine of an angle in radians.
public func sin(_ x: Tensor) -> Tensor { x.mapped(.sine) }
/// The cosine of an angle in radians.
public func cos(_ x: Tensor) -> Tensor { x.mapped(.cosine) }
/// (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ)
public func tanh(_ x: Tensor) -> Tensor { x.mapped(.tanh) }
/// 1 / (1 + e⁻ˣ)
public func sigmoid(_ x: Tensor) -> Tensor { x.mapped(.sigmoid) }
/// The error function 2/√π ∫₀ˣ e^(−t²) dt.
public func erf(_ x: Tensor) -> Tensor { x.mapped(.erf) }
/// The greatest whole number ≤ x; the gradient is 0.
public func floor(_ x: Tensor) -> Tensor { x.mapped(.floor) }
/// The least whole number ≥ x; the gradient is 0.
public func ceil(_ x: Tensor) -> Tensor { x.mapped(.ceil) }
/// The nearest whole number, halves to even.
public func round(_ x: Tensor) -> Tensor { x.mapped(.round) }
/// max(x, 0)
public func relu(_ x: Tensor) -> Tensor { x.mapped(.relu) }
/// log(1 + eˣ), a smooth ReLU.
public func softplus(_ x: Tensor) -> Tensor { x.mapped(.softplus) }
/// Whether elements are neither infinite nor NaN, as bool (`isfinite`).
public func isFinite(_ x: Tensor) -> Tensor { x.mapped(.isFinite) }
/// Whether elements are NaN, as bool (`isnan`); integers never are.
public func isNaN(_ x: Tensor) -> Tensor { x .!= x }
/// Whether elements are +∞ or −∞, as bool (`isinf`); integers never are.
public func isInfinite(_ x: Tensor) -> Tensor { .!(isFinite(x) .| isNaN(x)) }

extension Tensor {
    /// a where the condition holds, else b (`where` of NumPy, PyTorch and JAX), the same as `select`.
    public static func `where`(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor { select(condition, a, b) }
    /// A number where the condition holds, else b, whose element type it takes.
    public static func `where`<T: TensorScalar>(_ condition: Tensor, _ a: T, _ b: Tensor) -> Tensor {
        select(condition, Tensor(weak: a), b)
    }
    /// a where the condition holds, else a number, which takes a's element type.
    public static func `where`<T: TensorScalar>(_ condition: Tensor, _ a: Tensor, _ b: T) -> Tensor {
        select(condition, a, Tensor(weak: b))
    }
    /// One number where the condition holds, else another, as `float32`.
    public static func `where`<A: TensorScalar, B: TensorScalar>(_ condition: Tensor, _ a: A, _ b: B) -> Tensor {
        select(condition, Tensor(weak: a), Tensor(weak: b))
    }

    /// min(max(x, low), high), of which one bound may be left out (`clip` of NumPy and JAX, `clamp` of PyTorch).
    ///
    /// NaN stays NaN; the gradient is 0 outside the bounds and flows on at them.
    public func clamped(min low: Double? = nil, max high: Double? = nil) -> Tensor {
        guard low != nil || high != nil else {
            return invalid("expected a bound, min, max or both, but received none", in: "clamp")
        }
        return Tensor(.clamp(low: .floating(low ?? -.infinity), high: .floating(high ?? .infinity)), [node])
    }

    /// The tensor with another element type (`astype` of NumPy and JAX, `to` of PyTorch).
    ///
    /// Numbers become the nearest of a floating-point type. What becomes an integer is cut towards 0 and saturates at the least
    /// and the greatest, and NaN is 0; from a wider integer type to a narrower one numbers wrap around. As bool, what is not 0
    /// holds, NaN too. The gradient is cast back.
    public func cast(to type: ElementType) -> Tensor {
        elementType == type ? self : Tensor(.cast(type), [node])
    }

    /// The same value, which counts as a constant when gradients are taken (PyTorch's `detach`, JAX's `stop_gradient`).
    public func stoppingGradient() -> Tensor { Tensor(.stopGradient, [node]) }
}
