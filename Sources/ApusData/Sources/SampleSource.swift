public import ApusConfiguration

/// Where samples come from, by any reader.
///
/// In files it is a name (`fashion-mnist`, `moons`) or a name with settings: `{csv: {file: iris.csv, label: species}}`.
///
/// ```swift
/// let sources: [SampleSource] = [
///     .fashionMNIST, .generated(.spirals(classes: 3)),
///     .csv(CSVSource("iris.csv", target: "species")),
/// ]
/// let own = SampleSource(NPZSource("data.npz"))
/// ```
public struct SampleSource: Sendable {
    /// What reads or draws the samples.
    public var reader: any SampleReader

    /// The source of a reader, for instance a custom one.
    public init(_ reader: some SampleReader) { self.reader = reader }

    /// Fashion-MNIST, from its default places or the folder `data.directory`.
    public static let fashionMNIST = SampleSource(FashionMNISTSource())
    /// Four IDX files.
    public static func idx(_ source: IDXSource) -> SampleSource { SampleSource(source) }
    /// CIFAR-10 in its binary version.
    public static func cifar10(_ source: CIFAR10Source) -> SampleSource { SampleSource(source) }
    /// CIFAR-100 in its binary version.
    public static func cifar100(_ source: CIFAR100Source) -> SampleSource { SampleSource(source) }
    /// A folder of images.
    public static func images(_ source: ImageSource) -> SampleSource { SampleSource(source) }
    /// A table.
    public static func csv(_ source: CSVSource) -> SampleSource { SampleSource(source) }
    /// Texts.
    public static func text(_ source: TextSource) -> SampleSource { SampleSource(source) }
    /// One long text, for language models.
    public static func corpus(_ source: CorpusSource) -> SampleSource { SampleSource(source) }
    /// NumPy arrays.
    public static func npz(_ source: NPZSource) -> SampleSource { SampleSource(source) }
    /// Samples that are drawn from `data.seed`.
    public static func generated(_ generator: DataGenerator) -> SampleSource { SampleSource(generator) }

    /// The name in files.
    public var name: String { reader.name }

    /// Every name that files may write.
    package static var names: [String] { SampleSourceKinds.types.map { $0.kind } + DataGenerator.names }
}

extension SampleSource: Hashable, CustomStringConvertible {
    public static func == (a: SampleSource, b: SampleSource) -> Bool { a.reader.equals(b.reader) }

    public func hash(into hasher: inout Hasher) { reader.hash(into: &hasher) }

    /// As Swift code writes it.
    public var description: String {
        switch reader {
        case is FashionMNISTSource: ".fashionMNIST"
        case let generator as DataGenerator: ".generated(.\(generator))"
        default: "SampleSource(\(reader))"
        }
    }
}

extension SampleReader {
    fileprivate func equals(_ other: any SampleReader) -> Bool { other as? Self == self }
}

extension SampleSource: Codable {
    public init(from decoder: any Decoder) throws { reader = try SampleSource.reader(from: decoder) }

    private static func reader(from decoder: any Decoder) throws -> any SampleReader {
        let named = try NamedFields(decoder, "data source")
        let name = named.name.lowercased()
        if DataGenerator.names.contains(name) { return try DataGenerator(from: decoder) }
        let synonym = SampleSourceKinds.types.first { $0.synonyms.contains { $0.lowercased() == name } }
        let kind = synonym?.kind ?? named.name
        guard SampleSourceKinds.registry.contains(kind) else {
            throw Names.unknown("data source", named.name, SampleSource.names, decoder.codingPath)
        }
        return try SampleSourceKinds.registry.member(kind, from: named.decoder, at: decoder.codingPath)
    }

    public func encode(to encoder: any Encoder) throws {
        // Generators write their names themselves.
        guard let reader = reader as? any Configurable else { return try reader.encode(to: encoder) }
        try reader.encode(named: name, to: encoder)
    }
}

extension SampleSource: FileRepresentable {
    public static var form: Form {
        let files = SampleSourceKinds.types.map { type in
            let hasSettings = type.form.constants?.isEmpty == false
            return Form.Kind(
                type.kind, synonyms: type.synonyms, content: hasSettings ? .type(type) : nil, isBare: !hasSettings)
        }
        return .kinds(Form.Kinds("data source", files + DataGenerator.kindsForm.kinds))
    }
}
