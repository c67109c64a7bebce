import ApusConfiguration
public import ApusGraph

/// A file of named arrays: https://github.com/huggingface/safetensors.
///
/// Opening reads and checks the header only; arrays are read one by one, when they are asked for. The file stays open
/// as long as this value lives, so it may be replaced (by a rename) meanwhile, but must not be changed in place.
public struct SafetensorsFile: Sendable {
    /// Where the file is.
    public let path: String
    private let source: ByteSource
    private let mapping: Mapping?
    private let header: SafetensorsHeader
    /// The size of the header, and so the place of the first element.
    private let start: Int

    /// Opens a file, and checks all that its header says against the rules of the format.
    ///
    /// `F16` is read as `float32`; `I8`, `I16` and `U16` as `int32`; `U32` and `U64` as `int64`.
    ///
    /// - Throws: if the file is missing or damaged. Types without a counterpart here (`F8_E4M3`, `C64`, …) are refused only when
    ///   their array is asked for.
    public init(_ path: String) throws(FormatError) {
        try self.init(ByteSource(path: path, content: "a safetensors file"))
    }

    package init(_ source: ByteSource) throws(FormatError) {
        path = source.path
        self.source = source
        let prefix = try source.bytes(0..<min(8, source.count))
        let length = prefix.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard prefix.count == 8, let count = Int(exactly: length), count >= 2, count <= source.count - 8 else {
            throw FormatError(
                .malformed, path: path, offset: 0, "the file ends before its header does, or is no safetensors file",
                expected: prefix.count < 8
                    ? "8 bytes that give the length of the header"
                    : "a header of 2 to "
                        + "\(source.count - 8) bytes",
                received: prefix.count < 8
                    ? source.count.counted("byte")
                    : "\(length) (bytes "
                        + "\(Signature.describe(prefix)))",
                remedy: "Check the path, or download it again.")
        }
        guard count <= SafetensorsHeader.maximumByteCount else {
            throw FormatError(
                .malformed, path: path, offset: 0, "the header is too long",
                expected: "at most \(SafetensorsHeader.maximumByteCount) bytes", received: "\(count) bytes",
                remedy: "Save the file again, with fewer tensors.")
        }
        start = 8 + count
        header = try SafetensorsHeader(source.bytes(8..<start), dataCount: source.count - start, path: path)
        mapping = try source.map()
    }

    /// The names of the arrays, in the order in which they lie in the file.
    public var names: [String] { header.entries.map(\.name) }

    /// What the writer noted beside the arrays.
    public var metadata: [String: String] { header.metadata }

    /// Whether there is an array of this name, even one of a type without a counterpart here.
    public func contains(_ name: String) -> Bool { header.entry(named: name) != nil }

    /// The shape and type of an array, without reading it.
    ///
    /// - Throws: if there is none of this name, or its type has no counterpart here.
    public func type(of name: String) throws(FormatError) -> TensorType { try place(of: name).type }

    /// Reads one array.
    ///
    /// - Throws: if there is none of this name, its type has no counterpart here, a bool is neither 0 nor 1, or the
    ///   disk fails.
    public func array(_ name: String) throws(FormatError) -> NumericArray {
        try place(of: name).array()
    }

    /// Reads the elements of one array into memory of exactly their size (`type(of:).byteCount`), without another copy.
    ///
    /// Bools are not checked.
    public func read(_ name: String, into buffer: UnsafeMutableRawBufferPointer) throws(FormatError) {
        try place(of: name).read(into: buffer)
    }

    /// Lends the elements of one array as they lie in the memory-mapped file, without a copy.
    ///
    /// The bytes need not be aligned to the size of an element; bools are not checked. Should the disk fail, or another
    /// process cut the file short, then touching them ends the process: prefer `array(_:)` or `read(_:into:)` where the
    /// file isn't under this program's control.
    public func withBytes<Result>(of name: String, _ body: (UnsafeRawBufferPointer) throws -> Result) throws -> Result {
        try place(of: name).withBytes(body)
    }

    private func place(of name: String) throws(FormatError) -> StoredElements {
        guard let entry = header.entry(named: name) else {
            throw FormatError.noTensor(name, of: names, path: path)
        }
        guard let encoding = entry.type.encoding else {
            throw FormatError(
                .unsupported, path: path, offset: start + entry.range.lowerBound,
                "tensor \(name.quoted) has a type that is not supported",
                expected: "F16, F32, F64, BF16, whole numbers or BOOL",
                received: entry.type.rawValue, remedy: "Convert it in the program that saved it.")
        }
        let range = start + entry.range.lowerBound..<start + entry.range.upperBound
        return StoredElements(
            name: name, shape: Shape(entry.dimensions), encoding: encoding, source: source, mapping: mapping,
            range: range)
    }
}
