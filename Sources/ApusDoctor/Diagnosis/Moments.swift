/// Mean and variance of numbers; 0 of none.
struct Moments {
    let count: Int
    let mean: Double
    private let squares: Double

    init(_ values: some Collection<Double>) {
        count = values.count
        let mean = values.reduce(0, +) / Double(max(1, count))
        self.mean = mean
        squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    }

    /// Of the numbers themselves.
    var variance: Double { squares / Double(max(1, count)) }
    var deviation: Double { variance.squareRoot() }
    /// Of what they are a sample of.
    var sampleVariance: Double { squares / Double(max(1, count - 1)) }
    /// That of the mean.
    var squaredError: Double { sampleVariance / Double(max(1, count)) }
}
