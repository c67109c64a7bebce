import ApusBackend
import ApusGraph
import ApusTensor

/// Makes one batch after the other.
///
/// Used by one thread at a time: whoever starts the preparing thread hands it over and does not touch it again.
package final class Gatherer: @unchecked Sendable {
    private let dataset: Dataset
    /// The samples of the epoch in their order, and the rows where they are.
    private let samples: [Int]
    private let order: [Int]
    private let augmenter: AnyAugmenter?
    private let size: Int
    /// Where the error goes that ends the batches early.
    private let failure: FailureBox
    /// What rows of several columns come from.
    private let caches: [RowCache]
    private let ignored: [String: Int]
    private var next: Int
    private let end: Int
    // One a column.
    private var inputs: [BufferRing]
    private var targets: [BufferRing]
    private var weights: BufferRing

    /// - Parameters:
    ///   - samples: all samples of the epoch, in order
    ///   - augmenter: changes the samples, if anything does
    ///   - batches: the numbers of the batches to make
    ///   - live: the number of batches that are held at the same time
    ///   - failure: takes the error that ends the batches early
    init(
        _ dataset: Dataset, samples: [Int], augmenter: AnyAugmenter?, size: Int, batches: Range<Int>, live: Int,
        failure: FailureBox
    ) {
        self.failure = failure
        self.dataset = dataset
        self.samples = samples
        self.augmenter = augmenter
        order = samples.map { dataset.rows[$0] }
        caches = dataset.sharedCaches
        ignored = dataset.ignoredLabels
        self.size = size
        next = batches.lowerBound
        end = batches.upperBound
        func ring(_ byteCount: Int) -> BufferRing { BufferRing(byteCount: size * byteCount, capacity: live) }
        inputs = dataset.inputColumns.map { ring($0.column.rowByteCount) }
        targets =
            augmenter?.targetRow.map { [ring($0.byteCount)] }
            ?? dataset.targetColumns.map { ring($0.column.rowByteCount) }
        weights = ring(dataset.weights?.rowByteCount ?? 0)
    }

    /// The number of buffers allocated for the first input so far.
    package var allocationCount: Int { inputs[0].allocationCount }

    /// The next batch; `nil` after the last, and after a sample that can't be read.
    package func nextBatch() -> Batch? {
        guard next < end else { return nil }
        do {
            return try makeBatch()
        } catch {
            failure.set(error)
            next = end
            return nil
        }
    }

    private func makeBatch() throws -> Batch {
        let range = next * size..<min((next + 1) * size, order.count)
        next += 1
        let rows = order[range]
        for cache in caches {
            cache.hold(rows.count)
            cache.load(rows)
        }
        defer { for cache in caches { cache.release() } }
        var (inputs, targets) = (Values(), Values())
        var weights: Tensor?
        if let augmenter, let row = augmenter.targetRow {
            // Targets and weights come of what is mixed.
            let input = self.inputs[0].take(byteCount: rows.count * dataset.features.rowByteCount)
            let target = self.targets[0].take(byteCount: rows.count * row.byteCount)
            let weight = dataset.weights.map { self.weights.take(byteCount: rows.count * $0.rowByteCount) }
            try augmenter.render(samples[range], into: input, targets: target, weights: weight)
            inputs[dataset.inputColumns[0].name] = Tensor(input, dataset.features.type(count: rows.count))
            targets[dataset.targetColumns[0].name] = Tensor(
                target, TensorType([rows.count, dataset.classCount], .float32))
            weights = weight.map { Tensor($0, TensorType([rows.count], .float32)) }
        } else {
            for (place, input) in dataset.inputColumns.enumerated() {
                inputs[input.name] =
                    if let augmenter, place == augmenter.input {
                        try augmented(samples[range], augmenter, input.column)
                    } else {
                        try Gatherer.gather(rows, input.column, &self.inputs[place])
                    }
            }
            for (place, target) in dataset.targetColumns.enumerated() {
                targets[target.name] = try Gatherer.gather(rows, target.column, &self.targets[place])
            }
            weights = try dataset.weights.map { try Gatherer.gather(rows, $0, &self.weights) }
        }
        return Batch(
            inputs: inputs, targets: targets, weights: weights, preprocessing: dataset.preprocessing, ignoring: ignored)
    }

    /// The changed samples of one input.
    private func augmented(_ samples: ArraySlice<Int>, _ augmenter: AnyAugmenter, _ column: Column) throws -> Tensor {
        let buffer = inputs[augmenter.input].take(byteCount: samples.count * column.rowByteCount)
        try augmenter.render(samples, into: buffer)
        return Tensor(buffer, column.type(count: samples.count))
    }

    private static func gather(_ rows: ArraySlice<Int>, _ column: Column, _ ring: inout BufferRing) throws -> Tensor {
        let buffer = ring.take(byteCount: rows.count * column.rowByteCount)
        try column.gather(rows, into: buffer)
        return Tensor(buffer, column.type(count: rows.count))
    }
}
