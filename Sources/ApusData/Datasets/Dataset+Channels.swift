import ApusBackend
import ApusFormats
import ApusGraph

/// What is measured of each channel: of each place of the samples' last axis.
extension Dataset {
    /// The length of the last axis; 1 for samples that are single numbers.
    var channelCount: Int { sampleShape.dimensions.last ?? 1 }

    /// Mean and deviation of each channel.
    ///
    /// - Parameter done: what the features are to be, for messages: `standardized`
    func channelMoments(_ done: String) throws(DatasetError) -> [(mean: Double, deviation: Double)] {
        try checkElements(done)
        let channels = channelCount
        let pixels = Double(count * (sampleShape.count / channels))
        var sums = Array(repeating: 0.0, count: channels)
        try forEachSample { values in
            for index in values.indices { sums[index % channels] += values[index] }
        }
        let means = sums.map { $0 / pixels }
        var squares = Array(repeating: 0.0, count: channels)
        try forEachSample { values in
            for index in values.indices {
                let distance = values[index] - means[index % channels]
                squares[index % channels] += distance * distance
            }
        }
        let moments = zip(means, squares).map { (mean: $0, deviation: ($1 / pixels).squareRoot()) }
        try checkFinite(moments.map { ($0.mean, $0.deviation) }, done, ("mean", "standard deviation"))
        return moments
    }

    /// The least and the largest element of each channel.
    func channelRanges(_ done: String) throws(DatasetError) -> [(minimum: Double, maximum: Double)] {
        try checkElements(done)
        let channels = channelCount
        var ranges = Array(repeating: (minimum: Double.infinity, maximum: -Double.infinity), count: channels)
        try forEachSample { values in
            for index in values.indices {
                let channel = index % channels
                // A NaN shall show.
                let isBroken = values[index].isNaN
                ranges[channel].minimum = isBroken ? .nan : min(ranges[channel].minimum, values[index])
                ranges[channel].maximum = isBroken ? .nan : max(ranges[channel].maximum, values[index])
            }
        }
        try checkFinite(ranges.map { ($0.minimum, $0.maximum) }, done, ("minimum", "maximum"))
        return ranges
    }

    /// Calls with the elements of each sample.
    private func forEachSample(_ body: ([Double]) -> Void) throws(DatasetError) {
        let scratch = features.makeScratch()
        for row in rows {
            let start = try bytes(row, scratch).baseAddress!
            switch elementType {
            case .uint8:
                body(UnsafeRawBufferPointer(start: start, count: features.rowByteCount).map(Double.init))
            case .float32:
                let values = start.assumingMemoryBound(to: Float.self)
                body(UnsafeBufferPointer(start: values, count: sampleShape.count).map(Double.init))
            case .float64:
                let values = start.assumingMemoryBound(to: Double.self)
                body(Array(UnsafeBufferPointer(start: values, count: sampleShape.count)))
            default: body(features.tensor(row).scalars(as: Double.self))
            }
        }
    }

    /// The bytes of one row of memory.
    func bytes(_ row: Int, _ scratch: Buffer?) throws(DatasetError) -> UnsafeRawBufferPointer {
        do {
            return UnsafeRawBufferPointer(
                start: try features.pointer(row, scratch: scratch?.start), count: features.rowByteCount)
        } catch let error as FormatError {
            throw DatasetError(
                .malformed, "\(error.path): \(error.problem)", expected: error.expected, received: error.received,
                remedy: error.remedy)
        } catch {
            throw DatasetError(.malformed, "a sample can't be read: \(error)", remedy: "Replace or remove its file.")
        }
    }

    private func checkElements(_ done: String) throws(DatasetError) {
        guard count > 0, sampleShape.count > 0 else {
            throw DatasetError(
                .impossible, "an empty data set can't be \(done)", received: "\(self)",
                remedy: "Give at least one sample.")
        }
    }

    private func checkFinite(
        _ numbers: [(Double, Double)], _ done: String, _ names: (String, String)
    ) throws(DatasetError) {
        guard let channel = numbers.firstIndex(where: { !$0.0.isFinite || !$0.1.isFinite }) else { return }
        throw DatasetError(
            .malformed, "the features can't be \(done)", expected: "finite numbers",
            received: "\(names.0) \(numbers[channel].0), \(names.1) \(numbers[channel].1) in channel \(channel)",
            remedy: "Remove the samples that contain NaN or infinite numbers"
                + (try firstBroken().map { "; the first is sample \($0)." } ?? "."))
    }

    /// The first sample that holds a number that is none, or an infinite one.
    private func firstBroken() throws(DatasetError) -> Int? {
        var (sample, found) = (0, Int?.none)
        try forEachSample { values in
            if found == nil, !values.allSatisfy(\.isFinite) { found = sample }
            sample += 1
        }
        return found
    }
}
