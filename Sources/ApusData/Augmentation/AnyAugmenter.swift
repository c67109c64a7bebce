import ApusBackend
import ApusGraph
import ApusTensor

/// Makes the augmented samples and the targets of batches, whatever the samples' element type.
final class AnyAugmenter {
    private enum Kind {
        case bytes(Augmenter<UInt8>)
        case numbers(Augmenter<Float>)
    }

    private let kind: Kind
    private let dataset: Dataset
    /// The place of the input that is changed.
    let input: Int
    private let column: Column
    /// The type of a mixed target: a share for each class; `nil` where targets stay as they are.
    let targetRow: TensorType?
    private var shares: [MixShare] = []

    /// `nil` if there is nothing to do.
    ///
    /// - Parameter key: that of the epoch
    init?(_ dataset: Dataset, _ augmentations: [Augmentation], key: RandomKey) {
        guard !augmentations.isEmpty else { return nil }
        self.dataset = dataset
        input = orStop { () throws(DatasetError) in try dataset.augmentedInput() }
        column = dataset.inputColumns[input].column
        kind =
            column.row.elementType == .uint8
            ? .bytes(Augmenter(dataset, column, augmentations, key: key))
            : .numbers(Augmenter(dataset, column, augmentations, key: key))
        targetRow =
            augmentations.contains(where: \.mixesSamples) ? TensorType([dataset.classCount], .float32) : nil
    }

    /// Writes samples, and where they are mixed the fractions of classes and the weights.
    func render(_ samples: ArraySlice<Int>, into inputs: Buffer, targets: Buffer? = nil, weights: Buffer? = nil) throws
    {
        let target = dataset.targetColumns[0]
        let known = dataset.weights?.buffer.start.assumingMemoryBound(to: Float.self)
        for (index, sample) in samples.enumerated() {
            let image = inputs.start + index * column.rowByteCount
            if index + 2 < samples.count {
                column.prefetch(dataset.rows[samples[samples.startIndex + index + 2]])
            }
            switch kind {
            case .bytes(let augmenter): try augmenter.render(sample, into: image, &shares)
            case .numbers(let augmenter): try augmenter.render(sample, into: image, &shares)
            }
            guard let targets else { continue }
            let fractions = targets.start.assumingMemoryBound(to: Float.self) + index * dataset.classCount
            fractions.update(repeating: 0, count: dataset.classCount)
            for part in shares { fractions[try target.label(part.row)] += Float(part.share) }
            guard let weights, let known else { continue }
            weights.start.assumingMemoryBound(to: Float.self)[index] = Float(
                shares.reduce(0) { $0 + $1.share * Double(known[$1.row]) })
        }
    }
}
