/// A table for terminals: the first column to the left, the others to the right.
///
/// ```swift
/// let table = TextTable(header: ["layer", "parameters"], rows: [["0.dense", "650"], ["1.dense", "22"]])
/// print(table)
/// ```
public struct TextTable: Sendable, CustomStringConvertible {
    /// The titles of the columns.
    public var header: [String]
    /// One text a column; a row may be shorter than the header, what goes beyond it is left out.
    public var rows: [[String]]

    /// Creates a value; arguments set the properties of their names.
    public init(header: [String], rows: [[String]]) {
        self.header = header
        self.rows = rows
    }

    public var description: String {
        let widths = header.indices.map { column in
            ([header] + rows).map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return ([header] + rows).map { row in
            let line = row.prefix(header.count).enumerated().map { column, text in
                let space = String(repeating: " ", count: max(0, widths[column] - text.count))
                return column == 0 ? text + space : space + text
            }.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}
