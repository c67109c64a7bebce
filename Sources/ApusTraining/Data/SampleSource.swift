public import ApusConfiguration
public import ApusData

/// A kind of files or a generator that samples come from.
///
/// In files it is a name (`fashion-mnist`, `moons`) or a name with settings: `{csv: {file: iris.csv, label: species}}`.
public enum SampleSource: Sendable, Hashable {
    /// Fashion-MNIST, from its default places or the folder `data.directory`.
    case fashionMNIST
    /// Four IDX files.
    case idx(IDXSource)
    /// CIFAR-10 in its binary version.
    case cifar10(CIFARSource)
    /// CIFAR-100 in its binary version.
    case cifar100(CIFARSource)
    /// A folder of images.
    case images(ImageSource)
    /// A table.
    case csv(CSVSource)
    /// NumPy arrays.
    case npz(NPZSource)
    /// Samples that are drawn from `data.seed`.
    case generated(DataGenerator)

    /// The name in files.
    public var name: String {
        switch self {
        case .fashionMNIST: "fashion-mnist"
        case .idx: "idx"
        case .cifar10: "cifar10"
        case .cifar100: "cifar100"
        case .images: "images"
        case .csv: "csv"
        case .npz: "npz"
        case .generated(let generator): generator.name
        }
    }

    /// Every name that files may write.
    package static let names =
        ["fashion-mnist", "idx", "cifar10", "cifar100", "images", "csv", "npz"] + DataGenerator.names
}

extension SampleSource: Codable {
    public init(from decoder: any Decoder) throws {
        let named = try NamedFields(decoder, "data source")
        func settings<Value: Configurable>(_: Value.Type) throws -> Value {
            try Value.schema.value(from: named.fields)
        }
        switch named.name.lowercased() {
        case "fashion-mnist", "fashionmnist":
            guard named.decoder == nil else {
                throw DecodingError.dataCorrupted(
                    DecodingError.Context(
                        codingPath: decoder.codingPath,
                        debugDescription:
                            "fashion-mnist takes no settings; the key directory beside source names its folder"))
            }
            self = .fashionMNIST
        case "idx": self = .idx(try settings(IDXSource.self))
        case "cifar10": self = .cifar10(try settings(CIFARSource.self))
        case "cifar100": self = .cifar100(try settings(CIFARSource.self))
        case "images": self = .images(try settings(ImageSource.self))
        case "csv": self = .csv(try settings(CSVSource.self))
        case "npz": self = .npz(try settings(NPZSource.self))
        default:
            guard DataGenerator.names.contains(named.name.lowercased()) else {
                throw Names.unknown("data source", named.name, SampleSource.names, decoder.codingPath)
            }
            self = .generated(try DataGenerator(from: decoder))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .fashionMNIST:
            var container = encoder.singleValueContainer()
            try container.encode(name)
        case .idx(let source): try source.encode(named: name, to: encoder)
        case .cifar10(let source), .cifar100(let source): try source.encode(named: name, to: encoder)
        case .images(let source): try source.encode(named: name, to: encoder)
        case .csv(let source): try source.encode(named: name, to: encoder)
        case .npz(let source): try source.encode(named: name, to: encoder)
        case .generated(let generator): try generator.encode(to: encoder)
        }
    }
}

extension SampleSource: CustomStringConvertible {
    /// As Swift code writes it, without the leading point.
    public var description: String {
        switch self {
        case .fashionMNIST: "fashionMNIST"
        case .idx(let source): "idx(\(source))"
        case .cifar10(let source): "cifar10(\(source))"
        case .cifar100(let source): "cifar100(\(source))"
        case .images(let source): "images(\(source))"
        case .csv(let source): "csv(\(source))"
        case .npz(let source): "npz(\(source))"
        case .generated(let generator): "generated(.\(generator))"
        }
    }
}

extension SampleSource: FileRepresentable {
    public static var form: Form {
        func files<Source: Configurable>(_ name: String, _ type: Source.Type) -> Form.Kind {
            Form.Kind(name, content: .type(type), isBare: false)
        }
        let files = [
            files("idx", IDXSource.self), files("cifar10", CIFARSource.self), files("cifar100", CIFARSource.self),
            files("images", ImageSource.self), files("csv", CSVSource.self), files("npz", NPZSource.self),
        ]
        let fashion = Form.Kind("fashion-mnist", synonyms: ["fashionMNIST"], content: nil, isBare: true)
        return .kinds(Form.Kinds("data source", [fashion] + files + DataGenerator.kindsForm.kinds))
    }
}
