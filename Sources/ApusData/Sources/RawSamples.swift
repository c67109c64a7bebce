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
    /// Texts that become the input when the training part is known.
    var texts: RawTexts?
    /// A text that becomes windows when it is divided, in place of the samples.
    var corpus: RawCorpus?
    /// The group of each sample, if the request named a column for it.
    public var groups: [String]?

    /// What a reader has read.
    ///
    /// - Parameters:
    ///   - samples: All samples, or those to train on where there is a test part.
    ///   - test: The source's own test part, if it has one.
    ///   - featureNames: The names of the inputs' columns, of tables.
    ///   - groups: For each sample the group that it belongs to.
    public init(_ samples: Dataset, test: Dataset? = nil, featureNames: [String]? = nil, groups: [String]? = nil) {
        self.samples = samples
        self.test = test
        self.featureNames = featureNames
        self.groups = groups
    }
}
