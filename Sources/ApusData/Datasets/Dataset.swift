public import ApusGraph
public import ApusTensor

/// Samples with a label or a target each, in a certain order; in memory, or read from files when batches are made.
///
/// A sample has one input and one target, or several, which then have names. What speaks of *the* samples, *the* targets or *the*
/// classes, such as `sampleShape`, means the first of several; `sampleShape(of:)` and its like ask by name.
///
/// The order is a list of rows beside the samples, so that splits, shuffled copies and prefixes share the samples'
/// memory.
///
/// ```swift
/// let x = Tensor.normal([200, 4], key: RandomKey(seed: 1))
/// let data = try Dataset(
///     inputs: x, labels: (x[0..., 0] .> 0).cast(to: .int32), classNames: ["negative", "positive"])
/// let (training, validation) = try data.split(validation: 0.2, stratified: true, seed: 7)
/// print(training.count, validation.classCounts)
/// ```
public struct Dataset: Sendable {
    /// At least one; that of plain data has an empty name.
    let inputColumns: [InputColumn]
    /// Likewise.
    let targetColumns: [TargetColumn]
    /// One factor a row of memory.
    let weights: Column?
    /// The row of each sample.
    package let rows: [Int]
    /// How the steps of training and inference scale the samples; `Trainer.fit` keeps that of its training data with the model.
    public var preprocessing: Preprocessing
    let knownFingerprint = FingerprintCache()

    init(
        columns inputs: [InputColumn], _ targets: [TargetColumn], weights: Column? = nil, rows: [Int],
        preprocessing: Preprocessing
    ) {
        inputColumns = inputs
        targetColumns = targets
        self.weights = weights
        self.rows = rows
        self.preprocessing = preprocessing
    }

    /// Plain data: one input and one target without names.
    init(_ features: Column, _ targets: Column, rows: [Int], classNames: [String], preprocessing: Preprocessing) {
        self.init(
            columns: [InputColumn(name: "", column: features)],
            [TargetColumn(name: "", column: targets, classNames: classNames)], rows: rows,
            preprocessing: preprocessing)
    }

    /// The samples of the first input, and the first targets.
    var features: Column { inputColumns[0].column }
    var targets: Column { targetColumns[0].column }

    /// The number of samples.
    public var count: Int { rows.count }
    /// Whether there are no samples.
    public var isEmpty: Bool { rows.isEmpty }

    /// The shape of one sample, such as `[28, 28, 1]`.
    public var sampleShape: Shape { features.row.shape }
    /// The element type of the samples as stored, such as `uint8`.
    public var elementType: ElementType { features.row.elementType }
    /// The number of different tokens, where samples are tokens of texts.
    public var vocabularySize: Int? { inputColumns[0].vocabularySize }
    /// Which token fills texts that are shorter and stands for nothing, if one does.
    package var padding: Int? { inputColumns[0].padding }
    /// The type of one target: `int32[]` for a label, `float32` of any shape for numbers.
    public var targetType: TensorType { targets.row }

    /// Whether targets are labels of classes.
    public var isClassification: Bool { targetColumns[0].isClassification }
    /// The name of each class, in the order of the labels; empty for numeric targets.
    public var classNames: [String] { targetColumns[0].classNames }
    /// The number of classes; 0 for numeric targets.
    public var classCount: Int { classNames.count }

    // MARK: Samples

    /// One sample as stored, before normalization, with its targets; one that can't be read has tensors that carry the error.
    public subscript(index: Int) -> Sample {
        do {
            return try sample(inRow: row(index))
        } catch {
            let broken = Tensor(unreadable: error)
            return Sample(
                inputs: Values(inputColumns.map { ($0.name, broken) }),
                targets: Values(targetColumns.map { ($0.name, broken) }))
        }
    }

