import Foundation

/// How often numbers fell into each of some intervals.
///
/// ```swift
/// let counted = Distribution(values: [0.1, 0.2, 0.2, 0.9], bins: 4, range: 0...1)
/// print(counted.counts)   // [3.0, 0.0, 0.0, 1.0]
/// ```
public struct Distribution: Sendable, Hashable {
    /// The borders of the bins, ascending: one more than there are counts.
    public var edges: [Double]
    /// How many numbers fell between `edges[i]` and `edges[i + 1]`.
    public var counts: [Double]

    /// Bins that are counted already; what does not match (surplus counts, bins without width) is not drawn.
    public init(edges: [Double], counts: [Double]) {
        self.edges = edges
        self.counts = counts
    }

    /// Counts numbers into bins of equal width. Numbers that are not finite or lie outside of the range are left out.
    ///
    /// - Parameters:
    ///   - values: The numbers that are counted.
    ///   - bins: How many bins; about 2·∛n, between 11 and 61, unless given.
    ///   - range: From the smallest to the largest number unless given.
    public init(values: [Double], bins: Int? = nil, range: ClosedRange<Double>? = nil) {
        var extent = Extent()
        extent.add(values, on: "")
        // An odd number, so that what lies around zero has a bin of its own.
        let automatic = Int(2 * cbrt(Double(values.count))) | 1
        let count = min(max(bins ?? min(max(automatic, 11), 61), 1), 10_000)
        let scale = Scale(Axis("", range: range), fitting: extent)
        let width = scale.upper / Double(count) - scale.lower / Double(count)
        edges = (0...count).map { $0 == count ? scale.upper : scale.lower + width * Double($0) }
        var counts = [Double](repeating: 0, count: count)
        for value in values where value >= scale.lower && value <= scale.upper {
            let place = (value / Double(count) - scale.lower / Double(count)) / width * Double(count)
            counts[min(max(Int(place), 0), count - 1)] += 1
        }
        self.counts = counts
    }

    /// As above, for the numbers that networks hold.
    public init(values: [Float], bins: Int? = nil, range: ClosedRange<Double>? = nil) {
        self.init(values: values.map(Double.init), bins: bins, range: range)
    }

    struct Bin {
        var lower: Double
        var upper: Double
        var count: Double
        var middle: Double { lower / 2 + upper / 2 }
        var width: Double { upper - lower }
    }

    /// The bins that can be drawn.
    var bins: [Bin] {
        zip(zip(edges, edges.dropFirst()), counts).compactMap { border, count in
            let bin = Bin(lower: border.0, upper: border.1, count: count)
            let isSound = abs(bin.lower) <= 1e300 && abs(bin.upper) <= 1e300 && bin.lower < bin.upper
            return isSound && count.isFinite && count >= 0 && count <= 1e300 ? bin : nil
        }
    }
}

/// The distribution of one quantity at one step of training.
///
/// ```swift
/// let first = DistributionAtStep(step: 0, Distribution(values: [0.1, 0.2, 0.3]))
/// let later = DistributionAtStep(step: 100, Distribution(values: [0.1, 0.4, 0.9]))
/// let chart = RidgeChart("Weights", x: "Value", steps: [first, later])
/// ```
public struct DistributionAtStep: Sendable, Hashable {
    /// When: an epoch, or a number of updates.
    public var step: Double
    /// The distribution of the quantity then.
    public var distribution: Distribution

    /// Creates a value; arguments set the properties of their names.
    public init(step: Double, _ distribution: Distribution) {
        self.step = step
        self.distribution = distribution
    }
}
