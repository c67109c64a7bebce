/// How a table is written as text; what is left out is found out from the file.
public struct CSVFormat: Hashable, Sendable {
    /// What stands between two fields of a row.
    public enum Separator: UInt8, CaseIterable, Sendable {
        case comma = 0x2c
        case semicolon = 0x3b
        case tab = 0x09
    }

    /// `nil`: the one that divides the first rows into equally many fields; of several, tab before `;` before `,`.
    public var separator: Separator?
    /// Whether the first row names the columns. `nil`: it does if its fields are different, at least one is not empty,
    /// and none is a number.
    public var hasHeader: Bool?
    /// Fields that stand for a missing value, besides the empty field. They count in quotes, too.
    public var missing: [String]

    /// The fields that stand for a missing value unless others are given.
    public static let usualMissing = ["NA", "N/A", "NaN", "nan", "null", "NULL", "?"]

    public init(
        separator: Separator? = nil, hasHeader: Bool? = nil, missing: [String] = CSVFormat.usualMissing
    ) {
        self.separator = separator
        self.hasHeader = hasHeader
        self.missing = missing
    }
}
