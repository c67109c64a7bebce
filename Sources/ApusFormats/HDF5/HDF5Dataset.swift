import ApusConfiguration
public import ApusGraph

/// A data set of an HDF5 file: an array of numbers, bools or texts, and attributes.
///
/// ```swift
/// let kernel = try HDF5File("weights.h5").dataset("dense/kernel:0")
/// print(try kernel.type)                                  // float32[784, 10]
/// let array = try kernel.array()
/// ```
public struct HDF5Dataset: Sendable {
    /// Where it is in the file: `model_weights/conv2d_1/kernel:0`.
    public let name: String
    /// How many elements there are along each axis.
    public let shape: Shape
    private let kind: HDF5Type
    private let layout: HDF5Layout
    private let filters: HDF5Filters
    /// The bytes of an element where nothing was written.
    private let fill: [UInt8]
    private let attributes: HDF5Attributes
    private let reader: HDF5Reader
    private let isExternal: Bool

    init(_ object: HDF5Object, _ reader: HDF5Reader, name: String) throws(FormatError) {
        guard let space = object.first(.dataspace), let type = object.first(.datatype),
            let layout = object.first(.layout)
        else { throw reader.failure("data set \(name.quoted) has no shape, type or place", at: object.address) }
        self.name = name
        self.reader = reader
        kind = try HDF5Type(type)
        let dimensions = try HDF5Space(space.fields).dimensions
        guard Extent.byteCount(dimensions, bytesPerElement: kind.byteCount) != nil,
            Extent.byteCount(dimensions, bytesPerElement: 8) != nil
        else { throw Extent.oversized(dimensions, path: reader.path, offset: object.address) }
        shape = Shape(dimensions)
        self.layout = try HDF5Layout(layout.fields)
        filters =
            try object.first(.filters).map { (message) throws(FormatError) in try HDF5Filters(message.fields) }
            ?? HDF5Filters()
        fill = try HDF5Dataset.fill(object)
        attributes = try HDF5Attributes(object, reader, name: name)
        isExternal = object.first(.external) != nil
    }

    /// Shape and type, as `array()` gives them.
    ///
    /// `float16` is read as `float32`; `int8`, `int16` and `uint16` as `int32`; `uint32` and `uint64` as `int64`.
    ///
    /// - Throws: if its elements are neither numbers nor bools.
    public var type: TensorType {
        get throws(FormatError) { TensorType(shape, try encoding().elementType) }
    }

    /// Reads its elements.
    ///
    /// - Throws: if they are neither numbers nor bools, stored in a way that is not read, or damaged.
    public func array() throws(FormatError) -> NumericArray {
        let encoding = try encoding()
        if case .contiguous(let address?) = layout, !isExternal {
            return try stored(address, encoding).array()
        }
        return try StoredElements.array(try bytes(), shape, encoding, path: reader.path, offset: 0)
    }

