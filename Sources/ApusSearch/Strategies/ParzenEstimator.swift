import Foundation

/// A density over assignments: one kernel around each observed assignment and an even one, the prior.
///
/// A kernel is a product over paths: a normal distribution cut off at the ends, or probabilities of choices. The last
/// 25 observations weigh 1, older ones less the older they are. The numbers are those of Optuna.
package struct ParzenEstimator {
    private let space: SearchSpace
    private let weights: [Double]
    private let logWeights: [Double]
    private let kernels: [DimensionKernels]

    /// - Parameter observed: Assignments of the space, the oldest first.
    package init(_ observed: [Assignment], in space: SearchSpace, priorWeight: Double) {
        self.space = space
        weights = observed.isEmpty ? [1] : Self.normalized(Self.weights(observed.count) + [priorWeight])
        logWeights = weights.map { log($0) }
        kernels = space.dimensions.map { dimension in
            let values = observed.map { dimension.domain.coordinate($0[dimension.path]) }
            if let axis = dimension.domain.axis { return .numbers(NumberKernels(values, on: axis)) }
            return .choices(
                ChoiceKernels(values.map { Int($0) }, of: dimension.domain.choices.count, priorWeight: priorWeight))
        }
    }

    /// The weights of observations, the oldest first: a ramp from 1/n to 1, then 25 ones.
    private static func weights(_ count: Int) -> [Double] {
        (0..<count).map { index in
            let rampCount = count - 25
            guard index < rampCount else { return 1 }
            let start = 1 / Double(count)
            return rampCount == 1 ? start : start + (1 - start) * Double(index) / Double(rampCount - 1)
        }
    }

    private static func normalized(_ weights: [Double]) -> [Double] {
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    /// An assignment drawn from the density.
    func sample(using random: inout SearchRandom) -> Assignment {
        let kernel = random.index(weights: weights)
        var assignment = Assignment()
        for (dimension, kernels) in zip(space.dimensions, kernels) {
            let coordinate = kernels.sample(kernel, using: &random)
            assignment[dimension.path] = dimension.domain.value(coordinate: coordinate)
        }
        return assignment
    }

    /// The logarithm of the density at an assignment; where values have a step, of the probability of their cell.
    package func logDensity(_ assignment: Assignment) -> Double {
        var logs = logWeights
        for (dimension, kernels) in zip(space.dimensions, kernels) {
            kernels.addLogDensities(dimension.domain.coordinate(assignment[dimension.path]), to: &logs)
        }
        let greatest = logs.max() ?? 0
        return greatest + log(logs.reduce(0) { $0 + exp($1 - greatest) })
    }
}

/// The kernels of one path.
private enum DimensionKernels {
    case numbers(NumberKernels)
    case choices(ChoiceKernels)

    func sample(_ kernel: Int, using random: inout SearchRandom) -> Double {
        switch self {
        case .numbers(let kernels): kernels.sample(kernel, using: &random)
        case .choices(let kernels): Double(kernels.sample(kernel, using: &random))
        }
    }

    func addLogDensities(_ value: Double, to logs: inout [Double]) {
        switch self {
        case .numbers(let kernels): kernels.addLogDensities(value, to: &logs)
        case .choices(let kernels): kernels.addLogDensities(Int(value), to: &logs)
        }
    }
}

extension Domain {
    /// The values of a choice.
    var choices: [Setting] { if case .choice(let domain) = self { domain.values } else { [] } }

    /// A value as a number: that of a choice is its index.
    func coordinate(_ value: Setting?) -> Double {
        guard axis == nil else { return value?.number ?? 0 }
        return Double(choices.firstIndex { value?.isSame(as: $0) == true } ?? 0)
    }

    func value(coordinate: Double) -> Setting { axis == nil ? choices[Int(coordinate)] : setting(coordinate) }
}

extension SearchRandom {
    /// An index drawn by weights that sum to one.
    mutating func index(weights: [Double]) -> Int {
        var rest = uniform()
        for (index, weight) in weights.enumerated() {
            rest -= weight
            if rest < 0 { return index }
        }
        return weights.count - 1
    }
}
