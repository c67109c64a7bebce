extension CSVTable {
    /// Reads a table of comma-separated values (RFC 4180): fields in quotes may hold separators, line ends and doubled
    /// quotes; rows end with LF or CR LF; a byte order mark is skipped.
    ///
    /// A column with more than 65 536 different texts, or whose texts would take more memory than the file's size
    /// makes likely, holds text.
    ///
    /// - Throws: if the file is missing, is not UTF-8, has rows of different lengths, or columns of the same name; with
    ///   the number of the line. Memory is taken in proportion to the file: at most four times its size and 16 MB.
    public static func read(_ path: String, format: CSVFormat = CSVFormat()) throws(FormatError) -> CSVTable {
        try read(ByteSource(path: path, content: "a table of comma-separated values"), format: format)
    }

    package static func read(
        _ source: ByteSource, format: CSVFormat = CSVFormat()
    ) throws(FormatError) -> CSVTable {
        let missing = CSVWords(format.missing)
        let survey = try CSVSurvey(source, format, missing)
        try checkMemory(survey, source)
        var columns = survey.isNumeric.map { CSVColumnBuilder(isNumeric: $0, capacity: survey.rowCount) }
        var room = CSVColumnBuilder.maximumNameCount + source.count / 64
        var records = CSVRecords(source, separator: survey.separator)
        if survey.hasHeader { _ = try records.advance() }
        while try records.advance() {
            guard records.fields.count == columns.count else { throw records.changed }
            for column in columns.indices {
                let field = records.fields[column]
                let isDone = columns[column].append(records.text(field), missing)
                if !isDone { try columns[column].appendName(records, field, room: &room) }
            }
        }
        guard columns[0].count == survey.rowCount else { throw records.changed }
        var result: [Column] = []
        for index in columns.indices {
            result.append(Column(name: survey.names[index], values: columns[index].finish()))
        }
        return try CSVTable(result)
    }

    /// Fields without characters are the only ones that grow more than fourfold.
    private static func checkMemory(_ survey: CSVSurvey, _ source: ByteSource) throws(FormatError) {
        let numeric = survey.isNumeric.count { $0 }
        let count = survey.rowCount * (8 * numeric + 4 * (survey.isNumeric.count - numeric))
        guard count <= 4 * source.count + 8 << 20 else {
            throw FormatError(
                .unsupported, path: source.path, "nearly all fields of the table are empty",
                expected: "at most \(4 * source.count + 8 << 20) bytes of values", received: "\(count) bytes",
                remedy: "Remove the columns without values.")
        }
    }
}

extension CSVRecords {
    /// The file is not what it was a moment ago.
    fileprivate var changed: FormatError {
        FormatError(
            .malformed, path: path, offset: offset, "the file changed while it was read",
            remedy: "Read it again when nobody writes to it.")
    }
}

/// Gathers the values of a column.
struct CSVColumnBuilder {
    static let maximumNameCount = 1 << 16

    private let isNumeric: Bool
    private var numbers: [Double] = []
    private var codes: [Int32] = []
    private var names = CSVNames()
    /// Whether there are too many names.
    private var isText = false
    private(set) var count = 0

    init(isNumeric: Bool, capacity: Int) {
        self.isNumeric = isNumeric
        if isNumeric { numbers.reserveCapacity(capacity) } else { codes.reserveCapacity(capacity) }
    }

    /// Adds a value; `false`, and nothing is done, for a name that is new.
    @inline(__always)
    mutating func append(_ text: UnsafeRawBufferPointer, _ missing: CSVWords) -> Bool {
        if isNumeric {
            numbers.append(missing.contains(text) ? .nan : CSVNumber.parse(text) ?? .nan)
        } else if !isText {
            guard let code = missing.contains(text) ? -1 : names.code(of: text) else { return false }
            codes.append(code)
        }
        count += 1
        return true
    }

    /// Adds the name in a field, if there is room for another one.
    mutating func appendName(
        _ records: borrowing CSVRecords, _ field: CSVRecords.Field, room: inout Int
    ) throws(FormatError) {
        try records.checkText(field)
        count += 1
        guard names.count < CSVColumnBuilder.maximumNameCount, room > 0 else {
            isText = true
            room += names.count
            names = CSVNames()
            codes = []
            return
        }
        room -= 1
        codes.append(names.append(records.text(field)))
    }

    /// The values, names in order.
    mutating func finish() -> CSVTable.Values {
        if isNumeric { return .numbers(numbers) }
        if isText { return .text(count: count) }
        let (sorted, places) = names.sorted()
        for index in codes.indices where codes[index] >= 0 { codes[index] = places[Int(codes[index])] }
        return .categories(codes: codes, names: sorted)
    }
}
