public import ApusConfiguration
package import ApusFormats

/// A table: `{csv: {file: iris.csv, target: species}}`.
///
/// Columns of numbers are features as they are, and so are dates (days since 1970-01-01) and times (hours since midnight); where one is
/// missing, the mean of the training part stands for it. Columns of words become one feature for each word, 1 where it stands and
/// else 0 (one-hot); all of them are 0 where the word is missing.
///
/// ```swift
/// let wine = CSVSource("wine.csv", target: "quality", task: .regression, ignore: ["id"])
/// let data = try DataSource(source: .csv(wine), normalize: .standardize()).load(seed: 7)
/// for column in data.columns { print(column) }
/// ```
public struct CSVSource: SampleReader, Configurable {
    /// The path of the table, from `data.directory` on if it is relative.
    public var file: String
    /// The column to predict; an autoencoder needs none.
    public var target: String?
    /// Several columns to predict, by the names of the targets: `{kind: species, size: {column: area, task: regression}}`.
    public var targets: [String: CSVTarget]?
    /// Whether `target` holds classes, sorted, or numbers.
    public var task: PredictionTask
    /// The columns that are features; `nil`: all others.
    public var columns: [String]?
    /// Columns that are none.
    public var ignore: [String]
    /// Whether the first row names the columns; `nil`: if none of its fields is a number.
    public var header: Bool?
    /// What is between fields; `nil`: what divides the first rows.
    public var separator: Separator?
    /// Texts that stand for a missing value, besides the empty one; `nil`: NA, N/A, NaN, null and ?, and in columns of numbers
    /// -, n.a., None and their like.
    public var missing: [String]?
    /// Columns whose cells are words, whatever they look like and however many there are.
    public var words: [String]
    /// What stands before fractions where `1,000` leaves it open; `nil`: what other columns say.
    public var decimal: Decimal?
    /// The columns of each input of a model that takes several, by the input's name: `{wide: [town], photo: {images: file, height: 64,
    /// width: 64}}`; `nil`: all features are one input. Inputs are in the order of their names, and other columns are no features.
    public var inputs: [String: CSVInput]?

    /// What is between the fields of a table.
    public enum Separator: String, NamedChoice {
        /// `,`
        case comma
        /// `;`
        case semicolon
        /// A tabulator.
        case tab
        /// Any number of spaces and tabs.
        case space
        public static let what = "separator"
    }

    /// What stands before the fraction of a number.
    public enum Decimal: String, NamedChoice {
        /// `1.5`
        case point
        /// `1,5`
        case comma
        public static let what = "decimal sign"
    }

    /// The table of a file, of which one column or several are predicted.
    public init(
        _ file: String, target: String? = nil, targets: [String: CSVTarget]? = nil,
        task: PredictionTask = .classification, columns: [String]? = nil,
        ignore: [String] = [], header: Bool? = nil, separator: Separator? = nil, missing: [String]? = nil,
        words: [String] = [], decimal: Decimal? = nil, inputs: [String: CSVInput]? = nil
    ) {
        self.file = file
        self.target = target
        self.targets = targets
        self.task = task
        self.columns = columns
        self.ignore = ignore
        self.header = header
        self.separator = separator
        self.missing = missing
        self.words = words
        self.decimal = decimal
        self.inputs = inputs
    }

    public static let kind = "csv"
    public static let schema = Schema(
        CSVSource(""), .leading("file", \.file), .optional("target", \.target, former: "label"),
        .optional("targets", \.targets), .optional("task", \.task),
        .optional("columns", \.columns), .optional("ignore", \.ignore), .optional("header", \.header),
        .optional("separator", \.separator), .optional("missing", \.missing), .optional("words", \.words),
        .optional("decimal", \.decimal), .optional("inputs", \.inputs))

    /// How the file is read.
    package var format: CSVFormat {
        let separator: CSVFormat.Separator? =
            switch separator {
            case .comma: .comma
            case .semicolon: .semicolon
            case .tab: .tab
            case .space: .space
            case nil: nil
            }
        let decimal: CSVFormat.Decimal? = decimal.map { $0 == .comma ? .comma : .point }
        return CSVFormat(
            separator: separator, hasHeader: header, missing: missing ?? CSVFormat.usualMissing, decimal: decimal)
    }
}
