/// What a source holds, before it is divided.
///
/// ```swift
/// let raw = RawSamples(Dataset.xor(seed: 1), featureNames: ["a", "b"])   // what a `SampleReader` returns
/// ```
public struct RawSamples: Sendable {
    /// The samples to train and validate on; those to test on as well where there is no `test`.
    public var samples: Dataset
    /// The source's own test part.
    public var test: Dataset?
    /// What the columns of a table are, one a feature.
    public var featureNames: [String]?
    /// What each column of a table was taken for.
    public var columns: [TableColumn] = []
    /// What people should know of the files, if anything: that some were left out, for instance.
    public var notes: [String] = []
    /// The group of each sample, if the request named a column for it.
    public var groups: [String]?

    /// Creates a value; arguments set the properties of their names.
    public init(_ samples: Dataset, test: Dataset? = nil, featureNames: [String]? = nil, groups: [String]? = nil) {
        self.samples = samples
        self.test = test
        self.featureNames = featureNames
        self.groups = groups
    }
}
