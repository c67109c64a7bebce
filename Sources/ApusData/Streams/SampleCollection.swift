/// Data of one's own that make their samples when they are needed, such as files that are read while a model trains.
///
/// ```swift
/// struct Tones: SampleCollection {
///     let frequencies: [Double]
///     var count: Int { frequencies.count }
///     var fingerprint: String? { "tones of a second" }
///
///     func sample(at index: Int) throws -> Sample {
///         let time = Tensor.linspace(0, 1, count: 8000).reshaped(to: [8000, 1])
///         return Sample(
///             input: sin(time * (2 * .pi * frequencies[index])),
///             label: frequencies[index] < 500 ? 0 : 1)
///     }
/// }
///
/// let data = try Dataset(Tones(frequencies: [220, 440, 880]), classNames: ["low", "high"])
/// ```
public protocol SampleCollection: Sendable {
    /// The number of samples.
    var count: Int { get }
    /// A name of the data that changes when they do; `nil` if there is none.
    var fingerprint: String? { get }
    /// Makes a sample: the same one whenever it is asked for.
    ///
    /// It is called on the thread that prepares batches, in any order, and once for each batch that the sample is in. All samples
    /// have the names, types and shapes of sample 0.
    func sample(at index: Int) throws -> Sample
}

extension SampleCollection {
    /// None.
    public var fingerprint: String? { nil }
}

extension Dataset {
    /// Samples that are made when batches are.
    ///
    /// ```swift
    /// let data = try Dataset(count: 1000, classNames: ["even", "odd"]) { index in
    ///     Sample(input: Tensor((0..<10).map { index >> $0 & 1 }).cast(to: .float32), label: index % 2)
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - count: the number of samples
    ///   - fingerprint: a name of the data that changes when they do. The data set's fingerprint is made of it, the count and the
    ///     shapes; without a name of count and shapes alone, so that a training that is resumed can't notice other data.
    ///   - classNames: the classes in the order of the labels
    ///   - ignoring: the label that does not count
    ///   - preprocessing: how steps scale the samples
    ///   - memoryLimit: the bytes of samples that may stay in memory once they are made; leave it 0 where samples change
    ///   - sample: makes the sample of an index; called on the thread that prepares batches, in any order. Its error ends the batches
    ///     (`Batches.failure`) and is thrown by the training.
    /// - Throws: `DatasetError` if there are no samples or sample 0 does not fit; what `sample` throws for it.
    public init(
        count: Int, fingerprint: String? = nil, classNames: [String], ignoring: Int? = nil,
        preprocessing: Preprocessing = .identity, memoryLimit: Int = 0,
        sample: @escaping @Sendable (_ index: Int) throws -> Sample
    ) throws {
        try self.init(
            count, fingerprint, { _ in classNames }, { _ in ignoring }, preprocessing, memoryLimit, sample)
        let target = targetNames[0]
        try Dataset.check(
            targetColumns, classNames: [target: classNames], ignoring: ignoring.map { [target: $0] } ?? [:])
    }

    /// Samples of several inputs or targets, or with numbers to predict, that are made when batches are.
    ///
    /// - Parameters:
    ///   - count: the number of samples
    ///   - fingerprint: a name of the data that changes when they do. The data set's fingerprint is made of it, the count and the
    ///     shapes; without a name of count and shapes alone, so that a training that is resumed can't notice other data.
    ///   - classNames: the classes of each target of whole numbers, in the order of the labels
    ///   - ignoring: the label that does not count of those targets that have one
    ///   - preprocessing: how steps scale the samples
    ///   - memoryLimit: the bytes of samples that may stay in memory once they are made; leave it 0 where samples change
    ///   - sample: makes the sample of an index; called on the thread that prepares batches, in any order. Its error ends the batches
    ///     (`Batches.failure`) and is thrown by the training.
    /// - Throws: `DatasetError` if there are no samples, sample 0 does not fit, or the classes of labels are not known; what `sample`
    ///   throws for sample 0.
    public init(
        count: Int, fingerprint: String? = nil, classNames: [String: [String]] = [:], ignoring: [String: Int] = [:],
        preprocessing: Preprocessing = .identity, memoryLimit: Int = 0,
        sample: @escaping @Sendable (_ index: Int) throws -> Sample
    ) throws {
        try self.init(
            count, fingerprint, { classNames[$0] }, { ignoring[$0] }, preprocessing, memoryLimit, sample)
        try Dataset.check(targetColumns, classNames: classNames, ignoring: ignoring)
    }

