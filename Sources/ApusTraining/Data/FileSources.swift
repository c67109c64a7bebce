public import ApusConfiguration
package import ApusFormats

/// A folder of four IDX files, as MNIST comes: `{idx: FOLDER}`.
public struct IDXSource: Configurable {
    /// Its path, from `data.directory` on if it is relative.
    public var folder: String

    public init(_ folder: String = ".") { self.folder = folder }

    public static let schema = Schema(IDXSource(), .leading("folder", \.folder, hasDefault: true))
}

/// A folder with the binary version of CIFAR-10 or CIFAR-100: `{cifar10: FOLDER}`.
public struct CIFARSource: Configurable {
    /// Its path, from `data.directory` on if it is relative.
    public var folder: String

    public init(_ folder: String = ".") { self.folder = folder }

    public static let schema = Schema(CIFARSource(), .leading("folder", \.folder, hasDefault: true))
}

/// A folder of PNG and JPEG images with one sub-folder a class: `{images: {folder: DIR, height: 28, width: 28, channels: 1}}`.
public struct ImageSource: Configurable {
    /// Its path, from `data.directory` on if it is relative. The names of the sub-folders are the classes.
    public var folder: String
    /// A folder with the same classes, whose images are the test part.
    public var testFolder: String?
    /// The size to which all images are brought; `nil`: that of the first image.
    public var height: Int?
    /// The same for the width.
    public var width: Int?
    /// 1 (gray) or 3 (RGB); `nil`: as the first image.
    public var channels: Int?
    /// Whether images are decoded when they are needed; `nil`: if all of them together take more than 1 GiB.
    public var stream: Bool?

    public init(
        _ folder: String, testFolder: String? = nil, height: Int? = nil, width: Int? = nil, channels: Int? = nil,
        stream: Bool? = nil
    ) {
        self.folder = folder
        self.testFolder = testFolder
        self.height = height
        self.width = width
        self.channels = channels
        self.stream = stream
    }

    public static let schema = Schema(
        ImageSource(""), .leading("folder", \.folder), .optional("testFolder", \.testFolder),
        .optional("height", \.height), .optional("width", \.width), .optional("channels", \.channels),
        .optional("stream", \.stream))
}

/// A table: `{csv: {file: iris.csv, label: species}}`.
///
/// Columns of numbers are features as they are; where one is missing, the mean of the training part stands for it.
/// Columns of words become one feature for each word, 1 where it stands and else 0 (one-hot); all of them are 0 where
/// the word is missing.
public struct CSVSource: Configurable {
    /// The path of the table, from `data.directory` on if it is relative.
    public var file: String
    /// The column to predict.
    public var label: String
    /// Whether it holds classes, sorted, or numbers.
    public var task: PredictionTask
    /// The columns that are features; `nil`: all others.
    public var columns: [String]?
    /// Columns that are none.
    public var ignore: [String]
    /// Whether the first row names the columns; `nil`: if none of its fields is a number.
    public var header: Bool?
    /// What is between fields; `nil`: what divides the first rows.
    public var separator: Separator?
    /// Texts that stand for a missing value, besides the empty one; `nil`: NA, N/A, NaN, null and ?.
    public var missing: [String]?

    /// What is between the fields of a table.
    public enum Separator: String, NamedChoice {
        case comma, semicolon, tab
        public static let what = "separator"
    }

    public init(
        _ file: String, label: String, task: PredictionTask = .classification, columns: [String]? = nil,
        ignore: [String] = [], header: Bool? = nil, separator: Separator? = nil, missing: [String]? = nil
    ) {
        self.file = file
        self.label = label
        self.task = task
        self.columns = columns
        self.ignore = ignore
        self.header = header
        self.separator = separator
        self.missing = missing
    }

    public static let schema = Schema(
        CSVSource("", label: ""), .leading("file", \.file), .required("label", \.label), .optional("task", \.task),
        .optional("columns", \.columns), .optional("ignore", \.ignore), .optional("header", \.header),
        .optional("separator", \.separator), .optional("missing", \.missing))

    /// How the file is read.
    package var format: CSVFormat {
        let separator: CSVFormat.Separator? =
            switch separator {
            case .comma: .comma
            case .semicolon: .semicolon
            case .tab: .tab
            case nil: nil
            }
        return CSVFormat(separator: separator, hasHeader: header, missing: missing ?? CSVFormat.usualMissing)
    }
}

/// NumPy arrays: `{npz: {file: data.npz, inputs: x, targets: y}}`.
public struct NPZSource: Configurable {
    /// An archive, or a folder with the arrays as `x.npy`, `y.npy`.
    public var file: String
    /// The array of samples, `[N, …]`; bytes `[N, height, width]` are gray images.
    public var inputs: String
    /// The array of labels `[N]`, or of numbers `[N, …]`.
    public var targets: String
    /// The arrays of the test part, such as `x_test` and `y_test`.
    public var testInputs: String?
    /// Given together with `testInputs`, or neither.
    public var testTargets: String?
    /// What targets are; `nil`: classes if they are whole numbers by type, else numbers.
    public var task: PredictionTask?

    public init(
        _ file: String, inputs: String = "x", targets: String = "y", testInputs: String? = nil,
        testTargets: String? = nil, task: PredictionTask? = nil
    ) {
        self.file = file
        self.inputs = inputs
        self.targets = targets
        self.testInputs = testInputs
        self.testTargets = testTargets
        self.task = task
    }

    public static let schema = Schema(
        NPZSource(""), .leading("file", \.file), .optional("inputs", \.inputs), .optional("targets", \.targets),
        .optional("testInputs", \.testInputs), .optional("testTargets", \.testTargets), .optional("task", \.task))
}

/// What is predicted: one of several classes, or numbers.
public enum PredictionTask: String, CaseIterable, Sendable, Hashable, Codable {
    case classification, regression

    public init(from decoder: any Decoder) throws {
        let name = try decoder.singleValueContainer().decode(String.self)
        guard let task = PredictionTask(rawValue: name) else {
            throw Names.unknown("task", name, PredictionTask.allCases.map(\.rawValue), decoder.codingPath)
        }
        self = task
    }
}
