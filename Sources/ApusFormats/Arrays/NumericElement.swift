public import ApusGraph

/// A Swift type that stores one element of an array.
///
/// ```swift
/// func array<Element: NumericElement>(_ elements: [Element]) throws -> NumericArray {
///     try NumericArray(shape: [elements.count], elements: elements)
/// }
/// print(try array([1, 2, 3] as [Int64]))                  // int64[3]
/// ```
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
