/// Little-endian numbers of a binary format, one after the other.
struct ByteFields: Sendable {
    private let bytes: [UInt8]
    /// Where the first byte is in the file.
    private let base: Int
    private let path: String
    /// What the fields are of, for messages: `the zip archive`.
    private let content: String
    private var index = 0

    init(_ bytes: [UInt8], base: Int, path: String, content: String) {
        self.bytes = bytes
        self.base = base
        self.path = path
        self.content = content
    }

    var offset: Int { base + index }
    var isAtEnd: Bool { index == bytes.count }
    /// The number of bytes that follow.
    var rest: Int { bytes.count - index }

    mutating func take(_ count: Int) throws(FormatError) -> [UInt8] {
        let start = index
        try skip(count)
        return Array(bytes[start..<index])
    }

    /// The next bytes as fields of their own.
    mutating func part(_ count: Int) throws(FormatError) -> ByteFields {
        let start = offset
        return ByteFields(try take(count), base: start, path: path, content: content)
    }

    mutating func skip(_ count: Int) throws(FormatError) {
        guard count >= 0, count <= rest else { throw failure("\(content) ends too early, or is damaged") }
        index += count
    }

    private mutating func number(_ width: Int) throws(FormatError) -> UInt64 {
        let start = index
        try skip(width)
        return bytes[start..<index].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func uint8() throws(FormatError) -> UInt8 { UInt8(truncatingIfNeeded: try number(1)) }
    mutating func uint16() throws(FormatError) -> UInt16 { UInt16(truncatingIfNeeded: try number(2)) }
    mutating func uint32() throws(FormatError) -> UInt32 { UInt32(truncatingIfNeeded: try number(4)) }

    /// A size or place of up to 8 bytes.
    mutating func count(_ width: Int) throws(FormatError) -> Int {
        guard let count = Int(exactly: try number(width)) else { throw failure("a size in \(content) is too large") }
        return count
    }

    /// A place; `nil` where all bits stand for none.
    mutating func address() throws(FormatError) -> Int? {
        let value = try number(8)
        if value == .max { return nil }
        guard let address = Int(exactly: value) else { throw failure("a place in \(content) lies outside of it") }
        return address
    }

    mutating func expect(_ signature: UInt32, _ what: String) throws(FormatError) {
        let start = index
        guard rest >= 4, try uint32() == signature else {
            index = start
            throw failure("\(what) is not where it should be")
        }
    }

    func failure(_ problem: String) -> FormatError {
        FormatError(.malformed, path: path, offset: offset, problem, remedy: "Copy or download it again.")
    }

    /// Something correct that is not read.
    func unsupported(_ problem: String, expected: String, received: String, _ remedy: String) -> FormatError {
        FormatError(
            .unsupported, path: path, offset: offset, problem, expected: expected, received: received, remedy: remedy)
    }
}
