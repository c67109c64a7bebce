/// The type of a tensor's elements.
///
/// Raw values are shared with the C kernels.
///
/// ```swift
/// let labels = Tensor([0, 1, 1], type: .int32)
/// let halves = labels.cast(to: .float32) / 2
/// print(ElementType.promoted(.int32, .float32))   // float32
/// ```
public enum ElementType: UInt8, Sendable, Hashable, Codable, CaseIterable {
    /// IEEE 754 single precision.
    case float32 = 0
    /// The upper half of a `float32`: 8 bits of exponent, 7 of fraction.
    case bfloat16
    /// IEEE 754 double precision.
    case float64
    /// Signed whole numbers of 32 bits.
    case int32
    /// Signed whole numbers of 64 bits.
    case int64
    /// Bytes.
    case uint8
    /// Truth values, a byte each.
    case bool

    /// The size of one element in bytes.
    public var byteCount: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .bfloat16: 2
        case .uint8, .bool: 1
        }
    }

    /// Whether values are floating point, so that gradients flow through them.
    public var isFloatingPoint: Bool {
        switch self {
        case .float32, .bfloat16, .float64: true
        case .int32, .int64, .uint8, .bool: false
        }
    }

    /// Whether values are whole numbers (`bool` is not a number).
    public var isInteger: Bool { !isFloatingPoint && self != .bool }

    /// The type in which long sums over elements of this type are kept: statistics, gradients of weights.
    public var accumulator: ElementType { self == .bfloat16 ? .float32 : self }

    /// The type in which an operation on two types computes.
    ///
    /// The types form the chain `bool < uint8 < int32 < int64 < bfloat16 < float32 < float64`; the greater one wins. So an
    /// integer never widens a floating-point type: `int64 + float32` is `float32` (as in PyTorch and JAX, unlike
    /// NumPy). Numbers written in the program (`x + 1`) take the tensor's type, except that a fraction added to an
    /// integer tensor makes it `float32`.
    public static func promoted(_ a: ElementType, _ b: ElementType) -> ElementType {
        a.promotionRank >= b.promotionRank ? a : b
    }

    private var promotionRank: Int {
        switch self {
        case .bool: 0
        case .uint8: 1
        case .int32: 2
        case .int64: 3
        case .bfloat16: 4
        case .float32: 5
        case .float64: 6
        }
    }
}

extension ElementType: CustomStringConvertible {
    public var description: String {
        switch self {
        case .float32: "float32"
        case .bfloat16: "bfloat16"
        case .float64: "float64"
        case .int32: "int32"
        case .int64: "int64"
        case .uint8: "uint8"
        case .bool: "bool"
        }
    }
}
