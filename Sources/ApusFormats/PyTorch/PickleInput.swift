import ApusConfiguration

/// The bytes of pickles that lie one after the other in a source.
struct PickleInput {
    private let source: ByteSource
    /// Where the next byte is.
    private(set) var offset: Int
    private var window: [UInt8] = []
    private var windowStart = 0

    init(_ source: ByteSource, at offset: Int = 0) {
        self.source = source
        self.offset = offset
    }

    var path: String { source.path }
    var count: Int { source.count }

    mutating func byte() throws(FormatError) -> UInt8 {
        if offset - windowStart >= window.count {
            let length = min(1 << 14, source.count - offset)
            guard length > 0 else { throw tooShort() }
            window = try source.bytes(offset..<offset + length)
            windowStart = offset
        }
        defer { offset += 1 }
        return window[offset - windowStart]
    }

    mutating func bytes(_ count: Int) throws(FormatError) -> [UInt8] {
        guard count >= 0, count <= source.count - offset else { throw tooShort() }
        if offset >= windowStart, offset + count <= windowStart + window.count {
            defer { offset += count }
            return Array(window[offset - windowStart..<offset - windowStart + count])
        }
        defer { offset += count }
        return try source.bytes(offset..<offset + count)
    }

    /// A number of up to 8 bytes, the lowest first.
    mutating func number(_ width: Int) throws(FormatError) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<width { value |= UInt64(try byte()) << (8 * UInt64(index)) }
        return value
    }

    mutating func count(_ width: Int) throws(FormatError) -> Int {
        let value = try number(width)
        guard let count = Int(exactly: value) else { throw tooShort() }
        return count
    }

    /// Text to the end of a line, of at most 1000 bytes.
    mutating func line() throws(FormatError) -> String {
        var bytes: [UInt8] = []
        while true {
            let byte = try byte()
            if byte == 0x0a { return String(decoding: bytes, as: UTF8.self) }
            guard bytes.count < 1000 else { throw failure("a name in the pickle is too long") }
            bytes.append(byte)
        }
    }

    func failure(_ problem: String, expected: String? = nil, received: String? = nil) -> FormatError {
        FormatError(
            .malformed, path: path, offset: offset, problem, expected: expected, received: received,
            remedy: "Copy or download it again.")
    }

    private func tooShort() -> FormatError { failure("the pickle ends too early, or is damaged") }
}
