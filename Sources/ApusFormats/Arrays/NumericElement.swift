public import ApusGraph

/// A Swift type that stores one element of an array.
public protocol NumericElement: Sendable {
    /// The element type of arrays that hold it.
    static var elementType: ElementType { get }
}

extension Float: NumericElement {
    public static var elementType: ElementType { .float32 }
}

extension Double: NumericElement {
    public static var elementType: ElementType { .float64 }
}

extension BFloat16: NumericElement {
    public static var elementType: ElementType { .bfloat16 }
}

extension Int32: NumericElement {
    public static var elementType: ElementType { .int32 }
}

extension Int64: NumericElement {
    public static var elementType: ElementType { .int64 }
}

extension UInt8: NumericElement {
    public static var elementType: ElementType { .uint8 }
}

extension Bool: NumericElement {
    public static var elementType: ElementType { .bool }
}
