import Apus

/// How the outputs of a layer, [samples, units], are spread: over everything, and within each unit.
struct Spread {
    private let values: [Float]
    private let spread: UnitSpread
    /// The standard deviation of all values together.
    var pooled: Double { spread.pooled }
    /// The mean over units of each unit's standard deviation over the samples.
    var within: Double { spread.within }

    init(_ outputs: Tensor) { (values, spread) = (outputs.scalars, UnitSpread(outputs)) }

    /// The greatest value.
    var greatest: Double { Double(values.max() ?? 0) }

    /// The share of the values for which something is true.
    func share(where isTrue: (Float) -> Bool) -> Double { Double(values.count(where: isTrue)) / Double(values.count) }

    /// How many values fall into each of 30 bins of equal width; those outside count to none.
    func counts(in range: ClosedRange<Double>) -> [Double] { Spread.counts(values.map(Double.init), in: range) }

    /// The same of the values minus the mean of their unit.
    func deviationCounts(in range: ClosedRange<Double>) -> [Double] {
        let means = spread.unitMeans
        return Spread.counts(values.enumerated().map { Double($1) - means[$0 % means.count] }, in: range)
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
