/// A strict reader of JSON (RFC 8259) that builds nothing: its user asks for what should come next.
///
/// Built for headers of foreign files: it never reads past the end, and memory is taken only for strings that are
/// asked for.
struct JSONCursor {
    private let bytes: [UInt8]
    private let path: String
    /// Where the text stands in its file.
    private let base: Int
    private var index = 0

    init(_ bytes: [UInt8], path: String, base: Int) {
        self.bytes = bytes
        self.path = path
        self.base = base
    }

    /// The place in the file of the next byte.
    var offset: Int { base + index }

    /// Visits the members of an object: `body` gets each key, and reads the value.
    mutating func object(
        _ body: (_ key: String, _ offset: Int, _ cursor: inout JSONCursor) throws(FormatError) -> Void
    ) throws(FormatError) {
        try expect("{", "an object")
        if consume("}") { return }
        repeat {
            skipSpace()
            let start = offset
            let key = try string("a name")
            try expect(":", "a colon")
            try body(key, start, &self)
        } while consume(",")
        try expect("}", "a comma or a closing brace")
    }

    /// Visits the elements of an array.
    mutating func array(_ body: (inout JSONCursor) throws(FormatError) -> Void) throws(FormatError) {
        try expect("[", "an array")
        if consume("]") { return }
        repeat { try body(&self) } while consume(",")
        try expect("]", "a comma or a closing bracket")
    }

    /// A whole number that is not negative, written without fraction and exponent.
    mutating func count() throws(FormatError) -> Int {
        skipSpace()
        let start = index
        var value = 0
        while let digit = peek, (0x30...0x39).contains(digit) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(digit) - 0x30)
            guard !overflow, !carry else {
                index = start
                throw failure("a number is too large", "at most \(Int.max)")
            }
            value = sum
            index += 1
        }
        let isNumber = index > start && (bytes[start] != 0x30 || index == start + 1)
        guard isNumber, ![0x2e, 0x65, 0x45].contains(peek) else {
            index = start
            throw failure("the header is not as expected", "a whole number of 0 or more")
        }
        return value
    }

    /// A string.
    mutating func string(_ what: String) throws(FormatError) -> String {
        try expect("\"", what)
        let start = index
        var unescaped: [UInt8]?
        while let byte = peek {
            switch byte {
            case 0x22:
                let text = unescaped ?? Array(bytes[start..<index])
                let string = String(decoding: text, as: UTF8.self)
                // Decoding repairs what is not UTF-8; a repaired string has other bytes.
                guard string.utf8.elementsEqual(text) else {
                    index = start
                    throw failure("a string is not UTF-8", "UTF-8")
                }
                index += 1
                return string
            case 0x5c:
                if unescaped == nil { unescaped = Array(bytes[start..<index]) }
                index += 1
                unescaped?.append(contentsOf: try escape())
            case 0..<0x20:
                throw failure("a string contains a control character", "an escape such as \\n")
            default:
                unescaped?.append(byte)
                index += 1
            }
        }
        throw failure("the header ends within a string", "a closing quote")
    }

    /// Passes over any value.
    mutating func skip(depth: Int = 0) throws(FormatError) {
        guard depth < 32 else { throw failure("the header nests too deeply", "at most 32 levels") }
        skipSpace()
        switch peek {
        case 0x7b?:
            try object { (_, _, cursor) throws(FormatError) in try cursor.skip(depth: depth + 1) }
        case 0x5b?:
            try array { (cursor) throws(FormatError) in try cursor.skip(depth: depth + 1) }
        case 0x22?:
            _ = try string("a string")
        default:
            for word in ["true", "false", "null"] where bytes[index...].starts(with: word.utf8) {
                index += word.utf8.count
                return
            }
            try skipNumber()
        }
    }

    /// Checks that nothing but white space follows.
    mutating func end() throws(FormatError) {
        skipSpace()
        guard index == bytes.count else { throw failure("the header continues after its object", "only spaces") }
    }

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = peek, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { index += 1 }
    }

    private mutating func consume(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard let byte = peek, byte == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ character: Unicode.Scalar, _ what: String) throws(FormatError) {
        guard consume(character) else { throw failure("the header is not as expected", what) }
    }

    private mutating func digits() -> Int {
        let start = index
        while let byte = peek, (0x30...0x39).contains(byte) { index += 1 }
        return index - start
    }

    private mutating func skipNumber() throws(FormatError) {
        if peek == 0x2d { index += 1 }
        let start = index
        let whole = digits()
        var isNumber = whole > 0 && (bytes[start] != 0x30 || whole == 1)
        if peek == 0x2e {
            index += 1
            isNumber = digits() > 0 && isNumber
        }
        if peek == 0x65 || peek == 0x45 {
            index += 1
            if peek == 0x2b || peek == 0x2d { index += 1 }
            isNumber = digits() > 0 && isNumber
        }
        guard isNumber else { throw failure("the header is not as expected", "a value") }
    }

    /// The bytes that an escape stands for, after its backslash.
    private mutating func escape() throws(FormatError) -> [UInt8] {
        let escapes: [UInt8: UInt8] = [
            0x22: 0x22, 0x5c: 0x5c, 0x2f: 0x2f, 0x62: 0x08, 0x66: 0x0c, 0x6e: 0x0a, 0x72: 0x0d, 0x74: 0x09,
        ]
        guard let byte = peek else { throw failure("the header ends within a string", "an escape") }
        index += 1
        if let plain = escapes[byte] { return [plain] }
        guard byte == 0x75 else {
            throw failure(
                "a string contains an unknown escape",
                "one of \\\" \\\\ \\/ \\b "
                    + "\\f \\n \\r \\t \\u")
        }
        var value = try hexadecimal()
        if (0xd800..<0xdc00).contains(value), bytes[index...].starts(with: [0x5c, 0x75]) {
            index += 2
            let low = try hexadecimal()
            guard (0xdc00..<0xe000).contains(low) else {
                throw failure(
                    "half of a character is missing",
                    "\\udc00 "
                        + "to \\udfff")
            }
            value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(value) else {
            throw failure("half of a character is missing", "a pair of \\u escapes")
        }
        return Array(String(Character(scalar)).utf8)
    }

    private mutating func hexadecimal() throws(FormatError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("a string contains an unfinished escape", "four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            index += 1
        }
        return value
    }

    private func failure(_ problem: String, _ expected: String) -> FormatError {
        let end = index >= bytes.count
        return FormatError(
            .malformed, path: path, offset: offset, problem, expected: expected,
            received: end
                ? "the end of the header" : Signature.hexadecimal(Array(bytes[index..<min(index + 8, bytes.count)])),
            remedy: "Save the file again, or download it again.")
    }
}
