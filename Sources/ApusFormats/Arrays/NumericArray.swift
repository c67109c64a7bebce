public import ApusGraph

/// An array as it stands in a file: a type, a shape and the elements in row-major order.
///
/// It computes nothing; it carries data between files and tensors.
///
/// ```swift
/// let array = try NumericArray(shape: [2, 3], elements: [1, 2, 3, 4, 5, 6] as [Float])
/// print(array)                                            // float32[2, 3]
/// let numbers: [Float] = try array.elements()
/// ```
public struct NumericArray: Hashable, Sendable {
    /// How many elements there are along each axis.
    public let shape: Shape
    /// The type of each element.
    public let elementType: ElementType
    /// The elements, little-endian, in row-major order; bools are 0 or 1.
    public let bytes: [UInt8]

    /// Checks that the bytes are as many as the shape and the type ask for, and that bools are 0 or 1.
    public init(shape: Shape, elementType: ElementType, bytes: [UInt8]) throws(FormatError) {
        try self.init(shape: shape, elementType: elementType, bytes: bytes, path: "", offset: nil)
    }

    /// An array of given elements.
    ///
    /// - Throws: if their number is not the shape's.
    public init<Element: NumericElement>(shape: Shape, elements: [Element]) throws(FormatError) {
        let bytes = elements.withUnsafeBytes { [UInt8]($0) }
        try self.init(shape: shape, elementType: Element.elementType, bytes: bytes)
    }

    /// The same, for bytes that came from a place in a file.
    init(shape: Shape, elementType: ElementType, bytes: [UInt8], path: String, offset: Int?) throws(FormatError) {
        guard shape.rank <= Extent.maximumRank else {
            throw Extent.tooManyDimensions(shape.rank, path: path, offset: offset)
        }
        guard let count = Extent.byteCount(shape.dimensions, bytesPerElement: elementType.byteCount) else {
            throw Extent.oversized(shape.dimensions, path: path, offset: offset)
        }
        guard bytes.count == count else {
            throw FormatError(
                .mismatch, path: path, offset: offset, "the number of bytes does not fit the array's shape",
                expected: "\(count.counted("byte")) for \(elementType)\(shape)", received: bytes.count.counted("byte"),
                remedy: "Give the shape that the data has.")
        }
        if elementType == .bool, let index = bytes.firstIndex(where: { $0 > 1 }) {
            throw FormatError(
                .malformed, path: path, offset: offset.map { $0 + index } ?? index, "a bool is neither 0 nor 1",
                expected: "0 or 1", received: "\(bytes[index])", remedy: "Save the data as uint8.")
        }
        self.shape = shape
        self.elementType = elementType
        self.bytes = bytes
    }

    /// The number of elements.
    public var count: Int { shape.count }

    /// Shape and element type.
    public var type: TensorType { TensorType(shape, elementType) }

    /// Lends the elements.
    ///
    /// - Throws: if the elements are of another type, or what `body` throws.
    public func withElements<Element: NumericElement, Result>(
        as _: Element.Type, _ body: (UnsafeBufferPointer<Element>) throws -> Result
    ) throws -> Result {
        try check(Element.elementType)
        return try bytes.withUnsafeBytes { raw in
            let alignment = MemoryLayout<Element>.alignment
            if Int(bitPattern: raw.baseAddress) % alignment == 0 {
                return try raw.withMemoryRebound(to: Element.self, body)
            }
            // Arrays of bytes are aligned for every element in practice, though not by contract.
            let aligned = UnsafeMutableRawBufferPointer.allocate(byteCount: raw.count, alignment: alignment)
            defer { aligned.deallocate() }
            aligned.copyMemory(from: raw)
            return try UnsafeRawBufferPointer(aligned).withMemoryRebound(to: Element.self, body)
        }
    }

    /// The elements as a Swift array.
    ///
    /// - Throws: if the elements are of another type.
    public func elements<Element: NumericElement>(as _: Element.Type = Element.self) throws(FormatError) -> [Element] {
        try check(Element.elementType)
        return [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
            UnsafeMutableRawBufferPointer(buffer).copyBytes(from: bytes)
            initialized = count
        }
    }

    private func check(_ asked: ElementType) throws(FormatError) {
        guard asked == elementType else {
            throw FormatError(
                .mismatch, path: "", "the array's elements are of another type", expected: "\(asked)",
                received: "\(type)", remedy: "Ask for \(elementType) elements, and convert them.")
        }
    }
}

extension NumericArray: CustomStringConvertible {
    public var description: String { "\(type)" }
}
