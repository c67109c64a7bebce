extension CSVTable {
    /// Reads a table of comma-separated values (RFC 4180): fields in quotes may hold separators, line ends and doubled
    /// quotes; rows end with LF or CR LF; a byte order mark is skipped.
    ///
    /// The cells decide what a column is: numbers (also `1,5`, `1,000`, `5%` and `$5`, each by itself), dates and times as numbers if
    /// every cell is one or missing, else words.
    ///
    /// A column with more than 65 536 different texts, or whose texts would take more memory than the file's size
    /// makes likely, holds text.
    ///
    /// - Throws: if the file is missing, is not UTF-8, has rows of different lengths, or columns of the same name; with
    ///   the number of the line. Memory is taken in proportion to the file: at most four times its size and 16 MB.
    public static func read(_ path: String, format: CSVFormat = CSVFormat()) throws(FormatError) -> CSVTable {
        try read(ByteSource(path: path, content: "a table of comma-separated values"), format: format)
    }

    /// - Parameter window: how many bytes of the file are in memory at a time, if each row fits
    package static func read(
        _ source: ByteSource, format: CSVFormat = CSVFormat(), window: Int = 1 << 20
    ) throws(FormatError) -> CSVTable { try readWithFacts(source, format: format, window: window).table }

    /// Reads a table, and tells what its columns were taken for.
    package static func readWithFacts(
        _ path: String, format: CSVFormat
    ) throws(FormatError) -> (table: CSVTable, facts: [CSVColumnFacts]) {
        try readWithFacts(ByteSource(path: path, content: "a table of comma-separated values"), format: format)
    }

    private static func readWithFacts(
        _ source: ByteSource, format: CSVFormat, window: Int = 1 << 20
    ) throws(FormatError) -> (table: CSVTable, facts: [CSVColumnFacts]) {
        let missing = CSVWords(format.missing)
        let survey = try CSVSurvey(source, format, missing, window: window)
        try checkMemory(survey, source)
        var records = try survey.firstRecords(source, window)
        var builder = CSVTableBuilder(survey, format, missing, fileSize: source.count)
        while try records.advance() { try builder.append(records) }
        return try builder.finish(records)
    }

    /// Fields without characters are the only ones that grow more than fourfold.
    private static func checkMemory(_ survey: CSVSurvey, _ source: ByteSource) throws(FormatError) {
        let numeric = survey.facts.count { $0.reading != nil }
        let count = survey.rowCount * (8 * numeric + 4 * (survey.facts.count - numeric))
        let limit = 4 * source.count + 8 << 20
        guard count <= limit else {
            throw FormatError(
                .unsupported, path: source.path, "nearly all fields of the table are empty",
                expected: "at most \(limit) bytes of values", received: "\(count) bytes",
                remedy: "Remove the columns without values.")
        }
    }
}
