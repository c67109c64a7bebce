import ApusConfiguration

/// What first walks over a table find out: what the file leaves open, and what its columns hold.
struct CSVSurvey {
    let separator: CSVFormat.Separator
    let hasHeader: Bool
    let names: [String]
    private(set) var rowCount = 0
    /// How each column is read; `reading` is `nil` for words.
    private(set) var facts: [CSVColumnFacts]
    /// Whether each field of a column is a plain number or missing.
    private var isPlain: [Bool]

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
        isPlain = Array(repeating: true, count: columnCount)
        let mayName =
            Set(first).count == columnCount && first != [""]
            && records.fields.allSatisfy { CSVNumber.parts(records.text($0)) == nil }
        hasHeader = format.hasHeader ?? (mayName || first.contains(where: format.names.contains))
        names =
            hasHeader
            ? first.enumerated().map { $1.isEmpty ? "column \($0 + 1)" : $1 }
            : (1...columnCount).map { "column \($0)" }
        facts = names.map { CSVColumnFacts(name: $0) }
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
        try decide(source, format, missing, window: window)
    }

    private mutating func survey(_ records: borrowing CSVRecords, _ missing: CSVWords) {
        rowCount += 1
        let fields = records.fields
        for column in 0..<fields.count where isPlain[column] {
            let text = records.text(fields[column])
            if !missing.contains(text), CSVNumber.parts(text) == nil { isPlain[column] = false }
        }
    }

    private func checkNames(_ source: ByteSource) throws(FormatError) {
        var seen: Set<String> = []
        for name in names where !seen.insert(name).inserted {
            throw FormatError(
                .malformed, path: source.path, offset: 0, "two columns have the name \(name.quoted)",
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
        if best.count == 1 {
            // Spaces stand in texts as well: a single row says nothing.
            let counts = fieldCounts(source, .space)
            if counts.count > 1, counts[0] > 1, counts.allSatisfy({ $0 == counts[0] }) { return .space }
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
    public var description: String {
        switch self {
        case .tab: "tab"
        case .space: "space"
        case .comma, .semicolon: String(UnicodeScalar(rawValue))
        }
    }
}

// MARK: What columns hold

extension CSVSurvey {
    /// Cells that are no numbers are mistakes if there is one of them, or if one of so many is none.
    private static let oddShare = 10
    /// So many numbers at least.
    private static let leastNumbers = 4

    /// Decides how each column is read.
    private mutating func decide(
        _ source: ByteSource, _ format: CSVFormat, _ missing: CSVWords, window: Int
    ) throws(FormatError) {
        var open: [Int] = []
        for column in names.indices {
            switch format.uses[names[column]] {
            case .words: continue
            case .numbersOrWords: facts[column].reading = isPlain[column] ? .number : nil
            case .numbers(let reading): facts[column].reading = reading
            case nil:
                facts[column].reading = isPlain[column] ? .number : nil
                if !isPlain[column] { open.append(column) }
            }
        }
        guard !open.isEmpty || format.decimal == .comma else { return }
        let words = CSVWords(format.wordsForNumbers)
        var tallies = try tallies(of: open, source, missing, words, window)
        let isDecimalComma = format.decimal.map { $0 == .comma } ?? tallies.values.contains(where: \.showsDecimalComma)
        if isDecimalComma {
            // 1.234 is a thousand and more where others write 1,5.
            let plain = names.indices.filter { isPlain[$0] && format.uses[names[$0]] == nil }
            for (column, tally) in try self.tallies(of: plain, source, missing, words, window)
            where tally.hasPoint && tally.fits(CSVReading(.decimalComma)) {
                tallies[column] = tally
                open.append(column)
            }
        }
        for column in open {
            guard let tally = tallies[column] else { continue }
            decide(column, tally, isDecimalComma: isDecimalComma, format)
        }
        try findOdd(open.filter { facts[$0].reading == nil }, tallies, source, missing, words, window)
    }

    private mutating func decide(
        _ column: Int, _ tally: CSVColumnTally, isDecimalComma: Bool, _ format: CSVFormat
    ) {
        let (readings, count) = tally.best
        guard count == tally.filled, count > 0, var reading = readings.first else { return }
        let comma = readings.first { $0.form == .decimalComma }
        let isPlainToo = readings.contains { $0.form == .number }
        // Whole numbers are the same in both.
        if isDecimalComma, let comma, tally.hasPoint || !isPlainToo {
            reading = comma
            facts[column].reason =
                format.decimal == .comma
                ? "decimal: comma"
                : isPlainToo || readings.contains { $0.form == .thousands }
                    ? "other columns of the file have decimal commas" : nil
        } else if reading.form == .thousands, comma != nil, format.decimal == nil {
            // 1,000 may be a thousand, or one: files with commas between fields come from where it is a thousand.
            if separator == .semicolon, let comma { reading = comma }
            facts[column].reason =
                reading.form == .thousands
                ? "every comma has three digits behind it; decimal: comma reads them as fractions"
                : "the fields are divided by semicolons; decimal: point reads the commas as thousands separators"
        } else if reading.form == .dayFirst, readings.contains(where: { $0.form == .monthFirst }) {
            reading = CSVReading(.monthFirst)
            facts[column].reason = "every date can be read with the month or the day first"
        }
        facts[column].reading = reading
        facts[column].missingWords = tally.missingWords.keys.sorted()
    }

    /// Looks for the cells that keep columns from being numbers.
    private mutating func findOdd(
        _ columns: [Int], _ tallies: [Int: CSVColumnTally], _ source: ByteSource, _ missing: CSVWords,
        _ words: CSVWords,
        _ window: Int
    ) throws(FormatError) {
        var wanted: [Int: CSVReading] = [:]
        for column in columns {
            guard let tally = tallies[column], let reading = tally.best.readings.first else { continue }
            let (count, odd) = (tally.best.count, tally.filled - tally.best.count)
            guard count >= CSVSurvey.leastNumbers, odd <= max(1, tally.filled / CSVSurvey.oddShare) else { continue }
            wanted[column] = reading
        }
        guard !wanted.isEmpty else { return }
        var records = try firstRecords(source, window)
        while !wanted.isEmpty, try records.advance() {
            guard records.fields.count == names.count else { throw records.changed }
            for (column, reading) in wanted {
                let text = records.text(records.fields[column])
                guard !missing.contains(text), !words.contains(text), reading.value(text) == nil else { continue }
                let tally = tallies[column]!
                facts[column].odd = (
                    reading, tally.filled - tally.best.count, tally.filled,
                    CSVColumnFacts.Cell(line: records.line, text: String(decoding: text, as: UTF8.self))
                )
                wanted[column] = nil
            }
        }
    }

    private func tallies(
        of columns: [Int], _ source: ByteSource, _ missing: CSVWords, _ words: CSVWords, _ window: Int
    ) throws(FormatError) -> [Int: CSVColumnTally] {
        guard !columns.isEmpty else { return [:] }
        var result = columns.map { _ in CSVColumnTally() }
        var records = try firstRecords(source, window)
        while try records.advance() {
            guard records.fields.count == names.count else { throw records.changed }
            for (place, column) in columns.enumerated() {
                let text = records.text(records.fields[column])
                if missing.contains(text) { continue }
                if words.contains(text) {
                    result[place].addMissingWord(text)
                } else {
                    result[place].add(text)
                }
            }
        }
        return Dictionary(uniqueKeysWithValues: zip(columns, result))
    }

    /// The rows of values, from the first on.
    func firstRecords(_ source: ByteSource, _ window: Int) throws(FormatError) -> CSVRecords {
        var records = CSVRecords(source, separator: separator, window: window)
        if hasHeader { _ = try records.advance() }
        return records
    }
}
