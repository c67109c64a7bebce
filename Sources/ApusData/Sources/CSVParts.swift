public import ApusConfiguration

/// One of several inputs of a table's rows: columns, or images whose paths a column holds.
///
/// ```swift
/// let inputs: [String: CSVInput] = ["facts": ["rooms", "area"], "photo": .images("file", height: 64, width: 64)]
/// ```
///
/// In files: `facts: [rooms, area]`, `photo: {images: file, height: 64, width: 64}`.
public enum CSVInput: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// Features of some columns.
    case columns([String])
    /// Images.
    case images(CSVImages)

    /// Images whose paths a column holds; see `CSVImages`.
    public static func images(
        _ column: String, height: Int, width: Int, channels: Int = 3, streams: Bool? = nil
    ) -> CSVInput {
        .images(CSVImages(column, height: height, width: width, channels: channels, streams: streams))
    }

    public init(arrayLiteral columns: String...) { self = .columns(columns) }

    /// The columns whose features it has; `nil` for images.
    var table: [String]? { if case .columns(let names) = self { names } else { nil } }
}

/// PNG and JPEG images whose paths a column of a table holds.
///
/// ```swift
/// let source = CSVSource(
///     "houses.csv", target: "price", task: .regression,
///     inputs: ["facts": ["rooms"], "photo": .images(CSVImages("photo", height: 64, width: 64))])
/// ```
public struct CSVImages: Configurable {
    /// The column of the paths, from the folder of the table on if they are relative.
    public var images: String
    /// The size to which all images are brought.
    public var height: Int
    /// The same for the width.
    public var width: Int
    /// 1 (gray) or 3 (RGB).
    public var channels: Int
    /// Whether images are decoded when they are needed; `nil`: if all of them together take more than 1 GiB.
    public var streams: Bool?

    /// Images of a size.
    public init(_ column: String, height: Int, width: Int, channels: Int = 3, streams: Bool? = nil) {
        images = column
        self.height = height
        self.width = width
        self.channels = channels
        self.streams = streams
    }

    public static let schema = Schema(
        CSVImages("", height: 0, width: 0),
        .required("images", \.images, help: "The column of the paths, from the folder of the table on"),
        .required("height", \.height, help: "The height to which all images are brought"),
        .required("width", \.width, help: "The width to which all images are brought"),
        .optional("channels", \.channels, help: "1 (gray) or 3 (RGB)"),
        .optional("streams", \.streams, help: "Whether images are decoded when they are needed"))
}

extension CSVInput: Codable, FileRepresentable, CustomStringConvertible {
    public static var form: Form { .either([.list(.text), .type(CSVImages.self)]) }

    public init(from decoder: any Decoder) throws {
        if decoder.isMapping {
            self = .images(try CSVImages(from: decoder))
        } else {
            self = .columns(try [String](from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .columns(let names): try names.encode(to: encoder)
        case .images(let images): try images.encode(to: encoder)
        }
    }

    public var description: String {
        switch self {
        case .columns(let names): "\(names)"
        case .images(let images): "\(images)"
        }
    }
}

/// One of several columns of a table that are predicted: `kind: species`, or `size: {column: area, task: regression}` in files.
///
/// ```swift
/// let source = CSVSource(
///     "iris.csv", targets: ["kind": "species", "size": CSVTarget("petal length", task: .regression)])
/// ```
public struct CSVTarget: Configurable, ExpressibleByStringLiteral {
    /// The column.
    public var column: String
    /// Whether it holds classes, sorted, or numbers.
    public var task: PredictionTask

    /// A column that is predicted.
    public init(_ column: String, task: PredictionTask = .classification) {
        self.column = column
        self.task = task
    }

    public init(stringLiteral column: String) { self.init(column) }

    public static let schema = Schema(
        CSVTarget(""), .leading("column", \.column, help: "The column"),
        .optional("task", \.task, help: "Whether it holds classes, sorted, or numbers"))
}
