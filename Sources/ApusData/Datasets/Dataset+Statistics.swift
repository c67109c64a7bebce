import ApusBackend
import ApusGraph

extension Dataset {
    /// The normalization that gives the features of these samples mean 0 and variance 1, over all elements together.
    ///
    /// Measure it on the training part only. Features whose elements are all equal are only centred.
    ///
    /// - Throws: `DatasetError` if there are no elements, or one is not finite.
    public func measuredStandardization() throws(DatasetError) -> Preprocessing {
        guard count > 0, sampleShape.count > 0 else {
            throw DatasetError(
                .impossible, "an empty data set has no mean", received: "\(self)", remedy: "Give at least one sample.")
        }
        let (mean, deviation) =
            elementType == .uint8
            ? Dataset.moments(counts: try byteCounts()) : Dataset.moments(count: count, of: values(at:))
        guard mean.isFinite, deviation.isFinite else {
            throw DatasetError(
                .malformed, "the features can't be standardized", expected: "finite numbers",
                received: "mean \(mean), standard deviation \(deviation)",
                remedy: "Remove the samples that contain NaN or infinite numbers.")
        }
        return .standardizing(mean: mean, standardDeviation: deviation > 0 ? deviation : 1)
    }

    /// How often each byte occurs.
    private func byteCounts() throws(DatasetError) -> [Int] {
        let scratch = features.makeScratch()
        var counts = Array(repeating: 0, count: 256)
        for row in rows {
            for byte in try bytes(row, scratch) { counts[Int(byte)] += 1 }
        }
        return counts
    }

    private static func moments(counts: [Int]) -> (mean: Double, deviation: Double) {
        let count = Double(counts.reduce(0, +))
        let mean = counts.enumerated().reduce(0) { $0 + Double($1.offset * $1.element) } / count
        let squares = counts.enumerated().reduce(0) { sum, entry in
            let distance = Double(entry.offset) - mean
            return sum + distance * distance * Double(entry.element)
        }
        return (mean, (squares / count).squareRoot())
    }

    /// The elements of one sample.
    private func values(at index: Int) -> [Double] { features(at: index).scalars(as: Double.self) }

    private static func moments(count: Int, of values: (Int) -> [Double]) -> (mean: Double, deviation: Double) {
        var elements = 0
        var sum = 0.0
        for index in 0..<count {
            let values = values(index)
            elements += values.count
            sum = values.reduce(sum, +)
        }
        let mean = sum / Double(elements)
        var squares = 0.0
        for index in 0..<count {
            squares = values(index).reduce(squares) { $0 + ($1 - mean) * ($1 - mean) }
        }
        return (mean, (squares / Double(elements)).squareRoot())
    }
}
