public import ApusGraph
public import ApusTensor

/// Samples with a label or a target each, in a certain order; in memory, or read from files when batches are made.
///
/// The order is a list of rows beside the samples, so that splits, shuffled copies and prefixes share the samples'
/// memory.
public struct Dataset: Sendable {
    let features: Column
    let targets: Column
    /// One factor a row of memory.
    let weights: Column?
    /// The row of each sample.
    package let rows: [Int]
    /// The name of each class, in the order of the labels; empty for numeric targets.
    public let classNames: [String]
    /// How the steps of training and inference scale the samples.
    public var normalization: InputNormalization
    let knownFingerprint = FingerprintCache()

    init(
        _ features: Column, _ targets: Column, weights: Column? = nil, rows: [Int], classNames: [String],
        normalization: InputNormalization
    ) {
        self.features = features
        self.targets = targets
        self.weights = weights
        self.rows = rows
        self.classNames = classNames
        self.normalization = normalization
    }

    /// The number of samples.
    public var count: Int { rows.count }
    /// Whether there are no samples.
    public var isEmpty: Bool { rows.isEmpty }

    /// The shape of one sample, such as `[28, 28, 1]`.
    public var sampleShape: Shape { features.row.shape }
    /// The element type of the samples as stored, such as `uint8`.
    public var elementType: ElementType { features.row.elementType }
    /// The type of one target: `int32[]` for a label, `float32` of any shape for numbers.
    public var targetType: TensorType { targets.row }

    /// Whether targets are labels of classes.
    public var isClassification: Bool { targets.row.elementType == .int32 }
    /// The number of classes; 0 for numeric targets.
    public var classCount: Int { classNames.count }

    // MARK: Samples

    /// One sample as stored, before normalization.
    public func features(at index: Int) -> Tensor { features.tensor(row(index)) }

    /// The target of one sample: a scalar label (`int32`), or numbers (`float32`).
    public func target(at index: Int) -> Tensor { targets.tensor(row(index)) }

    /// The label of one sample: its place in `classNames`.
    public func label(at index: Int) -> Int {
        stopUnless(isClassification, "label(at:) needs labels, but the targets are \(targetType); use target(at:)")
        return Int(labels[row(index)])
    }

    /// The number of samples of each class; empty for numeric targets.
    public var classCounts: [Int] {
        guard isClassification else { return [] }
        let labels = labels
        return rows.reduce(into: Array(repeating: 0, count: classCount)) { $0[Int(labels[$1])] += 1 }
    }

    /// The labels of all rows in memory.
    var labels: UnsafePointer<Int32> { UnsafePointer(targets.buffer.start.assumingMemoryBound(to: Int32.self)) }

    private func row(_ index: Int) -> Int {
        stopUnless(
            rows.indices.contains(index), "the data set has \(count.counted("sample")), there is no sample \(index)")
        return rows[index]
    }

    // MARK: Views

    /// The samples of some rows of memory.
    func view(_ rows: [Int]) -> Dataset {
        Dataset(features, targets, weights: weights, rows: rows, classNames: classNames, normalization: normalization)
    }

    /// The first samples: all of them if there are fewer than `count`.
    public func prefix(_ count: Int) -> Dataset {
        stopUnless(count >= 0, "a prefix can't have \(count) samples")
        return view(Array(rows.prefix(count)))
    }

    /// The samples in a random order; a pure function of the seed.
    public func shuffled(seed: UInt64) -> Dataset {
        view(RandomKey(seed: seed).child("order").permutation(count).map { rows[$0] })
    }
}

extension Dataset: CustomStringConvertible {
    public var description: String {
        "\(count.counted("sample")) of \(features.row), "
            + (isClassification ? "\(classCount) classes" : "targets \(targetType)")
    }
}
