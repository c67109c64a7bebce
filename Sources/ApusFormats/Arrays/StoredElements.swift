import ApusConfiguration
import ApusGraph

/// The elements of an array as they lie in a source, in row-major order.
struct StoredElements {
    /// The array's name, for messages.
    let name: String
    let shape: Shape
    let encoding: ElementEncoding
    let source: ByteSource
    /// The source in memory, if it is a file.
    let mapping: Mapping?
    /// Where its elements are: exactly as many bytes as shape and encoding ask for.
    let range: Range<Int>

    /// What is read: types without a counterpart are widened.
    var type: TensorType { TensorType(shape, encoding.elementType) }

    func array() throws(FormatError) -> NumericArray {
        try StoredElements.array(
            source.bytes(range), shape, encoding, path: source.path, offset: range.lowerBound)
    }

    /// The array of elements that were read as they are stored, from a place in a file.
    static func array(
        _ bytes: [UInt8], _ shape: Shape, _ encoding: ElementEncoding, path: String, offset: Int
    ) throws(FormatError) -> NumericArray {
        let bytes = encoding.isConverted ? try encoding.decoded(bytes, path: path, offset: offset) : bytes
        return try NumericArray(
            shape: shape, elementType: encoding.elementType, bytes: bytes, path: path, offset: offset)
    }

    /// Reads the elements into memory of exactly their size, without another copy.
    ///
    /// Bools are not checked.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
        try type.checkMemory(buffer, for: name, path: source.path)
        if encoding.isConverted { return buffer.copyBytes(from: try array().bytes) }
        let length = try source.read(buffer, at: range.lowerBound)
        guard length == range.count else { throw source.shrunk(at: range.lowerBound + length) }
    }

    /// Lends the elements as they lie in the memory-mapped file, without a copy where that is possible.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        guard let mapping, !encoding.isConverted else { return try array().bytes.withUnsafeBytes(body) }
        return try body(UnsafeRawBufferPointer(rebasing: mapping.bytes[range]))
    }
}

extension TensorType {
    /// Refuses memory of another size than the elements have.
    func checkMemory(_ buffer: UnsafeMutableRawBufferPointer, for name: String, path: String) throws(FormatError) {
        guard buffer.count == byteCount else {
            throw FormatError(
                .mismatch, path: path, "the memory for tensor \(name.quoted) has the wrong size",
                expected: "\(byteCount.counted("byte")) for \(self)", received: buffer.count.counted("byte"),
                remedy: "Give memory of the array's size.")
        }
    }
}

extension ElementEncoding {
    /// Whether elements have other bytes in memory than in the source, or may not be taken unseen.
    var isConverted: Bool { widens || stored == .uint64 || isBigEndian && storedByteCount > 1 }

    /// Elements as stored in the type that they are read as.
    func decoded(_ stored: [UInt8], path: String, offset: Int) throws(FormatError) -> [UInt8] {
        let count = stored.count / storedByteCount * elementType.byteCount
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            stored.withUnsafeBytes { decode($0, into: UnsafeMutableRawBufferPointer(buffer)) }
            initialized = count
        }
        try check(bytes, path: path, offset: offset)
        return bytes
    }
}
