import ApusBackend
import ApusGraph
import ApusTensor

/// Other samples.
extension Dataset {
    /// Samples that a function makes of these.
    ///
    /// Data in memory are computed at once and kept; others when batches are made. Targets keep their classes by name, and so does what
    /// counts and the weights; the normalization stays that of these samples.
    ///
    /// - Parameters:
    ///   - classNames: the classes of targets that are new, or other names of those that there are. In memory, labels without
    ///     names are called `0`, `1`, … to the largest one.
    ///   - transform: makes a sample; all must have the names, types and shapes of the first. It is called on the thread that prepares
    ///     batches if the samples are not in memory; the fingerprint is then that of these samples, whatever the function does.
    /// - Throws: `DatasetError` for samples that differ; what the function throws.
    public func map(
        classNames: [String: [String]] = [:], _ transform: @escaping @Sendable (Sample) throws -> Sample
    ) throws -> Dataset {
        let base = self
        let samples = try StreamedSamples(
            count: count, classNames: { classNames[$0] ?? base.knownClasses($0) }, ignoring: { base.ignoredLabels[$0] },
            sample: { try transform(try base.sample(inRow: base.rows[$0])) },
            signature: { base.signature(ofRow: base.rows[$0]) })
        if !isInMemory { try samples.checkClasses() }
        var mapped = Dataset(samples, preprocessing: preprocessing, memoryLimit: 0)
        mapped = mapped.replacing(weights: try weights.map { try .joined([($0, rows)]) })
        try Dataset.check(mapped.targetColumns, classNames: classNames, ignoring: [:])
        return isInMemory ? try mapped.inMemory() : mapped
    }

    /// The same samples in memory, where all of them are read at once.
    ///
    /// - Throws: the error of a sample that can't be read.
    public func inMemory() throws -> Dataset {
        if isInMemory { return self }
        let caches = sharedCaches
        let columns = columns
        let buffers = columns.map { Buffer(byteCount: count * $0.rowByteCount) }
        for (place, row) in rows.enumerated() {
            for cache in caches { cache.hold(1) }
            defer { for cache in caches { cache.release() } }
            for (column, buffer) in zip(columns, buffers) {
                let target = buffer.start + place * column.rowByteCount
                let source = try column.pointer(row, scratch: target)
                if column.isInMemory { target.copyMemory(from: source, byteCount: column.rowByteCount) }
            }
        }
        var read = zip(columns, buffers).map { Column(buffer: $1, row: $0.row) }[...]
        let inputs = inputColumns.map { input in
            var input = input
            input.column = read.removeFirst()
            return input
        }
        let targets = targetColumns.map { target in
            var target = target
            target.column = read.removeFirst()
            if target.isClassification, target.classNames.isEmpty {
                let labels = target.column.buffer.elements(as: Int32.self).lazy.map(Int.init)
                target.classNames = (0..<(labels.filter { $0 != target.ignored }.max() ?? -1) + 1).map { "\($0)" }
            }
            return target
        }
        return Dataset(
            columns: inputs, targets, weights: try weights.map { try .joined([($0, rows)]) }, rows: Array(0..<count),
            preprocessing: preprocessing)
    }

    /// The classes of a target of labels, if there is one of this name.
    func knownClasses(_ name: String) -> [String]? {
        targetColumns.first { $0.name == name && $0.isClassification }?.classNames
    }
}
