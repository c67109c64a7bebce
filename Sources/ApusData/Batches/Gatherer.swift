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
    private var next: Int
    private let end: Int
    private var inputs: BufferRing
    private var targets: BufferRing
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
        self.size = size
        next = batches.lowerBound
        end = batches.upperBound
        inputs = BufferRing(byteCount: size * dataset.features.rowByteCount, capacity: live)
        let target = augmenter?.targetRow ?? dataset.targets.row
        targets = BufferRing(byteCount: size * target.byteCount, capacity: live)
        weights = BufferRing(byteCount: size * (dataset.weights?.rowByteCount ?? 0), capacity: live)
    }

    /// The number of buffers allocated for inputs so far.
    package var allocationCount: Int { inputs.allocationCount }

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
        if let augmenter { return try augmented(samples[range], rows, augmenter) }
        return Batch(
            inputs: try Gatherer.gather(rows, dataset.features, &inputs),
            targets: try Gatherer.gather(rows, dataset.targets, &targets),
            weights: try dataset.weights.map { try Gatherer.gather(rows, $0, &weights) },
            preprocessing: dataset.preprocessing)
    }

    private func augmented(_ samples: ArraySlice<Int>, _ rows: ArraySlice<Int>, _ augmenter: AnyAugmenter) throws
        -> Batch
    {
        let input = inputs.take(byteCount: samples.count * dataset.features.rowByteCount)
        let inputTensor = Tensor(input, dataset.features.type(count: samples.count))
        guard let targetRow = augmenter.targetRow else {
            try augmenter.render(samples, into: input)
            return Batch(
                inputs: inputTensor, targets: try Gatherer.gather(rows, dataset.targets, &targets),
                weights: try dataset.weights.map { try Gatherer.gather(rows, $0, &weights) },
                preprocessing: dataset.preprocessing)
        }
        let target = targets.take(byteCount: samples.count * targetRow.byteCount)
        let weight = dataset.weights.map { weights.take(byteCount: samples.count * $0.rowByteCount) }
        try augmenter.render(samples, into: input, targets: target, weights: weight)
        return Batch(
            inputs: inputTensor,
            targets: Tensor(target, TensorType([samples.count, dataset.classCount], .float32)),
            weights: weight.map { Tensor($0, TensorType([samples.count], .float32)) },
            preprocessing: dataset.preprocessing)
    }

    private static func gather(_ rows: ArraySlice<Int>, _ column: Column, _ ring: inout BufferRing) throws -> Tensor {
        let buffer = ring.take(byteCount: rows.count * column.rowByteCount)
        try column.gather(rows, into: buffer)
        return Tensor(buffer, column.type(count: rows.count))
    }
}
