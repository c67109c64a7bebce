import Foundation

/// Normal distributions around observed numbers, and a wide one in the middle, cut off at the ends of an axis.
///
/// The width at an observation is the greater distance to its neighbours, but at least 1/min(100, 2 + n) of the range.
struct NumberKernels {
    private let axis: Axis
    private let means: [Double]
    private let deviations: [Double]
    /// The fraction of each normal distribution that lies inside the ends.
    private let masses: [Double]

    init(_ values: [Double], on axis: Axis) {
        self.axis = axis
        let ends = axis.positions
        let observed = values.map { min(max(axis.position($0), ends.lowerBound), ends.upperBound) }
        means = observed + [ends.lowerBound + axis.length / 2]
        deviations = Self.widths(observed, ends) + [axis.length]
        masses = zip(means, deviations).map { Self.mass(ends, mean: $0, deviation: $1) }
    }

    /// The greater distance to the neighbours; a single observation has the ends as neighbours.
    private static func widths(_ observed: [Double], _ ends: ClosedRange<Double>) -> [Double] {
        let length = ends.upperBound - ends.lowerBound
        let least = length / Double(min(100, 2 + observed.count))
        let order = observed.indices.sorted { observed[$0] != observed[$1] ? observed[$0] < observed[$1] : $0 < $1 }
        var widths = observed
        for (rank, index) in order.enumerated() {
            let isAlone = observed.count == 1
            let left = rank > 0 ? observed[order[rank - 1]] : isAlone ? ends.lowerBound : observed[index]
            let right = rank + 1 < order.count ? observed[order[rank + 1]] : isAlone ? ends.upperBound : observed[index]
            widths[index] = min(max(observed[index] - left, right - observed[index], least), length)
        }
        return widths
    }

    /// The probability of an interval under a normal distribution.
    private static func mass(_ interval: ClosedRange<Double>, mean: Double, deviation: Double) -> Double {
        guard deviation > 0 else { return 1 }
        let scale = 1 / (deviation * 2.0.squareRoot())
        let (a, b) = ((interval.lowerBound - mean) * scale, (interval.upperBound - mean) * scale)
        // On the side where the tail is small, so that the difference keeps its digits.
        return a > 0 ? (erfc(a) - erfc(b)) / 2 : (erfc(-b) - erfc(-a)) / 2
    }

    /// A number drawn from one kernel.
    func sample(_ kernel: Int, using random: inout SearchRandom) -> Double {
        // At least a third of each kernel lies inside the ends.
        for _ in 0..<100 {
            let position = means[kernel] + deviations[kernel] * random.normal()
            if axis.positions.contains(position) { return axis.value(at: position) }
        }
        return axis.value(at: means[kernel])
    }

    /// Adds each kernel's logarithm of the density at a number, or of the probability of its cell.
    func addLogDensities(_ value: Double, to logs: inout [Double]) {
        guard axis.length > 0 else { return }
        let position = axis.position(value)
        let cell = axis.cell(value)
        for index in logs.indices {
            let (mean, deviation) = (means[index], deviations[index])
            if let cell {
                let mass = Self.mass(cell, mean: mean, deviation: deviation) / masses[index]
                logs[index] += log(max(mass, .leastNormalMagnitude))
            } else {
                let z = (position - mean) / deviation
                logs[index] -= z * z / 2 + log(deviation * (2 * .pi).squareRoot() * masses[index])
            }
        }
    }
}

/// Probabilities of choices: in each kernel the observed one more, every other at least a little; the last kernel is
/// even.
struct ChoiceKernels {
    private let observed: [Int]
    private let count: Int
    /// What each choice has of the prior, the observed one having 1 more.
    private let share: Double

    init(_ observed: [Int], of count: Int, priorWeight: Double) {
        self.observed = observed
        self.count = count
        share = priorWeight / Double(observed.count + 1)
    }

    func sample(_ kernel: Int, using random: inout SearchRandom) -> Int {
        let isEven = kernel == observed.count || random.uniform() * (1 + share * Double(count)) >= 1
        return isEven ? random.index(below: count) : observed[kernel]
    }

    /// Adds each kernel's logarithm of the probability of a choice.
    func addLogDensities(_ choice: Int, to logs: inout [Double]) {
        let sum = 1 + share * Double(count)
        for index in observed.indices { logs[index] += log((share + (observed[index] == choice ? 1 : 0)) / sum) }
        logs[observed.count] -= log(Double(count))
    }
}
