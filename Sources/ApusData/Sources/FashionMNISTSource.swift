public import ApusConfiguration

/// Fashion-MNIST, from its default places or the folder `data.directory`: `fashion-mnist`.
///
/// ```swift
/// let source = DataSource(source: .fashionMNIST)   // a short form of SampleSource(FashionMNISTSource())
/// ```
public struct FashionMNISTSource: SampleReader, Configurable {
    public static let kind = "fashion-mnist"
    public static let synonyms = ["fashionMNIST"]
    public static let schema = Schema(FashionMNISTSource())

    /// Creates a value.
    public init() {}

    /// Files write the name alone.
    public init(from decoder: any Decoder) throws {
        throw DecodingError.dataCorrupted(
            DecodingError.Context(
                codingPath: decoder.codingPath.dropLast(),
                debugDescription:
                    "fashion-mnist takes no settings; the key directory beside source names its folder"))
    }

    /// None: the samples come with the constants of all training pixels.
    public var usualScaling: Scaling? { nil }

    public func read(_ request: SampleRequest) throws -> RawSamples {
        let (train, test) = try FashionMNIST.load(directory: request.directory)
        return RawSamples(train, test: test)
    }
}