    /// Samples of a collection, made when batches are.
    ///
    /// - Parameters:
    ///   - samples: what makes them
    ///   - classNames: the classes in the order of the labels
    ///   - ignoring: the label that does not count
    ///   - preprocessing: how steps scale the samples
    ///   - memoryLimit: the bytes of samples that may stay in memory once they are made; leave it 0 where samples change
    /// - Throws: `DatasetError` if there are no samples or sample 0 does not fit; what the collection throws for it.
    public init(
        _ samples: some SampleCollection, classNames: [String], ignoring: Int? = nil,
        preprocessing: Preprocessing = .identity, memoryLimit: Int = 0
    ) throws {
        try self.init(
            count: samples.count, fingerprint: samples.fingerprint, classNames: classNames, ignoring: ignoring,
            preprocessing: preprocessing, memoryLimit: memoryLimit, sample: { try samples.sample(at: $0) })
    }

    /// Samples of a collection with several inputs or targets, or with numbers to predict, made when batches are.
    ///
    /// - Parameters:
    ///   - samples: what makes them
    ///   - classNames: the classes of each target of whole numbers, in the order of the labels
    ///   - ignoring: the label that does not count of those targets that have one
    ///   - preprocessing: how steps scale the samples
    ///   - memoryLimit: the bytes of samples that may stay in memory once they are made; leave it 0 where samples change
    /// - Throws: `DatasetError` if there are no samples, sample 0 does not fit, or the classes of labels are not known; what the
    ///   collection throws for sample 0.
    public init(
        _ samples: some SampleCollection, classNames: [String: [String]] = [:], ignoring: [String: Int] = [:],
        preprocessing: Preprocessing = .identity, memoryLimit: Int = 0
    ) throws {
        try self.init(
            count: samples.count, fingerprint: samples.fingerprint, classNames: classNames, ignoring: ignoring,
            preprocessing: preprocessing, memoryLimit: memoryLimit, sample: { try samples.sample(at: $0) })
    }

    private init(
        _ count: Int, _ fingerprint: String?, _ classNames: (String) -> [String]?, _ ignoring: (String) -> Int?,
        _ preprocessing: Preprocessing, _ memoryLimit: Int, _ sample: @escaping @Sendable (Int) throws -> Sample
    ) throws {
        let samples = try StreamedSamples(
            count: count, classNames: classNames, ignoring: ignoring, sample: sample,
            signature: { Array("\(fingerprint ?? "") \($0)".utf8) }, isNamed: fingerprint != nil)
        try samples.checkClasses()
        self.init(samples, preprocessing: preprocessing, memoryLimit: memoryLimit)
        try Dataset.check(preprocessing, inputColumns)
    }

    /// A column for each tensor of the samples.
    init(_ samples: StreamedSamples, preprocessing: Preprocessing, memoryLimit: Int) {
        let cache = RowCache(samples, rowByteCount: samples.byteCount, limit: memoryLimit)
        func column(_ part: StreamedSamples.Part) -> Column { Column(cache, row: part.row, offset: part.offset) }
        self.init(
            columns: samples.inputs.map { InputColumn(name: $0.name, column: column($0)) },
            samples.targets.map {
                TargetColumn(
                    name: $0.name, column: column($0), classNames: $0.labels?.classNames ?? [],
                    ignored: $0.labels?.ignored)
            }, rows: Array(0..<samples.count), preprocessing: preprocessing)
    }
}