    /// Reads its elements into memory of exactly their size (`type.byteCount`), without another copy where they lie in one piece.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
        if case .contiguous(let address?) = layout, !isExternal {
            return try stored(address, encoding()).read(into: buffer)
        }
        try type.checkMemory(buffer, for: name, path: reader.path)
        buffer.copyBytes(from: try array().bytes)
    }

    /// Lends its elements as they lie in the memory-mapped file, without a copy where that is possible.
    ///
    /// The bytes need not be aligned to the size of an element; bools are not checked. Should the disk fail, or another
    /// process cut the file short, then touching them ends the process: prefer `array()` or `read(into:)` where the
    /// file isn't under this program's control.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        guard case .contiguous(let address?) = layout, !isExternal else {
            return try array().bytes.withUnsafeBytes(body)
        }
        return try stored(address, encoding()).withBytes(body)
    }

    /// Reads its elements as texts, in row-major order.
    ///
    /// - Throws: if they are no texts, stored in a way that is not read, or damaged.
    public func texts() throws(FormatError) -> [String] {
        guard shape.count > 0 else { return [] }
        switch kind.kind {
        case .text(let isPaddedWithSpaces):
            var fields = try textFields()
            return try kind.fixedTexts(&fields, count: shape.count, isPaddedWithSpaces: isPaddedWithSpaces)
        case .variableText:
            var fields = try textFields()
            var heap = HDF5Heap(reader)
            return try heap.texts(&fields, count: shape.count)
        case .number: throw refused("texts", "numbers")
        case .other(let what): throw refused("texts", what)
        }
    }

    /// The names of its attributes.
    public var attributeNames: [String] { attributes.names }

    /// The value of an attribute; `nil` if there is none of this name.
    ///
    /// - Throws: if its type is neither numbers nor texts.
    public func attribute(_ name: String) throws(FormatError) -> HDF5Value? { try attributes.value(name) }

    private func textFields() throws(FormatError) -> ByteFields {
        ByteFields(try bytes(), base: 0, path: reader.path, content: "the data set")
    }

    private func encoding() throws(FormatError) -> ElementEncoding {
        switch kind.kind {
        case .number(let encoding): return encoding
        case .text, .variableText: throw refused("numbers or bools", "texts")
        case .other(let what): throw refused("numbers or bools", what)
        }
    }

    private func refused(_ expected: String, _ received: String) -> FormatError {
        FormatError(
            .unsupported, path: reader.path, "data set \(name.quoted) has a type that is not read", expected: expected,
            received: received, remedy: "Convert it before it is written.")
    }

    // MARK: Bytes

    /// Chunks that shrink by more than this are bombs: DEFLATE reaches 1032.
    static func limit(stored: Int) -> Int {
        let (product, overflow) = stored.multipliedReportingOverflow(by: 1000)
        return overflow ? .max : product
    }

    static func tooLarge(_ name: String, _ count: Int, stored: Int, _ reader: HDF5Reader) -> FormatError {
        FormatError(
            .unsupported, path: reader.path,
            "data set \(name.quoted) announces far more data than the file makes likely",
            expected: "at most 1000 times the \(stored.counted("byte")) that are stored",
            received: count.counted("byte"),
            remedy: "If you trust it, write it again without compression.")
    }

    private func stored(_ address: Int, _ encoding: ElementEncoding) throws(FormatError) -> StoredElements {
        let count = shape.count * kind.byteCount
        guard address <= reader.source.count, count <= reader.source.count - address else {
            throw reader.failure("data set \(name.quoted) reaches beyond the file", at: address)
        }
        return StoredElements(
            name: name, shape: shape, encoding: encoding, source: reader.source, mapping: reader.mapping,
            range: address..<address + count)
    }

    /// All elements as the file stores them, in row-major order.
    private func bytes() throws(FormatError) -> [UInt8] {
        let count = shape.count * kind.byteCount
        if isExternal {
            throw reader.unsupported(name, "has its data in other files, which are not read", "Write it into the file.")
        }
        switch layout {
        case .compact(var fields):
            guard fields.rest >= count else {
                throw fields.failure("data set \(name.quoted) is shorter than its shape")
            }
            return try fields.take(count)
        case .contiguous(let address?):
            var fields = try reader.fields(count, at: address, "data set \(name.quoted)")
            return try fields.take(count)
        case .contiguous(nil): return try filled(count, stored: 0)
        case .chunked(let extents, let index):
            if let refused = filters.refused {
                throw reader.unsupported(
                    name, "was stored through \(refused), which is not read",
                    "Write it with gzip, or without compression.")
            }
            guard count > 0 else { return [] }
            let chunks = try HDF5Chunks(
                reader, index, extents: extents, dimensions: shape.dimensions, width: kind.byteCount, filters,
                name: name)
            guard chunks.stored <= reader.source.count else {
                throw reader.failure("chunks of data set \(name.quoted) overlap")
            }
            var bytes = try filled(count, stored: chunks.stored)
            var failure: FormatError?
            bytes.withUnsafeMutableBytes { buffer in
                do throws(FormatError) { try chunks.place(into: buffer) } catch { failure = error }
            }
            if let failure { throw failure }
            return bytes
        case .other(let what):
            throw reader.unsupported(name, "is stored as \(what), which is not read")
        }
    }

    /// Elements that nobody has written; few of them need not be stored at all.
    private func filled(_ count: Int, stored: Int) throws(FormatError) -> [UInt8] {
        guard count <= max(1 << 20, HDF5Dataset.limit(stored: stored)) else {
            throw HDF5Dataset.tooLarge(name, count, stored: stored, reader)
        }
        var bytes = [UInt8](repeating: 0, count: count)
        if fill.count == kind.byteCount, fill.contains(where: { $0 != 0 }) {
            for index in bytes.indices { bytes[index] = fill[index % fill.count] }
        }
        return bytes
    }

    private static func fill(_ object: HDF5Object) throws(FormatError) -> [UInt8] {
        guard var fields = object.first(.fill)?.fields else {
            guard var fields = object.first(.formerFill)?.fields else { return [] }
            let count = Int(try fields.uint32())
            return try fields.take(min(count, fields.rest))
        }
        let version = try fields.uint8()
        let isDefined: Bool
        if version == 3 {
            isDefined = try fields.uint8() & 0x20 != 0
        } else {
            try fields.skip(2)
            let flag = try fields.uint8()
            isDefined = version == 1 || flag != 0
        }
        guard isDefined, fields.rest >= 4 else { return [] }
        let count = Int(try fields.uint32())
        return try fields.take(min(count, fields.rest))
    }
}
