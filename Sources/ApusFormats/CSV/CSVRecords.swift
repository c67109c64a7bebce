/// The rows of a table of text, one after another, by the rules of RFC 4180.
///
/// The file passes through a window of memory, which grows only for a row that does not fit. Spaces around a field are
/// not part of it; those in quotes are. Rows end with LF, CR LF or CR; lines without any character are skipped.
struct CSVRecords: ~Copyable {
    /// A field of the current row: a place in the window.
    struct Field {
        var start: Int
        var end: Int
    }

    /// The longest row; what is longer is most likely a quote that nobody closed.
    static let maximumRowByteCount = 1 << 23

    private let source: ByteSource
    private let separator: UInt8
    /// Whether any number of spaces and tabs is between two fields.
    private let isSpaced: Bool
    /// Wide tables are credible in large files only.
    private let maximumColumnCount: Int
    private var window: UnsafeMutableRawBufferPointer
    /// The place of the window in the file.
    private var base = 0
    private var filled = 0
    /// Where in the window the next row starts, and its line.
    private var next = 0
    private var nextLine = 1
    private var hasStarted = false
    private var isBlank = false

    /// The line (from 1) and the place in the file at which the current row starts.
    private(set) var line = 1
    private(set) var offset = 0
    private(set) var fieldCount = 0
    private var storage = UnsafeMutableBufferPointer<Field>.allocate(capacity: 64)

    init(_ source: ByteSource, separator: CSVFormat.Separator, window: Int) {
        self.source = source
        self.separator = separator.rawValue
        isSpaced = separator == .space
        maximumColumnCount = 1 << 15 + source.count / 256
        self.window = .allocate(byteCount: max(16, min(window, source.count)), alignment: 1)
    }

    deinit {
        window.deallocate()
        storage.deallocate()
    }

    /// The fields of the current row, until the next.
    var fields: UnsafeBufferPointer<Field> { UnsafeBufferPointer(rebasing: storage[..<fieldCount]) }

