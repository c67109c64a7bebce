public import ApusConfiguration

/// Where samples come from: a kind of files, or a generator.
///
/// A value with a schema, as layers are; `SampleSourceKinds.register` makes custom ones readable from files.
///
/// ```swift
/// import ApusConfiguration
///
/// struct Ramp: SampleReader, Configurable {
///     var count = 100
///     static let schema = Schema(Ramp(), .leading("count", \.count, hasDefault: true, isLabelled: true))
///
///     func read(_ request: SampleRequest) throws -> RawSamples {
///         let x = Tensor((0..<count).map { Float($0) }, shape: [count, 1])
///         return RawSamples(try Dataset(inputs: x, targets: 2 * x))
///     }
/// }
/// ```
public protocol SampleReader: Sendable, Hashable, Codable, FileRepresentable {
    /// The name in files.
    var name: String { get }
    /// Other names under which files may write it.
    static var synonyms: [String] { get }
    /// How samples are scaled where an experiment does not say; `nil` if they come with a normalization of their own.
    var usualScaling: Scaling? { get }
    /// What is wrong with the settings; `nil` if nothing is that shows without reading.
    var settingProblem: String? { get }
    /// Reads the samples, or draws them.
    ///
    /// - Throws: `FormatError` and `DatasetError` for files that are missing or damaged, and for data that do not fit.
    func read(_ request: SampleRequest) throws -> RawSamples
}

extension SampleReader {
    /// None.
    public static var synonyms: [String] { [] }
    /// None.
    public var settingProblem: String? { nil }
    /// Mean 0 and variance 1.
    public var usualScaling: Scaling? { .standardize() }
}

extension SampleReader where Self: Configurable {
    /// The kind.
    public var name: String { Self.kind }
}
