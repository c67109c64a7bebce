import ApusGraph

/// Files of data by name, whole: undivided, and without a normalization where a source measures it. `DataSource` reads the same files
/// as experiments do.
extension Dataset {
    /// A table, of which one column is predicted; see `CSVSource` for what columns become.
    ///
    /// Where a number is missing, the mean of its column stands for it: divide the table first, in an experiment's file, where the
    /// mean of the training part alone is wanted.
    ///
    /// - Throws: `FormatError` and `DatasetError` for a file that is missing or damaged, and for columns that do not fit.
    public static func csv(
        _ path: String, target: String, task: PredictionTask = .classification, columns: [String]? = nil,
        ignore: [String] = [], header: Bool? = nil, separator: CSVSource.Separator? = nil, missing: [String]? = nil,
        words: [String] = [], decimal: CSVSource.Decimal? = nil
    ) throws -> Dataset {
        let raw = try CSVSource(
            path, target: target, task: task, columns: columns, ignore: ignore, header: header, separator: separator,
            missing: missing, words: words, decimal: decimal
        ).read(SampleRequest())
        guard raw.samples.hasMissing, let names = raw.featureNames else { return raw.samples }
        return try fillingMissing([raw.samples], byMeansOf: raw.samples, names: names)[0]
    }

    /// Arrays of a NumPy archive, or of a folder of `.npy` files: samples `[N, …]`, and labels `[N]` or numbers `[N, …]`.
    ///
    /// - Parameters:
    ///   - path: an `.npz` file, or a folder of `.npy` files
    ///   - inputs: the name of the array of samples
    ///   - targets: the name of the array of labels or numbers
    ///   - task: what targets are; without it, classes if they are whole numbers by type, else numbers
    /// - Throws: `FormatError` and `DatasetError` for a file that is missing or damaged, and for arrays that do not fit.
    public static func npz(
        _ path: String, inputs: ArrayNames = "x", targets: ArrayNames = "y", task: PredictionTask? = nil
    ) throws -> Dataset {
        try NPZSource(path, inputs: inputs, targets: targets, task: task).read(SampleRequest()).samples
    }

    /// The training and the test part of CIFAR-10 in its binary version.
    ///
    /// - Throws: `FormatError` and `DatasetError` for files that are missing or damaged.
    public static func cifar10(_ folder: String) throws -> (training: Dataset, test: Dataset) {
        try withTest(CIFAR10Source(folder))
    }

    /// The training and the test part of CIFAR-100 in its binary version.
    ///
    /// - Throws: `FormatError` and `DatasetError` for files that are missing or damaged.
    public static func cifar100(_ folder: String) throws -> (training: Dataset, test: Dataset) {
        try withTest(CIFAR100Source(folder))
    }

    /// The training and the test part of a folder of four IDX files, as MNIST comes.
    ///
    /// - Throws: `FormatError` and `DatasetError` for files that are missing or damaged.
    public static func idx(_ folder: String) throws -> (training: Dataset, test: Dataset) {
        try withTest(IDXSource(folder))
    }

    private static func withTest(_ source: some SampleReader) throws -> (training: Dataset, test: Dataset) {
        let raw = try source.read(SampleRequest())
        guard let test = raw.test else { stop("\(source.name) has no test part") }
        return (raw.samples, test)
    }
}
