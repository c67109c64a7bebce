import ApusBackend
import ApusConfiguration
import ApusGraph
import ApusTensor

/// Samples whose numbers stand in another order.
extension Dataset {
    /// The same samples with their pixels or features in another order, the same for all samples; a pure function of the seed.
    ///
    /// A network of dense layers learns from them as well as before, a convolutional one loses the neighbours that it lives on. What
    /// was trained on shuffled samples is measured on samples that are shuffled by the same seed:
    ///
    /// ```swift
    /// let images = try Dataset(inputs: Tensor.normal([8, 4, 4, 1], key: RandomKey(seed: 1)), labels: [0, 1, 0, 1, 0, 1, 0, 1])
    /// let shuffled = try images.permutingFeatures(seed: 7)
    /// print(shuffled.sampleShape)   // [4, 4, 1]
    /// ```
    ///
    /// - Throws: `DatasetError` as `permutingFeatures(by:)`.
    public func permutingFeatures(seed: UInt64) throws -> Dataset {
        try permutingFeatures(by: RandomKey(seed: seed).child("pixels").permutation(placeCount))
    }

    /// The same samples with their pixels or features in a given order: place i has what was in place `order[i]`.
    ///
    /// A place of images [H, W, C] or larger is a pixel, whose channels stay together; a place of other samples is one number. Samples stay
    /// as they are stored; what is read from files is put in order when it is read. Columns of tables keep their names and scaling.
    ///
    /// - Throws: `DatasetError` unless the order has each place once; for samples of several inputs, and for rows of rows that are
    ///   scaled by column.
    public func permutingFeatures(by order: [Int]) throws -> Dataset {
        guard inputColumns.count == 1 else {
            throw DatasetError(
                .impossible, "samples of several inputs have no one order of their numbers",
                expected: "samples of one input",
                received: inputNames.asNames, remedy: "Put the input in order where the samples are made.")
        }
        let count = placeCount
        guard order.count == count, Set(order) == Set(0..<count) else {
            throw DatasetError(
                .impossible, "this is no order of the places of a sample",
                expected: "each of 0..<\(count) once, for samples \(sampleShape)",
                received: order.count == count ? "\(count) numbers with others among them" : "\(order.count) numbers",
                remedy: "Give a permutation, or a seed.")
        }
        let input = inputColumns[0]
        var scaling = preprocessing[input.name]
        if scaling.scales.count > 1 {
            switch sampleShape.rank {
            case 1: scaling = scaling.selecting(order)
            case 2:
                throw DatasetError(
                    .impossible, "numbers that are scaled by column can't be put in other columns",
                    expected: "one scale for all columns", received: "\(scaling.scales.count) scales",
                    remedy: "Scale the samples by one number, or put their rows in order.")
            default: break  // by channels, which stay together
            }
        }
        let row = input.column.row
        var column = input
        column.column = Column(
            PermutedRows(base: input.column, order: order, width: row.byteCount / Swift.max(1, count)), row: row,
            limit: 0)
        if column.features.count == count { column.features = order.map { input.features[$0] } }
        var permuted = replacing(inputs: [column])
        permuted.preprocessing = preprocessing.named.isEmpty ? scaling : Preprocessing(named: [input.name: scaling])
        return isInMemory ? try permuted.inMemory() : permuted
    }

    /// The pixels of an image; the numbers of other samples.
    private var placeCount: Int {
        sampleShape.rank >= 3 ? sampleShape.dimensions.dropLast().reduce(1, *) : sampleShape.count
    }
}

/// The rows of a column with their parts in another order.
private struct PermutedRows: RowReader {
    let base: Column
    let order: [Int]
    /// The bytes of a part.
    let width: Int

    func read(_ row: Int, into target: UnsafeMutableRawPointer) throws {
        let scratch = base.makeScratch()
        try withExtendedLifetime(scratch) {
            let source = try base.pointer(row, scratch: scratch?.start)
            for (place, other) in order.enumerated() {
                (target + place * width).copyMemory(from: source + other * width, byteCount: width)
            }
        }
    }

    func signature(of row: Int) -> [UInt8] { orderBytes + (base.cache?.reader.signature(of: row) ?? bytes(row)) }

    func version(of row: Int) -> [UInt8]? {
        guard let cache = base.cache else { return orderBytes + bytes(row) }
        return cache.reader.version(of: row).map { orderBytes + $0 }
    }

    private func bytes(_ row: Int) -> [UInt8] { Array(base.bytesInMemory(row)) }

    private var orderBytes: [UInt8] {
        order.flatMap { place in (0..<4).map { UInt8(truncatingIfNeeded: place >> (8 * $0)) } }
    }
}
