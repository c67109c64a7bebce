/// What a first walk over a table finds out: what the file leaves open, and what its columns hold.
struct CSVSurvey {
    let separator: CSVFormat.Separator
    let hasHeader: Bool
    let names: [String]
    private(set) var rowCount = 0
    /// Whether each field of a column is a number or missing.
    private(set) var isNumeric: [Bool]

    init(_ source: ByteSource, _ format: CSVFormat, _ missing: CSVWords, window: Int) throws(FormatError) {
        separator = format.separator ?? CSVSurvey.separator(of: source)
        var records = CSVRecords(source, separator: separator, window: window)
        guard try records.advance() else {
            throw FormatError(
                .malformed, path: source.path, "the file is empty",
                expected: "a table: a row of names and rows of values",
                received: source.count.counted("byte"), remedy: "Check the path; save the table again.")
        }
        let columnCount = records.fields.count
        let firstLine = records.line
        let first = try CSVSurvey.texts(of: records)
        isNumeric = Array(repeating: true, count: columnCount)
        let mayName =
            Set(first).count == columnCount && first != [""]
            && records.fields.allSatisfy { CSVNumber.parts(records.text($0)) == nil }
        hasHeader = format.hasHeader ?? mayName
        names =
            hasHeader
            ? first.enumerated().map { $1.isEmpty ? "column \($0 + 1)" : $1 }
            : (1...columnCount).map { "column \($0)" }
        if hasHeader { try checkNames(source) } else { survey(records, missing) }
        while try records.advance() {
            guard records.fields.count == columnCount else {
                throw FormatError(
                    .malformed, path: source.path, offset: records.offset,
                    "line \(records.line) has \(records.fields.count.counted("field"))",
                    expected: "\(columnCount.counted("field")) as on line \(firstLine)",
                    remedy: "Complete the line; put fields that contain the separator (\(separator)) in quotes.")
            }
            survey(records, missing)
        }
    }

    private mutating func survey(_ records: borrowing CSVRecords, _ missing: CSVWords) {
        rowCount += 1
        let fields = records.fields
        for column in 0..<fields.count where isNumeric[column] {
            let text = records.text(fields[column])
            if !missing.contains(text), CSVNumber.parts(text) == nil { isNumeric[column] = false }
        }
    }

    private func checkNames(_ source: ByteSource) throws(FormatError) {
        var seen: Set<String> = []
        for name in names where !seen.insert(name).inserted {
            throw FormatError(
                .malformed, path: source.path, offset: 0, "two columns have the name \"\(name)\"",
                expected: "different names", remedy: "Rename one, or say that the file has no row of names.")
        }
    }

    private static func texts(of records: borrowing CSVRecords) throws(FormatError) -> [String] {
        var texts: [String] = []
        for field in records.fields {
            try records.checkText(records.text(field))
            texts.append(String(decoding: records.text(field), as: UTF8.self))
        }
        return texts
    }

    /// The separator that divides the first rows into equally many fields.
    private static func separator(of source: ByteSource) -> CSVFormat.Separator {
        var best = (separator: CSVFormat.Separator.comma, count: 1)
        for separator in [CSVFormat.Separator.tab, .semicolon, .comma] {
            let counts = fieldCounts(source, separator)
            guard let first = counts.first, first > 1 else { continue }
            if counts.allSatisfy({ $0 == first }) { return separator }
            if first >= best.count { best = (separator, first) }
        }
        return best.separator
    }

    private static func fieldCounts(_ source: ByteSource, _ separator: CSVFormat.Separator) -> [Int] {
        var records = CSVRecords(source, separator: separator, window: 1 << 16)
        var counts: [Int] = []
        do throws(FormatError) {
            while counts.count < 20, try records.advance() { counts.append(records.fields.count) }
        } catch {
            // Quotes that make no sense with this separator.
            counts.append(0)
        }
        return counts
    }
}

extension CSVFormat.Separator: CustomStringConvertible {
    public var description: String { self == .tab ? "tab" : String(UnicodeScalar(rawValue)) }
}
