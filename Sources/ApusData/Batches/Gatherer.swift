import ApusCPU
import ApusGraph
import ApusTensor

/// Makes one batch after the other.
///
/// Used by one thread at a time: whoever starts the preparing thread hands it over and does not touch it again.
package final class Gatherer: @unchecked Sendable {
    private let dataset: Dataset
    private let order: [Int]
    private let size: Int
    private var next: Int
    private let end: Int
    private var inputs: BufferRing
    private var targets: BufferRing
    private var weights: BufferRing

    /// - Parameters:
    ///   - order: the rows of all samples of the epoch
    ///   - batches: the numbers of the batches to make
    ///   - live: the number of batches that are held at the same time
    init(_ dataset: Dataset, order: [Int], size: Int, batches: Range<Int>, live: Int) {
        self.dataset = dataset
        self.order = order
        self.size = size
        next = batches.lowerBound
        end = batches.upperBound
        inputs = BufferRing(byteCount: size * dataset.features.rowByteCount, capacity: live)
        targets = BufferRing(byteCount: size * dataset.targets.rowByteCount, capacity: live)
        weights = BufferRing(byteCount: size * (dataset.weights?.rowByteCount ?? 0), capacity: live)
    }

    /// The number of buffers allocated for inputs so far.
    package var allocationCount: Int { inputs.allocationCount }

    package func nextBatch() -> Batch? {
        guard next < end else { return nil }
        let rows = order[next * size..<min((next + 1) * size, order.count)]
        next += 1
        return Batch(
            inputs: Gatherer.gather(rows, dataset.features, &inputs),
            targets: Gatherer.gather(rows, dataset.targets, &targets),
            weights: dataset.weights.map { Gatherer.gather(rows, $0, &weights) }, normalization: dataset.normalization)
    }

    private static func gather(_ rows: ArraySlice<Int>, _ column: Column, _ ring: inout BufferRing) -> Tensor {
        let buffer = ring.take(byteCount: rows.count * column.rowByteCount)
        column.gather(rows, into: buffer)
        return Tensor(buffer, column.type(count: rows.count))
    }
}
