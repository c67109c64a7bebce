public import ApusConfiguration

/// A folder of four IDX files, as MNIST comes: `{idx: FOLDER}`.
///
/// ```swift
/// let source = DataSource(source: .idx(IDXSource("mnist")))   // of four files; .gz, too
/// ```
public struct IDXSource: SampleReader, Configurable {
    /// The path of the folder, from `data.directory` on if it is relative.
    public var folder: String

    /// A source of gray images with labels.
    ///
    /// - Parameter folder: The folder of the four files.
    public init(_ folder: String = ".") { self.folder = folder }

    public static let kind = "idx"
    public static let schema = Schema(IDXSource(), .leading("folder", \.folder, hasDefault: true))

    public func read(_ request: SampleRequest) throws -> RawSamples {
        let folder = try request.folder(folder, holding: "four IDX files, as of MNIST")
        let (train, test) = try IDXFolder.load(directory: folder)
        return RawSamples(train, test: test)
    }
}
