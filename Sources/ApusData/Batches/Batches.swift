import ApusGraph
import ApusTensor

extension Dataset {
    /// The batches of an epoch.
    ///
    /// The order of the samples is a pure function of seed and epoch, and starting at batch k gives exactly the
    /// batches from k on.
    ///
    /// - Parameters:
    ///   - size: the number of samples of a batch; the last one has fewer if they do not divide
    ///   - epoch: the number of the epoch, from 0
    ///   - seed: the seed of the order and of the augmentations
    ///   - shuffled: whether every epoch has a random order of its own
    ///   - dropsRemainder: whether a last batch of fewer samples is left out
    ///   - batch: the number of the first batch to give, from 0
    ///   - ahead: the number of batches that a thread prepares in the background; 0 makes each when it is asked for
    ///   - augmentations: random changes of the samples, one after the other; those that do not fit the samples stop the
    ///     program, `check(_:)` throws for those that come from a file
    public func batches(
        of size: Int, epoch: Int, seed: UInt64, shuffled: Bool = true, dropsRemainder: Bool = false,
        startingAt batch: Int = 0, ahead: Int = 4, augmentations: [Augmentation] = []
    ) -> Batches {
        demand(size > 0, "a batch needs at least one sample, received the size \(size)")
        demand(batch >= 0, "batches are counted from 0, received the start \(batch)")
        let whole = count / size
        let end = dropsRemainder || count % size == 0 ? whole : whole + 1
        orStop { () throws(DatasetError) in try check(augmentations) }
        func key(_ stream: String) -> RandomKey {
            RandomKey(seed: seed).child(stream).child(UInt64(bitPattern: Int64(epoch)))
        }
        return Batches(
            dataset: self, size: max(1, min(size, count)), key: shuffled ? key("shuffle") : nil,
            augmentations: augmentations,
            augmentationKey: key("augment"), numbers: min(batch, end)..<end,
            ahead: max(0, min(ahead, end)))
    }
}

/// The batches of an epoch, made while they are iterated.
///
/// Samples that are read from files while batches are made may fail: the batches then end early, and `failure` says why.
///
/// Memory goes round: a batch that is dropped before the next one is asked for makes room for a later one; one that
/// is kept stays as it is.
///
/// ```swift
/// let batches = Dataset.moons(count: 500, seed: 1).batches(of: 64, epoch: 0, seed: 7)
/// print(batches.count)   // 8: the last one has 52 samples
/// for batch in batches { print(batch.targets.only.shape) }
/// try batches.checkFailure()
/// ```
public struct Batches: Sequence, Sendable {
    let dataset: Dataset
    let size: Int
    /// What the order is drawn from; in the data set's order without it.
    let key: RandomKey?
    let augmentations: [Augmentation]
    /// What augmentations are drawn from.
    let augmentationKey: RandomKey
    let numbers: Range<Int>
    let ahead: Int
    private let failureBox = FailureBox()

    init(
        dataset: Dataset, size: Int, key: RandomKey?, augmentations: [Augmentation], augmentationKey: RandomKey,
        numbers: Range<Int>, ahead: Int
    ) {
        self.dataset = dataset
        self.size = size
        self.key = key
        self.augmentations = augmentations
        self.augmentationKey = augmentationKey
        self.numbers = numbers
        self.ahead = ahead
    }

    /// The error of a sample that could not be read, such as a damaged image; the batches end before it.
    ///
    /// Ask for it after the last batch. There is never one where the samples are in memory.
    public var failure: (any Error)? { failureBox.error }

    /// Throws the error that ended the batches early, if one did.
    public func checkFailure() throws {
        if let failure { throw failure }
    }

    /// The number of batches, if all samples can be read.
    public var count: Int { numbers.count }
    /// The number of batches that there are in any case: none of samples that are yet to be read.
    public var underestimatedCount: Int { dataset.isInMemory ? count : 0 }

    public func makeIterator() -> Iterator {
        let gatherer = gatherer
        guard ahead > 0, count > 1, let thread = PreparingThread(gatherer, ahead: ahead) else {
            return Iterator(source: .direct(gatherer))
        }
        return Iterator(source: .prepared(thread))
    }

    /// Makes the batches one by one. At the same time live: those prepared, the one being made, and the caller's.
    package var gatherer: Gatherer {
        Gatherer(
            dataset, samples: key.map { $0.permutation(dataset.count) } ?? Array(0..<dataset.count),
            augmenter: AnyAugmenter(dataset, augmentations, key: augmentationKey), size: size, batches: numbers,
            live: ahead + 2, failure: failureBox)
    }

    /// Gives the batches in turn; the preparing thread ends with it.
    public struct Iterator: IteratorProtocol {
        enum Source {
            case direct(Gatherer)
            case prepared(PreparingThread)
        }

        let source: Source

        /// What the preparing thread fills, if there is one.
        package var queue: BatchQueue? {
            if case .prepared(let thread) = source { thread.queue } else { nil }
        }

        public mutating func next() -> Batch? {
            switch source {
            case .direct(let gatherer): gatherer.nextBatch()
            case .prepared(let thread): thread.queue.take()
            }
        }
    }
}
