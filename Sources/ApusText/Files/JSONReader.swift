import ApusFormats

/// Reads JSON (RFC 8259) strictly and as a whole; lists and objects nest at most 32 deep.
struct JSONReader {
    private let bytes: [UInt8]
    private let path: String
    private var index = 0

    /// The value of a file's bytes.
    static func value(_ bytes: [UInt8], path: String) throws(FormatError) -> JSONValue {
        var reader = JSONReader(bytes: bytes, path: path)
        let value = try reader.value(depth: 0)
        reader.skipSpace()
        guard reader.index == bytes.count else {
            throw reader.failure("the file continues after its value", "only spaces")
        }
        return value
    }

    private init(bytes: [UInt8], path: String) {
        self.bytes = bytes
        self.path = path
    }

    private mutating func value(depth: Int) throws(FormatError) -> JSONValue {
        skipSpace()
        guard depth < 32 else { throw failure("the file nests too deeply", "at most 32 levels") }
        switch peek {
        case UInt8(ascii: "{"): return .object(try members(depth))
        case UInt8(ascii: "["): return .list(try elements(depth))
        case UInt8(ascii: "\""): return .text(try string("a text"))
        case UInt8(ascii: "t") where take("true"): return .flag(true)
        case UInt8(ascii: "f") where take("false"): return .flag(false)
        case UInt8(ascii: "n") where take("null"): return .null
        default: return .number(try number())
        }
    }

    private mutating func members(_ depth: Int) throws(FormatError) -> [(name: String, value: JSONValue)] {
        var members: [(name: String, value: JSONValue)] = []
        index += 1
        if consume("}") { return [] }
        repeat {
            skipSpace()
            let name = try string("a name")
            guard consume(":") else { throw failure("a name has no value", "a colon") }
            members.append((name, try value(depth: depth + 1)))
        } while consume(",")
        guard consume("}") else { throw failure("an object does not end", "a comma or a closing brace") }
        return members
    }

    private mutating func elements(_ depth: Int) throws(FormatError) -> [JSONValue] {
        var elements: [JSONValue] = []
        index += 1
        if consume("]") { return [] }
        repeat { elements.append(try value(depth: depth + 1)) } while consume(",")
        guard consume("]") else { throw failure("a list does not end", "a comma or a closing bracket") }
        return elements
    }

    private mutating func number() throws(FormatError) -> String {
        let start = index
        _ = take("-")
        let whole = digits()
        var isNumber = whole.count > 0 && (whole.count == 1 || bytes[whole.lowerBound] != UInt8(ascii: "0"))
        if take(".") { isNumber = digits().count > 0 && isNumber }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            isNumber = digits().count > 0 && isNumber
        }
        guard isNumber else {
            index = start
            throw failure("the file is no JSON", "a value")
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func digits() -> Range<Int> {
        let start = index
        while let byte = peek, (0x30...0x39).contains(byte) { index += 1 }
        return start..<index
    }

    private mutating func string(_ what: String) throws(FormatError) -> String {
        guard peek == UInt8(ascii: "\"") else { throw failure("the file is no JSON", what) }
        index += 1
        let start = index
        var part = start
        var escaped: [UInt8] = []
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                escaped += bytes[part..<index]
                guard let text = String(validating: escaped, as: UTF8.self) else {
                    index = start
                    throw failure("a text is not UTF-8", "UTF-8")
                }
                index += 1
                return text
            case UInt8(ascii: "\\"):
                escaped += bytes[part..<index]
                index += 1
                escaped.append(scalar: try escape())
                part = index
            case ..<0x20: throw failure("a text contains a control character", "an escape such as \\n")
            default: index += 1
            }
        }
        throw failure("the file ends within a text", "a closing quote")
    }

    /// The scalar that an escape stands for, after its backslash.
    private mutating func escape() throws(FormatError) -> UInt32 {
        guard let byte = peek else { throw failure("the file ends within a text", "an escape") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return UInt32(byte)
        case UInt8(ascii: "b"): return 8
        case UInt8(ascii: "f"): return 12
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "u"): break
        default: throw failure("a text contains an unknown escape", "one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")
        }
        let high = try hexadecimal()
        guard (0xd800..<0xe000).contains(high) else { return high }
        guard high < 0xdc00, take("\\u") else {
            throw failure("half of a character is missing", "a pair of \\u escapes")
        }
        let low = try hexadecimal()
        guard (0xdc00..<0xe000).contains(low) else {
            throw failure("half of a character is missing", "\\udc00 to \\udfff")
        }
        return 0x10000 + (high - 0xd800) << 10 + (low - 0xdc00)
    }

    private mutating func hexadecimal() throws(FormatError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("a text contains an unfinished escape", "four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { index += 1 }
    }

    private mutating func consume(_ character: StaticString) -> Bool {
        skipSpace()
        return take(character)
    }

    private mutating func take(_ word: StaticString) -> Bool {
        let isThere = word.withUTF8Buffer { bytes[index...].starts(with: $0) }
        if isThere { index += word.utf8CodeUnitCount }
        return isThere
    }

    private func failure(_ problem: String, _ expected: String) -> FormatError {
        FormatError(
            .malformed, path: path, offset: index, problem, expected: expected,
            received: index >= bytes.count
                ? "the end of the file"
                : bytes[index..<min(index + 8, bytes.count)].map(JSONReader.hexadecimal)
                    .joined(separator: " "),
            remedy: "Save the file again, or download it again.")
    }

    private static func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}
