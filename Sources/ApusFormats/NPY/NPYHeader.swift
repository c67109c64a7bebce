import ApusGraph

/// The dictionary at the start of an `.npy` file, such as `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4),
/// }`.
///
/// A reader of just this much of Python's literals.
struct NPYHeader {
    /// Where the values of the dictionary stand; headers of numbers take a hundred bytes.
    static let maximumByteCount = 1 << 20

    private(set) var encoding = ElementEncoding(stored: .uint8, isBigEndian: false)
    private(set) var isFortran = false
    private(set) var dimensions: [Int] = []
    private let bytes: [UInt8]
    private let path: String
    private let base: Int
    private var index = 0

    /// - Parameters:
    ///   - bytes: the header
    ///   - base: its place in the file
    init(_ bytes: [UInt8], path: String, base: Int) throws(FormatError) {
        self.bytes = bytes
        self.path = path
        self.base = base
        var seen: Set<String> = []
        try expect("{", "a dictionary")
        while !consume("}") {
            let start = index
            let key = try string("'descr', 'fortran_order' or 'shape'")
            guard ["descr", "fortran_order", "shape"].contains(key), seen.insert(key).inserted else {
                index = start
                throw failure("the header is not as expected", "'descr', 'fortran_order' and 'shape', once each")
            }
            try expect(":", "a colon")
            switch key {
            case "descr": try readType()
            case "shape": try readShape()
            default: try readOrder()
            }
            if !consume(",") {
                try expect("}", "a comma or a closing brace")
                break
            }
        }
        skipSpace()
        guard index == bytes.count else { throw failure("the header continues after its dictionary", "only spaces") }
        guard seen.count == 3 else {
            throw failure("the header is incomplete", "'descr', 'fortran_order' and 'shape'")
        }
    }

    private mutating func readType() throws(FormatError) {
        skipSpace()
        let start = index
        if peek == UInt8(ascii: "[") || peek == UInt8(ascii: "(") { throw unsupported("a structured type", start) }
        let text = try string("a type such as '<f4'")
        let order = text.unicodeScalars.first ?? " "
        let isOrder = "<>|=".unicodeScalars.contains(order)
        guard let stored = NPYHeader.stored(isOrder ? String(text.unicodeScalars.dropFirst()) : text) else {
            throw unsupported("'\(text)'", start)
        }
        encoding = ElementEncoding(stored: stored, isBigEndian: order == ">")
    }

    private mutating func readOrder() throws(FormatError) {
        skipSpace()
        for (word, value) in [("True", true), ("False", false)] where bytes[index...].starts(with: word.utf8) {
            index += word.utf8.count
            isFortran = value
            return
        }
        throw failure("the header is not as expected", "True or False")
    }

    private mutating func readShape() throws(FormatError) {
        try expect("(", "a tuple")
        var endsWithComma = true
        while !consume(")") {
            guard endsWithComma else { throw failure("the header is not as expected", "a comma") }
            guard dimensions.count < Extent.maximumRank else {
                throw Extent.tooManyDimensions(dimensions.count + 1, path: path, offset: base + index)
            }
            dimensions.append(try count())
            endsWithComma = consume(",")
        }
        // In Python, (3) is a number and (3,) a tuple.
        guard dimensions.count != 1 || endsWithComma else { throw failure("the shape is no tuple", "(3,) or (3, 4)") }
    }

    private mutating func count() throws(FormatError) -> Int {
        skipSpace()
        let start = index
        var value = 0
        while let digit = peek, (0x30...0x39).contains(digit) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(digit) - 0x30)
            guard !overflow, !carry else {
                index = start
                throw failure("a dimension is too large", "at most \(Int.max)")
            }
            value = sum
            index += 1
        }
        guard index > start else { throw failure("the header is not as expected", "a dimension of 0 or more") }
        // Python 2 wrote its long numbers so.
        _ = consume("L")
        return value
    }

    /// A string without escapes; the keys and types that are known need none.
    private mutating func string(_ what: String) throws(FormatError) -> String {
        skipSpace()
        guard let quote = peek, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
            throw failure("the header is not as expected", what)
        }
        guard let end = bytes[(index + 1)...].firstIndex(of: quote) else {
            throw failure("the header ends within a string", what)
        }
        defer { index = end + 1 }
        return String(decoding: bytes[(index + 1)..<end].prefix(40), as: UTF8.self)
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

    private func failure(_ problem: String, _ expected: String) -> FormatError {
        let rest = bytes[min(index, bytes.count)..<min(index + 16, bytes.count)]
        return FormatError(
            .malformed, path: path, offset: base + index, problem, expected: expected,
            received: rest.isEmpty ? "the end of the header" : "\"\(String(decoding: rest, as: UTF8.self))\"",
            remedy: "Save the array again with numpy.save.")
    }

    private func unsupported(_ type: String, _ start: Int) -> FormatError {
        FormatError(
            .unsupported, path: path, offset: base + start, "the element type is not supported",
            expected: "b1, u1, i1, u2, i2, u4, i4, u8, i8, f2, f4 or f8", received: type,
            remedy: "Convert it before it is saved, for example by array.astype('float32').")
    }

    private static func stored(_ code: String) -> ElementEncoding.Stored? {
        switch code {
        case "b1": .bool
        case "u1": .uint8
        case "i1": .int8
        case "u2": .uint16
        case "i2": .int16
        case "u4": .uint32
        case "i4": .int32
        case "i8": .int64
        case "u8": .uint64
        case "f2": .float16
        case "f4": .float32
        case "f8": .float64
        default: nil
        }
    }
}
