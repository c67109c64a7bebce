/// How a table is written as text; what is left out is found out from the file.
public struct CSVFormat: Hashable, Sendable {
    /// What stands between two fields of a row.
    public enum Separator: UInt8, CaseIterable, Sendable {
        case comma = 0x2c
        case semicolon = 0x3b
        case tab = 0x09
        /// Any number of spaces and tabs.
        case space = 0x20
    }

    /// What stands before the fraction of a number.
    public enum Decimal: String, CaseIterable, Sendable {
        /// `1.5`
        case point
        /// `1,5`
        case comma
    }

    /// What the cells of a column are read as.
    public enum Use: Hashable, Sendable {
        /// Words, whatever they look like.
        case words
        /// Numbers as programs write them if all cells are, else words.
        case numbersOrWords
        /// Numbers; a cell that is none is an error.
        case numbers(CSVReading)
    }

    /// `nil`: the one that divides the first rows into equally many fields; of several, tab before `;` before `,`, and spaces
    /// where none of these does.
    public var separator: Separator?
    /// Whether the first row names the columns. `nil`: it does if its fields are different, at least one is not empty,
    /// and none is a number, or if one of them is among `names`.
    public var hasHeader: Bool?
    /// Fields that stand for a missing value, besides the empty field. They count in quotes, too.
    public var missing: [String]
    /// What stands before fractions, where numbers such as `1,000` leave it open. `nil`: what other columns say.
    public var decimal: Decimal?
    /// What columns are read as, by their names; of all others the cells decide.
    public var uses: [String: Use] = [:]
    /// Names of columns that there should be.
    public var names: Set<String> = []

    /// The fields that stand for a missing value unless others are given.
    public static let usualMissing = ["NA", "N/A", "NaN", "nan", "null", "NULL", "?"]
    /// Fields that stand for a missing value in columns of numbers, dates and times, unless others are given. Among words they are
    /// words as any other.
    public static let missingNumbers = [
        "-", "--", "–", "—", ".", "n/a", "n.a.", "N.A.", "na", "Na", "None", "none", "NONE", "Null", "nil", "NIL",
        "<NA>", "#N/A",
        "#NA", "-nan", "-NaN", "missing", "Missing", "unknown", "Unknown",
    ]

    public init(
        separator: Separator? = nil, hasHeader: Bool? = nil, missing: [String] = CSVFormat.usualMissing,
        decimal: Decimal? = nil
    ) {
        self.separator = separator
        self.hasHeader = hasHeader
        self.missing = missing
        self.decimal = decimal
    }

    /// The word of a cell by itself, without spaces around it; `nil` where it stands for a missing value.
    package func word(_ cell: String) -> String? {
        let cell = cell.trimmed
        return cell.isEmpty || missing.contains(cell) ? nil : cell
    }

    /// The number of a cell by itself, NaN where it stands for a missing value; `nil` where it is none.
    package func number(_ cell: String, _ reading: CSVReading) -> Double? {
        guard let word = word(cell), !wordsForNumbers.contains(word) else { return .nan }
        return Array(word.utf8).withUnsafeBytes(reading.value)
    }

    /// The words that are missing values where numbers are read.
    var wordsForNumbers: [String] { missing == CSVFormat.usualMissing ? CSVFormat.missingNumbers : [] }
}

extension String {
    /// The text without spaces around it.
    fileprivate var trimmed: String {
        let rest = drop { $0 == " " }
        return String(rest[..<(rest.lastIndex { $0 != " " }.map(rest.index(after:)) ?? rest.startIndex)])
    }
}
