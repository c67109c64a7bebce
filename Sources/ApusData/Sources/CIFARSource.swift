public import ApusConfiguration
import ApusFormats
import ApusTensor

/// A folder with the binary version of CIFAR-10: `{cifar10: FOLDER}`.
///
/// ```swift
/// let source = DataSource(
///     source: .cifar10(CIFAR10Source("cifar-10-batches-bin")),
///     augment: [.flip(), .randomCrop(padding: 4)])
/// ```
public struct CIFAR10Source: SampleReader, Configurable {
    /// The path of the folder, from `data.directory` on if it is relative.
    public var folder: String

    /// A source of 60,000 images [32, 32, 3] of ten classes.
    ///
    /// - Parameter folder: The folder of the six files of the binary version.
    public init(_ folder: String = ".") { self.folder = folder }

    public static let kind = "cifar10"
    public static let schema = Schema(CIFAR10Source(), .leading("folder", \.folder, hasDefault: true))

    public func read(_ request: SampleRequest) throws -> RawSamples { try RawSamples(.cifar10, folder, request) }
}

/// A folder with the binary version of CIFAR-100: `{cifar100: FOLDER}`.
///
/// ```swift
/// let source = DataSource(source: .cifar100(CIFAR100Source("cifar-100-binary")))   // the 100 fine classes
/// ```
public struct CIFAR100Source: SampleReader, Configurable {
    /// The path of the folder, from `data.directory` on if it is relative.
    public var folder: String

    /// A source of 60,000 images [32, 32, 3] of a hundred classes.
    ///
    /// - Parameter folder: The folder of the files of the binary version.
    public init(_ folder: String = ".") { self.folder = folder }

    public static let kind = "cifar100"
    public static let schema = Schema(CIFAR100Source(), .leading("folder", \.folder, hasDefault: true))

    public func read(_ request: SampleRequest) throws -> RawSamples { try RawSamples(.cifar100, folder, request) }
}

extension RawSamples {
    /// The data set of a folder, which must be the one that was asked for.
    fileprivate init(_ sort: CIFAR, _ folder: String, _ request: SampleRequest) throws {
        let folder = try request.folder(folder, holding: "the binary version of \(sort)")
        let data = try CIFARFolder(folder)
        guard data.sort == sort else {
            throw DatasetError(
                .malformed, "\(folder): the folder holds another data set", expected: "\(sort)",
                received: "\(data.sort)", remedy: "Name the source \(data.sort == .cifar10 ? "cifar10" : "cifar100").")
        }
        func dataset(_ part: CIFAR.Part) throws -> Dataset {
            try Dataset(
                inputs: Tensor(bytes: part.images.bytes, part.images.type), labels: part.labels.bytes.map(Int.init),
                classNames: data.classNames, preprocessing: .unitRange)
        }
        self.init(try dataset(data.train), test: try dataset(data.test))
    }
}
