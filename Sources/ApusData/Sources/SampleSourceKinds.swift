public import ApusConfiguration

/// The kinds of data sources that can be read from files; generators stand beside them by their own names.
///
/// ```swift
/// import ApusConfiguration
///
/// struct Ramp: SampleReader, Configurable {
///     var count = 100
///     static let schema = Schema(Ramp(), .leading("count", \.count, hasDefault: true, isLabelled: true))
///     func read(_ request: SampleRequest) throws -> RawSamples {
///         let x = Tensor((0..<count).map { Float($0) }, shape: [count, 1])
///         return RawSamples(try Dataset(inputs: x, targets: 2 * x))
///     }
/// }
/// try SampleSourceKinds.register(Ramp.self)   // files may now say: source: {ramp: 50}
/// ```
public enum SampleSourceKinds {
    /// In the order in which the documentation lists them.
    private static let files: [any (SampleReader & Configurable).Type] = [
        FashionMNISTSource.self, IDXSource.self, CIFAR10Source.self, CIFAR100Source.self, ImageSource.self,
        CSVSource.self, NPZSource.self, TextSource.self, CorpusSource.self,
    ]

    package static let registry = Registry<any SampleReader>("data source", files.map { $0 } + [GivenSource.self])

    /// Makes a custom data source readable.
    ///
    /// - Throws: `RegistrationError` if another type has its name.
    public static func register(_ type: any (SampleReader & Configurable).Type) throws(RegistrationError) {
        try registry.register(type.kind, type)
    }

    /// Every type: first those of this module, then those that were registered, by the alphabet.
    static var types: [any (SampleReader & Configurable).Type] {
        // Nobody writes what only programs give.
        let known = Set(files.map { $0.kind } + [GivenSource.kind])
        let registered = registry.configurable.compactMap { $0 as? any (SampleReader & Configurable).Type }
        return files + registered.filter { !known.contains($0.kind) }
    }
}
