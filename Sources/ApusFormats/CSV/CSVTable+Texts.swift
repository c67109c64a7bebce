import ApusConfiguration

extension CSVTable {
    /// The cells of some columns as they are written, however many different ones there are: for texts, which tables do not keep.
    ///
    /// - Throws: as `read`, and if a column is missing.
    package static func texts(
        _ path: String, columns: [String], format: CSVFormat = CSVFormat()
    ) throws(FormatError) -> [[String]] {
        let source = try ByteSource(path: path, content: "a table of comma-separated values")
        var format = format
        format.names = Set(columns)
        let survey = try CSVSurvey(source, format, CSVWords(format.missing), window: 1 << 20)
        var places: [Int] = []
        for column in columns {
            guard let place = survey.names.firstIndex(of: column) else {
                throw FormatError(
                    .mismatch, path: path, "the table has no column \(column.quoted)",
                    expected: "one of \(survey.names.shown())",
                    remedy: "Check the name, and whether the first row of the file names the columns.")
            }
            places.append(place)
        }
        var texts = [[String]](repeating: [], count: columns.count)
        var records = try survey.firstRecords(source, 1 << 20)
        while try records.advance() {
            guard records.fields.count == survey.names.count else { throw records.changed }
            for (index, place) in places.enumerated() {
                let text = records.text(records.fields[place])
                try records.checkText(text)
                texts[index].append(String(decoding: text, as: UTF8.self))
            }
        }
        return texts
    }
}
