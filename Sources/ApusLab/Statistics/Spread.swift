import Apus

/// How the outputs of a layer, [samples, units], are spread: over everything, and within each unit.
struct Spread {
    private let values: [Float]
    private let units: Int
    private let means: [Double]
    /// The standard deviation of all values together.
    let pooled: Double
    /// The mean over units of each unit's standard deviation over the samples.
    let within: Double

    init(_ outputs: Tensor) {
        (values, units) = (outputs.scalars, outputs.shape[1])
        var (sums, squares) = ([Double](repeating: 0, count: units), [Double](repeating: 0, count: units))
        let samples = Double(outputs.shape[0])
        for (index, value) in values.enumerated() { sums[index % units] += Double(value) }
        let means = sums.map { $0 / samples }
        for (index, value) in values.enumerated() {
            let deviation = Double(value) - means[index % units]
            squares[index % units] += deviation * deviation
        }
        self.means = means
        let mean = means.reduce(0, +) / Double(units)
        let withinVariance = squares.reduce(0, +) / Double(values.count)
        let between = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(units)
        within = squares.reduce(0) { $0 + ($1 / samples).squareRoot() } / Double(units)
        pooled = (withinVariance + between).squareRoot()
    }

    /// The greatest value.
    var greatest: Double { Double(values.max() ?? 0) }

    /// The share of the values for which something is true.
    func share(where isTrue: (Float) -> Bool) -> Double { Double(values.count(where: isTrue)) / Double(values.count) }

    /// How many values fall into each of 30 bins of equal width; those outside count to none.
    func counts(in range: ClosedRange<Double>) -> [Double] { Spread.counts(values.map(Double.init), in: range) }

    /// The same of the values minus the mean of their unit.
    func deviationCounts(in range: ClosedRange<Double>) -> [Double] {
        Spread.counts(values.enumerated().map { Double($1) - means[$0 % units] }, in: range)
    }

    static func counts(_ values: [Double], in range: ClosedRange<Double>, bins: Int = 30) -> [Double] {
        var counts = [Double](repeating: 0, count: bins)
        let width = range.upperBound - range.lowerBound
        for value in values where range.contains(value) {
            let place = (value - range.lowerBound) / width * Double(bins)
            if place.isFinite { counts[min(bins - 1, Int(place))] += 1 }
        }
        return counts
    }
}
