public import ApusConfiguration

/// Where samples come from, how they are divided, and what is done to them: the key `data` of an experiment.
///
/// ```swift
/// let source = DataSource(source: .generated(.moons(noise: 0.2)), test: 0.2, normalize: .standardize())
/// let data = try source.load(seed: 7)
/// print(data.training.count, data.validation?.count ?? 0, data.test?.count ?? 0)
/// ```
public struct DataSource: Configurable {
    /// Where samples come from.
    public var source: SampleSource
    /// The folder of Fashion-MNIST's files (the default places if absent); for other sources, the folder from which
    /// relative paths start.
    public var directory: String?
    /// The part of the training samples that is held back to measure on.
    public var validation: Validation
    /// The fraction of the samples that is held back where the source has no test part.
    public var test: Double
    /// The seed of generated samples and of the choice of the test part, so that runs with other seeds are measured on the same samples.
    public var seed: UInt64
    /// How samples are scaled, learned on the training part; `nil`: the constants of Fashion-MNIST for it, else standardized.
    public var normalize: Scaling?
    /// Random changes of the samples in training.
    public var augment: [Augmentation]

    /// A description of the data of an experiment; nothing is read before `load(seed:)`.
    ///
    /// - Parameters:
    ///   - source: Where samples come from.
    ///   - directory: The folder of Fashion-MNIST's files; for other sources that from which relative paths start.
    ///   - validation: How the validation part is chosen.
    ///   - test: The fraction of all samples that is held back for the test, where the source has no test part.
    ///   - seed: The seed of the test part, and of samples that are computed.
    ///   - normalize: How samples are scaled; as it is usual for the source if `nil`.
    ///   - augment: Random changes of the training samples, in their order.
    public init(
        source: SampleSource = .fashionMNIST, directory: String? = nil, validation: Validation = Validation(),
        test: Double = 0.2, seed: UInt64 = 7, normalize: Scaling? = nil, augment: [Augmentation] = []
    ) {
        self.source = source
        self.directory = directory
        self.validation = validation
        self.test = test
        self.seed = seed
        self.normalize = normalize
        self.augment = augment
    }

    public static let schema = Schema(
        DataSource(),
        .optional(
            "source", \.source,
            help: "Where samples come from: `fashion-mnist`, files, or a generator; see [Data.md](Data.md)"),
        .optional(
            "directory", \.directory,
            help:
                "The folder of Fashion-MNIST’s files, the default places if `nil`; for other sources where relative paths start"
        ),
        .optional("validation", \.validation, help: "The part of the training samples that is held back to measure on"),
        .optional(
            "test", \.test,
            help: "The fraction of the samples that is held back to test on where the source has no test part"),
        .optional(
            "seed", \.seed, help: "Of generated samples and of the choice of the test part; `seed` changes neither"),
        .optional(
            "normalize", \.normalize,
            help:
                "How samples are scaled, learned on the training part: `none`, `unitRange`, `imagenet`, `standardize`, `minMax` or `constants`. `nil`: the constants of Fashion-MNIST for it, else `standardize`"
        ), .optional("augment", \.augment, help: "Random changes of the training samples, one after the other"))

    public func encode(to encoder: any Encoder) throws { try Self.schema.writeAll(self, to: encoder) }

    /// The part of the training samples that is held back to measure on.
    public struct Validation: Configurable {
        /// The fraction of the samples that are not held back to test, in 0..<1; 0 for no validation.
        public var fraction: Double
        /// Whether each class has the same share in every part; counts for classes only.
        public var stratified: Bool
        /// A column of a table: rows of equal value there are never in different parts, the test part included.
        public var groups: String?
        /// A file that lists the numbers of the samples to hold back, instead of a fraction.
        public var file: String?

        /// Creates a value; arguments set the properties of their names.
        public init(fraction: Double = 0.1, stratified: Bool = true, groups: String? = nil, file: String? = nil) {
            self.fraction = fraction
            self.stratified = stratified
            self.groups = groups
            self.file = file
        }

        public static let schema = Schema(
            Validation(),
            .leading("fraction", \.fraction, hasDefault: true, isLabelled: true, help: "Its share"),
            .optional(
                "stratified", \.stratified, help: "Whether it has each class in the same share; counts for classes only"
            ),
            .optional(
                "groups", \.groups,
                help: "A column of a table: rows of equal value there stay in one part, the test part included"),
            .optional(
                "file", \.file, help: "A file with the numbers of the samples to hold back, in place of the fraction"))

        public func encode(to encoder: any Encoder) throws { try Self.schema.writeAll(self, to: encoder) }
    }
}
