public import ApusGraph

// MARK: Operators

extension Tensor {
    /// Combines two tensors; a number written in the program takes the tensor's element type.
    static func combined(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor) -> Tensor {
        var (left, right) = (a.node, b.node)
        let type = ElementType.promoted(left.weakType(beside: right), right.weakType(beside: left))
        (left, right) = (left.promoted(to: type), right.promoted(to: type))
        guard left.isValid, right.isValid, let shape = Shape.broadcast(left.shape, right.shape) else {
            return Tensor(Node.binary(operation, left, right))
        }
        return Tensor(.binary(operation), [left.broadcast(to: shape), right.broadcast(to: shape)])
    }

    /// Element by element, after broadcasting and promotion to one element type; integers wrap around.
    public static func + (a: Tensor, b: Tensor) -> Tensor { combined(.add, a, b) }
    /// The difference of elements; shapes are broadcast.
    public static func - (a: Tensor, b: Tensor) -> Tensor { combined(.subtract, a, b) }
    /// The product of elements; shapes are broadcast.
    public static func * (a: Tensor, b: Tensor) -> Tensor { combined(.multiply, a, b) }
    /// Integers yield the quotient cut towards 0, and 0 for the divisor 0.
    public static func / (a: Tensor, b: Tensor) -> Tensor { combined(.divide, a, b) }
    /// The remainder with the divisor's sign, as in Python.
    public static func % (a: Tensor, b: Tensor) -> Tensor { combined(.remainder, a, b) }
    /// −a; integers wrap around.
    public static prefix func - (a: Tensor) -> Tensor { a.mapped(.negate) }

    /// A number takes the tensor's element type; a `Float` or `Double` beside integers makes `float32`, any number
    /// beside bool too.
    public static func + <T: TensorScalar>(a: Tensor, b: T) -> Tensor { a + Tensor(weak: b) }
    /// The sum of elements; shapes are broadcast.
    public static func + <T: TensorScalar>(a: T, b: Tensor) -> Tensor { Tensor(weak: a) + b }
    /// The difference of elements; shapes are broadcast.
    public static func - <T: TensorScalar>(a: Tensor, b: T) -> Tensor { a - Tensor(weak: b) }
    /// The difference of elements; shapes are broadcast.
    public static func - <T: TensorScalar>(a: T, b: Tensor) -> Tensor { Tensor(weak: a) - b }
    /// The product of elements; shapes are broadcast.
    public static func * <T: TensorScalar>(a: Tensor, b: T) -> Tensor { a * Tensor(weak: b) }
    /// The product of elements; shapes are broadcast.
    public static func * <T: TensorScalar>(a: T, b: Tensor) -> Tensor { Tensor(weak: a) * b }
    /// The quotient of elements; shapes are broadcast.
    public static func / <T: TensorScalar>(a: Tensor, b: T) -> Tensor { a / Tensor(weak: b) }
    /// The quotient of elements; shapes are broadcast.
    public static func / <T: TensorScalar>(a: T, b: Tensor) -> Tensor { Tensor(weak: a) / b }

    /// The sum takes the operand's place, and so may change its shape and element type.
    public static func += (a: inout Tensor, b: Tensor) { a = a + b }
    /// Subtracts elements.
    public static func -= (a: inout Tensor, b: Tensor) { a = a - b }
    /// Multiplies elements.
    public static func *= (a: inout Tensor, b: Tensor) { a = a * b }
    /// Divides elements.
    public static func /= (a: inout Tensor, b: Tensor) { a = a / b }

    // Comparisons, element by element: bool tensors.
    /// Whether elements are equal, as bool; NaN equals nothing.
    public static func .== (a: Tensor, b: Tensor) -> Tensor { combined(.equal, a, b) }
    /// Whether elements differ.
    public static func .!= (a: Tensor, b: Tensor) -> Tensor { combined(.notEqual, a, b) }
    /// Whether elements are less.
    public static func .< (a: Tensor, b: Tensor) -> Tensor { combined(.less, a, b) }
    /// Whether elements are less or equal.
    public static func .<= (a: Tensor, b: Tensor) -> Tensor { combined(.lessOrEqual, a, b) }
    /// Whether elements are greater.
    public static func .> (a: Tensor, b: Tensor) -> Tensor { combined(.greater, a, b) }
    /// Whether elements are greater or equal.
    public static func .>= (a: Tensor, b: Tensor) -> Tensor { combined(.greaterOrEqual, a, b) }
    /// Whether both elements hold; bool tensors only, as with `.|`, `.^` and `.!`.
    public static func .& (a: Tensor, b: Tensor) -> Tensor { combined(.logicalAnd, a, b) }
    /// Whether at least one of two elements holds.
    public static func .| (a: Tensor, b: Tensor) -> Tensor { combined(.logicalOr, a, b) }
    /// Whether exactly one of two elements holds.
    public static func .^ (a: Tensor, b: Tensor) -> Tensor { combined(.logicalXor, a, b) }
    /// Whether an element does not hold.
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
/// aᵇ, element by element.
public func pow(_ a: Tensor, _ b: Tensor) -> Tensor { .combined(.power, a, b) }
/// aᵇ, element by element.
public func pow<T: TensorScalar>(_ a: Tensor, _ exponent: T) -> Tensor {
    .combined(.power, a, Tensor(weak: exponent))
}

/// a where the condition holds, else b (`where` of NumPy and PyTorch).
public func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    Tensor(tracking: Node.select(condition.node, a.node, b.node))
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
/// Whether elements are neither infinite nor NaN.
public func isFinite(_ x: Tensor) -> Tensor { x.mapped(.isFinite) }

extension Tensor {
    /// min(max(x, low), high) (NumPy's `clip`, PyTorch's `clamp`).
    public func clamped(_ low: Double, _ high: Double) -> Tensor {
        Tensor(.clamp(low: .floating(low), high: .floating(high)), [node])
    }

    /// The tensor with another element type (NumPy's `astype`, PyTorch's `to`).
    public func cast(to type: ElementType) -> Tensor {
        elementType == type ? self : Tensor(.cast(type), [node])
    }

    /// The same value, which counts as a constant when gradients are taken (PyTorch's `detach`, JAX's `stop_gradient`).
    public func stoppingGradient() -> Tensor { Tensor(.stopGradient, [node]) }
}
