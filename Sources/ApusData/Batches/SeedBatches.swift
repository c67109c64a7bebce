import ApusGraph
import ApusTensor

/// The samples of several trainings beside each other, each of which has an order of its own.
package struct SeedBatches: Sendable {
    /// The samples of all trainings, one training behind the other.
    private let samples: Dataset
    private let trainings: Int
    /// How many samples one training has.
    package let count: Int

    /// - Parameter datasets: one for each training, all of one count; those that are views of the same memory are not copied
    /// - Throws: `DatasetError` for data that can't be joined, or differ in their counts.
    package init(_ datasets: [Dataset]) throws {
        guard let first = datasets.first else { preconditionFailure("there is a training") }
        if let other = datasets.first(where: { $0.count != first.count }) {
            throw DatasetError(
                .impossible, "trainings side by side have batches of the same size",
                expected: "\(first.count.counted("sample")) in each data set", received: "\(other.count)",
                remedy: "Take as many samples for each.")
        }
        count = first.count
        trainings = datasets.count
        samples =
            datasets.allSatisfy(first.sharesMemory)
            ? first.view(datasets.flatMap(\.rows)) : try datasets.dropFirst().reduce(first) { try $0.appending($1) }
    }

    /// The batches of an epoch: each has a batch of every training, one behind the other, as `Dataset.batches` gives it for that seed.
    package func batches(of size: Int, epoch: Int, seeds: [UInt64]) throws -> Batches {
        let orders = seeds.map { seed in
            RandomKey(seed: seed).child("shuffle").child(UInt64(bitPattern: Int64(epoch))).permutation(count)
        }
        var places: [Int] = []
        places.reserveCapacity(count * trainings)
        for start in stride(from: 0, to: count, by: size) {
            for (training, order) in orders.enumerated() {
                for place in order[start..<min(start + size, count)] { places.append(training * count + place) }
            }
        }
        return try samples.subset(places).batches(of: size * trainings, epoch: epoch, seed: 0, shuffled: false)
    }
}

extension Dataset {
    /// Whether both are views of the same samples, scaled alike.
    fileprivate func sharesMemory(with other: Dataset) -> Bool {
        func isSame(_ a: Column, _ b: Column) -> Bool {
            a.row == b.row && a.buffer === b.buffer && a.cache === b.cache && a.offset == b.offset
        }
        return columns.count == other.columns.count && zip(columns, other.columns).allSatisfy(isSame)
            && zip(targetColumns, other.targetColumns).allSatisfy {
                $0.name == $1.name && $0.classNames == $1.classNames
            }
            && inputNames == other.inputNames && preprocessing == other.preprocessing
            && weights?.buffer === other.weights?.buffer
    }
}