    /// The bytes of a field of the current row, without quotes.
    @inline(__always)
    func text(_ field: Field) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: window[field.start..<field.end])
    }

    /// Goes to the next row; `false` after the last.
    mutating func advance() throws(FormatError) -> Bool {
        if !hasStarted { try start() }
        while next < filled || base + filled < source.count {
            if next < filled, try split() {
                if !isBlank { return true }
            } else {
                try refill()
            }
        }
        return false
    }

    private mutating func start() throws(FormatError) {
        hasStarted = true
        try refill()
        let start = [UInt8](window[..<min(4, filled)])
        if start.starts(with: [0xef, 0xbb, 0xbf]) { next = 3 }
        guard !start.starts(with: [0xff, 0xfe]), !start.starts(with: [0xfe, 0xff]), !start.contains(0) else {
            throw FormatError(
                .malformed, path: source.path, offset: 0, "this is not a table of text in UTF-8",
                expected: "comma-separated values", received: Signature.describe(start),
                remedy: "Check the path; if it is text in UTF-16, save it as UTF-8.")
        }
    }

    /// Moves the window to the next row, and lets it grow if it starts there already.
    private mutating func refill() throws(FormatError) {
        if next == 0, filled == window.count {
            guard filled < CSVRecords.maximumRowByteCount else {
                throw FormatError(
                    .malformed, path: source.path, offset: base,
                    "the row that starts on line \(nextLine) is longer than \(CSVRecords.maximumRowByteCount >> 20) MB",
                    remedy: "Look for a quote (\") in it that is not closed, or for another line end than LF or CR LF.")
            }
            let count = min(2 * window.count, CSVRecords.maximumRowByteCount)
            window.deallocate()
            window = .allocate(byteCount: count, alignment: 1)
        }
        base += next
        next = 0
        let expected = min(window.count, source.count - base)
        filled = try source.read(window[..<expected].rebased, at: base)
        if filled < expected { throw source.shrunk(at: base + filled) }
    }

    /// Divides the next row into fields; `false` if the window ends before it does.
    ///
    /// Doubled quotes are made single in place; when the window ends too early, it is read from the file again.
    private mutating func split() throws(FormatError) -> Bool {
        fieldCount = 0
        let isLast = base + filled >= source.count
        var index = next
        var lines = 1
        while true {
            while index < filled, window[index] == UInt8(ascii: " ") || isSpaced && window[index] == UInt8(ascii: "\t")
            {
                index += 1
            }
            if index < filled, window[index] == UInt8(ascii: "\"") {
                guard try splitQuoted(&index, &lines, isLast: isLast) else { return false }
            } else {
                let start = index
                while index < filled, case let byte = window[index], byte > 0x3b || !ends(byte) { index += 1 }
                if index == filled, !isLast { return false }
                var end = index
                while end > start, window[end - 1] == UInt8(ascii: " ") { end -= 1 }
                append(Field(start: start, end: end))
            }
            if isSpaced {
                while index < filled, window[index] == UInt8(ascii: " ") || window[index] == UInt8(ascii: "\t") {
                    index += 1
                }
                if index == filled, !isLast { return false }
            }
            if index == filled { break }
            if isSpaced ? !isLineEnd(window[index]) : window[index] == separator {
                if !isSpaced { index += 1 }
                guard fieldCount < maximumColumnCount else { throw tooManyColumns(at: index) }
                continue
            }
            if window[index] == UInt8(ascii: "\r") {
                if index + 1 == filled, !isLast { return false }
                if index + 1 < filled, window[index + 1] == UInt8(ascii: "\n") { index += 1 }
            }
            index += 1
            break
        }
        isBlank = fieldCount == 1 && storage[0].start == storage[0].end && window[next] != UInt8(ascii: "\"")
        line = nextLine
        offset = base + next
        nextLine += lines
        next = index
        return true
    }

    @inline(__always)
    private mutating func append(_ field: Field) {
        if fieldCount == storage.count {
            let larger = UnsafeMutableBufferPointer<Field>.allocate(capacity: 2 * fieldCount)
            _ = larger.initialize(from: storage)
            storage.deallocate()
            storage = larger
        }
        storage[fieldCount] = field
        fieldCount += 1
    }

    @inline(__always)
    private func ends(_ byte: UInt8) -> Bool {
        byte == separator || isLineEnd(byte) || isSpaced && byte == UInt8(ascii: "\t")
    }

    @inline(__always)
    private func isLineEnd(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") }

    /// Reads a field in quotes, and the spaces after it; `false` if the window ends before it does.
    private mutating func splitQuoted(
        _ index: inout Int, _ lines: inout Int, isLast: Bool
    ) throws(FormatError) -> Bool {
        let start = index + 1
        let firstLine = nextLine + lines - 1
        var from = start
        var to = start
        while true {
            while from < filled, case let byte = window[from], byte != UInt8(ascii: "\"") {
                if byte == UInt8(ascii: "\n") { lines += 1 }
                window[to] = byte
                from += 1
                to += 1
            }
            if from == filled {
                guard isLast else { return false }
                throw FormatError(
                    .malformed, path: source.path, offset: base + start - 1,
                    "the quote that opens on line \(firstLine) is not closed", expected: "another quote (\")",
                    received: "the end of the file", remedy: "Close it; a quote inside of quotes is written twice.")
            }
            guard from + 1 < filled, window[from + 1] == UInt8(ascii: "\"") else { break }
            window[to] = UInt8(ascii: "\"")
            from += 2
            to += 1
        }
        index = from + 1
        while !isSpaced, index < filled, window[index] == UInt8(ascii: " ") { index += 1 }
        if index == filled, !isLast { return false }
        guard index == filled || ends(window[index]) else {
            throw FormatError(
                .malformed, path: source.path, offset: base + index,
                "a field on line \(nextLine + lines - 1) continues after its closing quote",
                expected: "the separator or the end of the line", received: Signature.hexadecimal([window[index]]),
                remedy: "Write a quote inside of quotes twice.")
        }
        append(Field(start: start, end: to))
        return true
    }

    /// Checks that a field of the current row is text.
    func checkText(_ text: UnsafeRawBufferPointer) throws(FormatError) {
        guard !text.contains(0), String(decoding: text, as: UTF8.self).utf8.elementsEqual(text) else {
            throw FormatError(
                .malformed, path: source.path, offset: offset, "the row on line \(line) is not text in UTF-8",
                remedy: "Save the table as UTF-8: iconv -f latin1 -t utf-8 OLD > NEW.")
        }
    }

    var path: String { source.path }

    private func tooManyColumns(at index: Int) -> FormatError {
        FormatError(
            .unsupported, path: source.path, offset: base + index,
            "the row on line \(nextLine) has too many fields",
            expected: "at most \(maximumColumnCount) for the size of the file",
            remedy: "Check the line ends; if the table is that wide, save it as .npy.")
    }
}
