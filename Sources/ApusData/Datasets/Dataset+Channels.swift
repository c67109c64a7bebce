import ApusBackend
import ApusGraph

/// What is measured of each channel: of each place of the samples' last axis.
extension Dataset {
    /// Mean and deviation of each channel of an input.
    ///
    /// - Parameter done: what the features are to be, for messages: `standardized`
    func channelMoments(_ column: Column, _ done: String) throws(DatasetError) -> [(mean: Double, deviation: Double)] {
        try checkElements(column, done)
        let channels = column.channelCount
        let pixels = Double(count * (column.row.shape.count / channels))
        var sums = Array(repeating: 0.0, count: channels)
        try forEachSample(column) { values in
            for index in values.indices { sums[index % channels] += values[index] }
        }
        let means = sums.map { $0 / pixels }
        var squares = Array(repeating: 0.0, count: channels)
        try forEachSample(column) { values in
            for index in values.indices {
                let distance = values[index] - means[index % channels]
                squares[index % channels] += distance * distance
            }
        }
        let moments = zip(means, squares).map { (mean: $0, deviation: ($1 / pixels).squareRoot()) }
        try checkFinite(column, moments.map { ($0.mean, $0.deviation) }, done, ("mean", "standard deviation"))
        return moments
    }

    /// The least and the largest element of each channel.
    func channelRanges(_ column: Column, _ done: String) throws(DatasetError) -> [(minimum: Double, maximum: Double)] {
        try checkElements(column, done)
        let channels = column.channelCount
        var ranges = Array(repeating: (minimum: Double.infinity, maximum: -Double.infinity), count: channels)
        try forEachSample(column) { values in
            for index in values.indices {
                let channel = index % channels
                // A NaN shall show.
                let isBroken = values[index].isNaN
                ranges[channel].minimum = isBroken ? .nan : min(ranges[channel].minimum, values[index])
                ranges[channel].maximum = isBroken ? .nan : max(ranges[channel].maximum, values[index])
            }
        }
        try checkFinite(column, ranges.map { ($0.minimum, $0.maximum) }, done, ("minimum", "maximum"))
        return ranges
    }

    /// Calls with the elements of each sample.
    func forEachSample(_ column: Column, _ body: ([Double]) -> Void) throws(DatasetError) {
        let scratch = column.makeScratch()
        let count = column.row.shape.count
        for row in rows {
            let start = try bytes(column, row, scratch).baseAddress!
            switch column.row.elementType {
            case .uint8:
                body(UnsafeRawBufferPointer(start: start, count: count).map(Double.init))
            case .float32:
                let values = start.assumingMemoryBound(to: Float.self)
                body(UnsafeBufferPointer(start: values, count: count).map(Double.init))
            case .float64:
                let values = start.assumingMemoryBound(to: Double.self)
                body(Array(UnsafeBufferPointer(start: values, count: count)))
            default: body(column.tensor(row).scalars(as: Double.self))
            }
        }
    }

    /// The bytes of one row of an input.
    func bytes(_ column: Column, _ row: Int, _ scratch: Buffer?) throws(DatasetError) -> UnsafeRawBufferPointer {
        try DatasetError.wrapping {
            UnsafeRawBufferPointer(
                start: try column.pointer(row, scratch: scratch?.start), count: column.rowByteCount)
        }
    }

    private func checkElements(_ column: Column, _ done: String) throws(DatasetError) {
        guard count > 0, column.row.shape.count > 0 else {
            throw DatasetError(
                .impossible, "an empty data set can't be \(done)", received: "\(self)",
                remedy: "Give at least one sample.")
        }
    }

    private func checkFinite(
        _ column: Column, _ numbers: [(Double, Double)], _ done: String, _ names: (String, String)
    ) throws(DatasetError) {
        guard let channel = numbers.firstIndex(where: { !$0.0.isFinite || !$0.1.isFinite }) else { return }
        throw DatasetError(
            .malformed, "the features can't be \(done)", expected: "finite numbers",
            received: "\(names.0) \(numbers[channel].0), \(names.1) \(numbers[channel].1) in channel \(channel)",
            remedy: "Remove the samples that contain NaN or infinite numbers"
                + (try firstBroken(column).map { "; the first is sample \($0)." } ?? "."))
    }

    /// The first sample that holds a number that is none, or an infinite one.
    private func firstBroken(_ column: Column) throws(DatasetError) -> Int? {
        var (sample, found) = (0, Int?.none)
        try forEachSample(column) { values in
            if found == nil, !values.allSatisfy(\.isFinite) { found = sample }
            sample += 1
        }
        return found
    }
}

extension Column {
    /// The length of the last axis; 1 for samples that are single numbers.
    var channelCount: Int { row.shape.dimensions.last ?? 1 }
}
