public import ApusTensor

/// How the numbers of a layer are spread: over all of them together, and within each unit.
///
/// The pooled spread is wide where units differ from each other, although none of them may react to the samples. What a unit says of its
/// input is its spread over the samples: σ² of all numbers = mean of the units' σ² + variance of the units' means.
///
/// ```swift
/// // Two units: the first says nothing of the samples.
/// let spread = UnitSpread(Tensor([[5.0, 0], [5, 2], [5, 0], [5, 2]]))
/// print(spread.unitDeviations, spread.within)   // [0.0, 1.0] 0.5
/// print(spread.pooled > 2)                      // true
/// ```
public struct UnitSpread: Sendable, Hashable {
    /// The mean of all numbers.
    public let mean: Double
    /// The standard deviation of all numbers together.
    public let pooled: Double
    /// The mean over units of each unit's standard deviation over samples and positions.
    public let within: Double
    /// The mean of each unit over samples and positions.
    public let unitMeans: [Double]
    /// The standard deviation of each unit over samples and positions.
    public let unitDeviations: [Double]

    /// The spread of what a layer yields, or of the gradient to it.
    ///
    /// - Parameter outputs: [N, ..., units], the units or channels last; numbers that are not finite make results that are not.
    public init(_ outputs: Tensor) {
        self.init(
            outputs.elementType == .float32 ? outputs.scalars : outputs.cast(to: .float32).scalars,
            units: Swift.max(1, outputs.shape.dimensions.last ?? 1))
    }

    init(_ values: [Float], units: Int) {
        let samples = Double(values.count / units)
        var (sums, squares) = ([Double](repeating: 0, count: units), [Double](repeating: 0, count: units))
        var unit = 0
        for value in values {
            sums[unit] += Double(value)
            unit = unit + 1 == units ? 0 : unit + 1
        }
        let means = sums.map { $0 / samples }
        unit = 0
        for value in values {
            let deviation = Double(value) - means[unit]
            squares[unit] += deviation * deviation
            unit = unit + 1 == units ? 0 : unit + 1
        }
        let mean = means.reduce(0, +) / Double(units)
        let between = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(units)
        self.mean = mean
        unitMeans = means
        unitDeviations = squares.map { ($0 / samples).squareRoot() }
        within = unitDeviations.reduce(0, +) / Double(units)
        pooled = (squares.reduce(0, +) / Double(values.count) + between).squareRoot()
    }
}
