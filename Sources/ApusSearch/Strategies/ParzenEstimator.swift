import Foundation

/// A density over numbers: normal distributions around observations and a wide one in the middle, cut off at the ends.
///
/// The width at an observation is the greater distance to its neighbours, but at least 1/min(100, 1 + n) of the range. The
/// last 25 observations weigh 1, older ones less the older they are.
struct ParzenEstimator {
    private let axis: Axis
    private let weights: [Double]
    private let means: [Double]
    private let deviations: [Double]
    /// The share of each normal distribution that lies inside the ends.
    private let masses: [Double]

    /// - Parameter values: Observed numbers, the oldest first.
    init(_ values: [Double], on axis: Axis, priorWeight: Double) {
        self.axis = axis
        let (low, high) = (axis.positions.lowerBound, axis.positions.upperBound)
        let means = values.map { min(max(axis.position($0), low), high) } + [low + axis.length / 2]
        let order = means.indices.sorted { means[$0] != means[$1] ? means[$0] < means[$1] : $0 < $1 }
        let least = axis.length / Double(min(100, 1 + means.count))
        var deviations = means.map { _ in axis.length }
        for (rank, index) in order.enumerated() where index != means.count - 1 {
            let left = rank == 0 ? nil : means[index] - means[order[rank - 1]]
            let right = rank == order.count - 1 ? nil : means[order[rank + 1]] - means[index]
            deviations[index] = min(max(left ?? 0, right ?? 0, least), axis.length)
        }
        self.means = means
        self.deviations = deviations
        weights = Self.normalized(Self.weights(values.count) + [priorWeight])
        masses = zip(means, deviations).map { Self.mass(low...high, mean: $0, deviation: $1) }
    }

    /// The weights of observations, the oldest first: a ramp from 1/n to 1, then 25 ones.
    static func weights(_ count: Int) -> [Double] {
        (0..<count).map { index in
            let rampCount = count - 25
            guard index < rampCount else { return 1 }
            let start = 1 / Double(count)
            return rampCount == 1 ? start : start + (1 - start) * Double(index) / Double(rampCount - 1)
        }
    }

    static func normalized(_ weights: [Double]) -> [Double] {
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    /// The probability of an interval under a normal distribution.
    private static func mass(_ interval: ClosedRange<Double>, mean: Double, deviation: Double) -> Double {
        guard deviation > 0 else { return 1 }
        let scale = 1 / (deviation * 2.0.squareRoot())
        let (a, b) = ((interval.lowerBound - mean) * scale, (interval.upperBound - mean) * scale)
        // On the side where the tail is small, so that the difference keeps its digits.
        return a > 0 ? (erfc(a) - erfc(b)) / 2 : (erfc(-b) - erfc(-a)) / 2
    }

    /// A number drawn from the density.
    func sample(using random: inout SearchRandom) -> Double {
        let index = CategoricalEstimator.draw(weights, using: &random)
        for _ in 0..<100 {
            let position = means[index] + deviations[index] * random.normal()
            if axis.positions.contains(position) { return axis.value(at: position) }
        }
        return axis.value(at: means[index])
    }

    /// The logarithm of the density at a number, or of the probability of its cell.
    func logDensity(_ value: Double) -> Double {
        let position = axis.position(value)
        let cell = axis.cell(value)
        var density = 0.0
        for index in weights.indices {
            let (mean, deviation) = (means[index], deviations[index])
            guard deviation > 0, masses[index] > 0 else { continue }
            if let cell {
                density += weights[index] * Self.mass(cell, mean: mean, deviation: deviation) / masses[index]
            } else {
                let z = (position - mean) / deviation
                density += weights[index] * exp(-z * z / 2) / (deviation * (2 * .pi).squareRoot() * masses[index])
            }
        }
        return log(max(density, .leastNormalMagnitude))
    }
}

/// Probabilities of values without an order: observed ones more, each at least a little.
struct CategoricalEstimator {
    let probabilities: [Double]

    /// - Parameter observed: Observed values, the oldest first.
    init(_ observed: [Scalar], of values: [Scalar], priorWeight: Double) {
        let weights = ParzenEstimator.normalized(ParzenEstimator.weights(observed.count) + [priorWeight])
        // Each observation is a distribution of its own, with a share of the prior for values that it did not see.
        let share = priorWeight / Double(observed.count + 1)
        let sum = 1 + share * Double(values.count)
        var probabilities = values.map { _ in (weights.last ?? 1) / Double(values.count) }
        for (value, weight) in zip(observed, weights) {
            for index in values.indices {
                probabilities[index] += weight * (share + (values[index].isSame(as: value) ? 1 : 0)) / sum
            }
        }
        self.probabilities = probabilities
    }

    func sample(using random: inout SearchRandom) -> Int { Self.draw(probabilities, using: &random) }

    /// An index drawn by weights that sum to one.
    static func draw(_ weights: [Double], using random: inout SearchRandom) -> Int {
        var rest = random.uniform()
        for (index, weight) in weights.enumerated() {
            rest -= weight
            if rest < 0 { return index }
        }
        return weights.count - 1
    }
}
