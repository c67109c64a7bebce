import ApusConfiguration

/// Makes columns of rows.
///
/// Numbers pass through a block of a few rows, so that each column grows by many numbers at a time.
struct CSVTableBuilder: ~Copyable {
    private let survey: CSVSurvey
    private let missing: CSVWords
    private let missingNumbers: CSVWords
    private var facts: [CSVColumnFacts]
    /// Whether a column holds numbers, and whether they are plain ones.
    private let isNumeric: [Bool]
    private let isPlain: [Bool]
    private var columns: [CSVColumnBuilder]
    private let block: UnsafeMutableBufferPointer<Double>
    private let blockRowCount: Int
    private var blockFilled = 0
    private var rowCount = 0
    /// How many more names the table may have.
    private var room: Int

    init(_ survey: CSVSurvey, _ format: CSVFormat, _ missing: CSVWords, fileSize: Int) {
        self.survey = survey
        self.missing = missing
        missingNumbers = CSVWords(format.wordsForNumbers)
        facts = survey.facts
        isNumeric = survey.facts.map { $0.reading != nil }
        isPlain = survey.facts.map { $0.reading == .number }
        columns = isNumeric.map { CSVColumnBuilder(isNumeric: $0, capacity: survey.rowCount) }
        blockRowCount = max(1, min(128, (1 << 16) / columns.count))
        block = .allocate(capacity: blockRowCount * columns.count)
        room = CSVColumnBuilder.maximumNameCount + fileSize / 64
    }

    deinit { block.deallocate() }

    /// Adds the current row.
    mutating func append(_ records: borrowing CSVRecords) throws(FormatError) {
        let fields = records.fields
        guard fields.count == survey.names.count, rowCount < survey.rowCount else { throw records.changed }
        let start = blockFilled * fields.count
        for column in 0..<fields.count {
            let text = records.text(fields[column])
            if isNumeric[column] {
                block[start + column] = try number(text, column, records)
            } else if missing.contains(text) {
                facts[column].missingCount += 1
                columns[column].appendMissing()
            } else {
                try columns[column].append(text, records, room: &room)
            }
        }
        rowCount += 1
        blockFilled += 1
        if blockFilled == blockRowCount { flush() }
    }

    /// The number of a cell; NaN where it is missing.
    @inline(__always)
    private mutating func number(
        _ text: UnsafeRawBufferPointer, _ column: Int, _ records: borrowing CSVRecords
    ) throws(FormatError) -> Double {
        if !missing.contains(text) {
            if let number = isPlain[column] ? CSVNumber.parse(text) : facts[column].reading?.value(text) {
                if number.isInfinite, facts[column].infinite == nil { facts[column].infinite = records.cell(text) }
                return number
            }
            guard missingNumbers.contains(text) else { throw records.noNumber(text, facts[column]) }
        }
        facts[column].missingCount += 1
        return .nan
    }

    private mutating func flush() {
        for column in columns.indices where isNumeric[column] {
            columns[column].append(block, from: column, step: columns.count, count: blockFilled)
        }
        blockFilled = 0
    }

    mutating func finish(_ records: borrowing CSVRecords) throws(FormatError) -> (CSVTable, [CSVColumnFacts]) {
        guard rowCount == survey.rowCount else { throw records.changed }
        flush()
        var result: [CSVTable.Column] = []
        for index in columns.indices {
            result.append(CSVTable.Column(name: survey.names[index], values: columns[index].finish()))
        }
        return (try CSVTable(result), facts)
    }
}

extension CSVRecords {
    /// The file is not what it was a moment ago.
    var changed: FormatError {
        FormatError(
            .malformed, path: path, offset: offset, "the file changed while it was read",
            remedy: "Read it again when nobody writes to it.")
    }

    /// A cell of the current row, for messages.
    fileprivate func cell(_ text: UnsafeRawBufferPointer) -> CSVColumnFacts.Cell {
        CSVColumnFacts.Cell(line: line, text: String(decoding: text, as: UTF8.self))
    }

    /// A cell that is not what its column was read as before.
    fileprivate func noNumber(
        _ text: UnsafeRawBufferPointer, _ facts: CSVColumnFacts
    ) -> FormatError {
        FormatError(
            .mismatch, path: path,
            "line \(line) holds \(String(decoding: text, as: UTF8.self).quoted) in the column \(facts.name.quoted)",
            expected: (facts.reading ?? .number).description,
            remedy: "Correct the cell, or leave it empty if the value is missing.")
    }
}

/// Gathers the values of a column.
struct CSVColumnBuilder {
    static let maximumNameCount = 1 << 16

    private let isNumeric: Bool
    private var numbers: [Double] = []
    private var codes: [Int32] = []
    private var names = CSVNames()
    /// The number of texts, if there are too many to be names.
    private var textCount: Int?

    init(isNumeric: Bool, capacity: Int) {
        self.isNumeric = isNumeric
        if isNumeric { numbers.reserveCapacity(capacity) } else { codes.reserveCapacity(capacity) }
    }

    mutating func append(_ block: UnsafeMutableBufferPointer<Double>, from start: Int, step: Int, count: Int) {
        for row in 0..<count { numbers.append(block[start + row * step]) }
    }

    mutating func appendMissing() {
        if let count = textCount { textCount = count + 1 } else { codes.append(-1) }
    }

    /// Adds a text, under its number, if it has one or there is room for another.
    mutating func append(
        _ text: UnsafeRawBufferPointer, _ records: borrowing CSVRecords, room: inout Int
    ) throws(FormatError) {
        if let count = textCount {
            textCount = count + 1
        } else if let code = names.code(of: text) {
            codes.append(code)
        } else if names.count < CSVColumnBuilder.maximumNameCount, room > 0 {
            try records.checkText(text)
            codes.append(names.append(text))
            room -= 1
        } else {
            textCount = codes.count + 1
            room += names.count
            names = CSVNames()
            codes = []
        }
    }

    /// The values, names in order.
    mutating func finish() -> CSVTable.Values {
        if isNumeric { return .numbers(numbers) }
        if let textCount { return .text(count: textCount) }
        let (sorted, places) = names.sorted()
        for index in codes.indices where codes[index] >= 0 { codes[index] = places[Int(codes[index])] }
        return .categories(codes: codes, names: sorted)
    }
}
