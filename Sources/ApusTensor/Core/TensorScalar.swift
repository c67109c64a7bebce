import ApusBackend
public import ApusGraph

/// A type of number that elements can be read as and made from.
///
/// ```swift
/// let x = Tensor([0.5, 1.5, 300])
/// print(x.scalars)                    // [0.5, 1.5, 300.0]: Float
/// print(x.scalars(as: Int.self))      // [0, 1, 300]
/// print(x.scalars(as: UInt8.self))    // [0, 1, 255]
/// ```
public protocol TensorScalar: Sendable {
    /// From an element of a floating-point tensor; for integers it is cut and saturates, NaN is 0.
    init(tensorElement value: Double)
    /// From an element of an integer or bool tensor; smaller integers saturate.
    init(tensorElement value: Int64)
    /// The number as graphs hold it; a `Bool` is 0 or 1.
    var tensorScalar: Scalar { get }
}

extension Float: TensorScalar {
    public init(tensorElement value: Double) { self = Float(value) }
    public init(tensorElement value: Int64) { self = Float(value) }
    public var tensorScalar: Scalar { .floating(Double(self)) }
}

extension Double: TensorScalar {
    public init(tensorElement value: Double) { self = value }
    public init(tensorElement value: Int64) { self = Double(value) }
    public var tensorScalar: Scalar { .floating(self) }
}

extension Int: TensorScalar {
    public init(tensorElement value: Double) { self = Int(Scalar.floating(value).integer) }
    public init(tensorElement value: Int64) { self = Int(value) }
    public var tensorScalar: Scalar { .integer(Int64(self)) }
}

extension Int32: TensorScalar {
    public init(tensorElement value: Double) { self = Int32(clamping: Scalar.floating(value).integer) }
    public init(tensorElement value: Int64) { self = Int32(clamping: value) }
    public var tensorScalar: Scalar { .integer(Int64(self)) }
}

extension UInt8: TensorScalar {
    public init(tensorElement value: Double) { self = UInt8(clamping: Scalar.floating(value).integer) }
    public init(tensorElement value: Int64) { self = UInt8(clamping: value) }
    public var tensorScalar: Scalar { .integer(Int64(self)) }
}

extension Bool: TensorScalar {
    public init(tensorElement value: Double) { self = value != 0 }
    public init(tensorElement value: Int64) { self = value != 0 }
    public var tensorScalar: Scalar { .integer(self ? 1 : 0) }
}

extension Buffer {
    /// One element as a number type.
    func element<T: TensorScalar>(_ index: Int, _ type: ElementType, as: T.Type) -> T {
        switch type {
        case .float32: T(tensorElement: Double(bytes.load(fromByteOffset: 4 * index, as: Float.self)))
        case .bfloat16:
            T(
                tensorElement: Double(
                    BFloat16(bitPattern: bytes.load(fromByteOffset: 2 * index, as: UInt16.self)).float))
        case .float64: T(tensorElement: bytes.load(fromByteOffset: 8 * index, as: Double.self))
        case .int32: T(tensorElement: Int64(bytes.load(fromByteOffset: 4 * index, as: Int32.self)))
        case .int64: T(tensorElement: bytes.load(fromByteOffset: 8 * index, as: Int64.self))
        case .uint8, .bool: T(tensorElement: Int64(bytes.load(fromByteOffset: index, as: UInt8.self)))
        }
    }
}
