/// Rows of text as comma-separated values, by the same rules as tables: for small files whose fields their users read themselves.
package enum CSVRows {
    /// The rows of a text, lines without any character left out.
    ///
    /// - Throws: `FormatError` where quotes make no sense.
    package static func read(_ text: String, path: String) throws(FormatError) -> [[String]] {
        var records = CSVRecords(ByteSource(Array(text.utf8), name: path), separator: .comma, window: 1 << 16)
        var rows: [[String]] = []
        while try records.advance() {
            rows.append(records.fields.map { String(decoding: records.text($0), as: UTF8.self) })
        }
        return rows
    }

    /// The text of some rows, with quotes where fields need them; each row ends with LF.
    package static func text(_ rows: [[String]]) -> String {
        var bytes: [UInt8] = []
        for row in rows {
            for (index, field) in row.enumerated() {
                if index > 0 { bytes.append(CSVFormat.Separator.comma.rawValue) }
                bytes += CSVTable.quoted(field, .comma)
            }
            bytes.append(UInt8(ascii: "\n"))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