    /// The sample in a row of memory.
    func sample(inRow row: Int) throws -> Sample {
        let caches = sharedCaches
        for cache in caches { cache.hold(1) }
        defer { for cache in caches { cache.release() } }
        return Sample(
            inputs: Values(try inputColumns.map { ($0.name, try $0.column.read(row)) }),
            targets: Values(try targetColumns.map { ($0.name, try $0.column.read(row)) }))
    }

    /// One sample as stored, before normalization.
    public func features(at index: Int) -> Tensor { features.tensor(row(index)) }

    /// The target of one sample: a label (`int32`), or numbers (`float32`).
    public func target(at index: Int) -> Tensor { targets.tensor(row(index)) }

    /// The label of one sample: its place in `classNames`.
    ///
    /// A sample that can't be read stops the program.
    public func label(at index: Int) -> Int {
        demand(
            targetColumns[0].isOneLabel,
            "label(at:) needs one label a sample, but the targets are \(targetType); use target(at:)")
        return orStop { () throws(DatasetError) in
            try DatasetError.wrapping { try targetColumns[0].label(row(index)) }
        }
    }

    /// The number of samples of each class, or of positions where samples have several labels; empty for numeric targets.
    ///
    /// Labels that do not count are not counted. Targets that are not in memory are read for it, all of them; one that can't be read
    /// stops the program.
    public var classCounts: [Int] { classCounts(targetColumns[0]) }

    func classCounts(_ target: TargetColumn) -> [Int] {
        guard target.isClassification else { return [] }
        return orStop { () throws(DatasetError) in try DatasetError.wrapping { try target.counts(of: rows) } }
    }

    func row(_ index: Int) -> Int {
        demand(
            rows.indices.contains(index), "the data set has \(count.counted("sample")), there is no sample \(index)")
        return rows[index]
    }

    /// Whether all samples are in memory; otherwise they are read when batches are made.
    public var isInMemory: Bool { columns.allSatisfy(\.isInMemory) }

    /// All inputs and targets.
    var columns: [Column] { inputColumns.map(\.column) + targetColumns.map(\.column) }

    /// What rows come from that are not in memory, each once.
    var sharedCaches: [RowCache] {
        columns.compactMap(\.cache).reduce(into: []) { caches, cache in
            if !caches.contains(where: { $0 === cache }) { caches.append(cache) }
        }
    }

    // MARK: Views

    /// The same data with other columns or rows.
    func replacing(
        inputs: [InputColumn]? = nil, targets: [TargetColumn]? = nil, weights: Column? = nil, rows: [Int]? = nil
    ) -> Dataset {
        Dataset(
            columns: inputs ?? inputColumns, targets ?? targetColumns, weights: weights ?? self.weights,
            rows: rows ?? self.rows, preprocessing: preprocessing)
    }

    /// The samples of some rows of memory.
    func view(_ rows: [Int]) -> Dataset { replacing(rows: rows) }

    /// The first samples: all of them if there are fewer than `count`.
    public func prefix(_ count: Int) -> Dataset {
        demand(count >= 0, "a prefix can't have \(count) samples")
        return view(Array(rows.prefix(count)))
    }

    /// The samples in a random order; a pure function of the seed.
    public func shuffled(seed: UInt64) -> Dataset {
        view(RandomKey(seed: seed).child("order").permutation(count).map { rows[$0] })
    }
}

extension Dataset: CustomStringConvertible {
    public var description: String {
        let inputs = inputColumns.map { "\($0.name.isEmpty ? "" : "\($0.name) ")\($0.column.row)" }
        let targets = targetColumns.map { target in
            guard target.isClassification else { return "targets\(target.name.asName) \(target.column.row)" }
            let shape = target.isOneLabel ? "" : " for each of \(target.column.row.shape)"
            return "\(target.classNames.count) classes"
                + (target.name.isEmpty ? "" : " of\(target.name.asName)") + shape
        }
        return "\(count.counted("sample")) of \((inputs + targets).joined(separator: ", "))"
    }
}
