import ApusConfiguration

/// A table of named columns, as comma-separated values hold it.
///
/// A column holds numbers if each of its fields is a number or missing, else categories.
public struct CSVTable: Hashable, Sendable {
    /// One column.
    public struct Column: Hashable, Sendable {
        /// The title of the column; no other column of its table has it.
        public var name: String
        /// One a row.
        public var values: Values

        public init(name: String, values: Values) {
            self.name = name
            self.values = values
        }
    }

    /// The values of a column, one a row.
    public enum Values: Hashable, Sendable {
        /// Numbers; NaN where one is missing.
        case numbers([Double])
        /// Places in `names`, -1 where one is missing. Names read from a file are sorted by their bytes in UTF-8, so
        /// that the order of the rows does not matter.
        case categories(codes: [Int32], names: [String])
        /// So many different texts that they are no categories (names, remarks): they are not kept.
        case text(count: Int)

        /// The number of rows.
        public var count: Int {
            switch self {
            case .numbers(let numbers): numbers.count
            case .categories(let codes, _): codes.count
            case .text(let count): count
            }
        }
    }

    /// From the left.
    public let columns: [Column]
    /// How many values each column has; the row of titles does not count.
    public let rowCount: Int

    /// A table of columns that are at hand.
    ///
    /// - Throws: if the columns differ in length, two have the same name, or a code has no name.
    public init(_ columns: [Column]) throws(FormatError) {
        rowCount = columns.first?.values.count ?? 0
        self.columns = columns
        var seen: Set<String> = []
        for column in columns {
            guard column.values.count == rowCount else {
                throw CSVTable.mismatch(
                    "the columns of the table differ in length",
                    "\(rowCount.counted("row")) as in \(columns[0].name.quoted)",
                    "\(column.values.count) in \(column.name.quoted)", "Give each column one value a row.")
            }
            guard seen.insert(column.name).inserted else {
                throw CSVTable.mismatch(
                    "two columns of the table have the same name", "different names", "\(column.name.quoted) twice",
                    "Rename one of them.")
            }
            if case .categories(let codes, let names) = column.values,
                let code = codes.first(where: { $0 < -1 || $0 >= names.count })
            {
                throw CSVTable.mismatch(
                    "a code in column \(column.name.quoted) has no name", "-1 to \(names.count - 1)", "\(code)",
                    "Give a name for each code.")
            }
        }
    }

    /// The column of a name.
    ///
    /// - Throws: if there is none.
    public func column(named name: String) throws(FormatError) -> Column {
        guard let column = columns.first(where: { $0.name == name }) else {
            let names = columns.prefix(10).map(\.name.quoted).joined(separator: ", ")
            throw CSVTable.mismatch(
                "the table has no column \(name.quoted)",
                columns.isEmpty ? "a table of columns" : "one of \(names)\(columns.count > 10 ? ", …" : "")", nil,
                "Check the name, and whether the first row of the file names the columns (header: true).")
        }
        return column
    }

    private static func mismatch(
        _ problem: String, _ expected: String, _ received: String?, _ remedy: String
    ) -> FormatError {
        FormatError(.mismatch, path: "", problem, expected: expected, received: received, remedy: remedy)
    }
}
