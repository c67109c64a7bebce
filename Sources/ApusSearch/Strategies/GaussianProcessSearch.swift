public import ApusConfiguration
import ApusBackend
import ApusTensor
import Foundation

/// Models the score by a Gaussian process and tries where the expected improvement is largest (Jones et al., 1998;
/// Snoek et al., 2012). For some hundreds of trials at most: the work grows with the cube of their number.
///
/// Numbers are scaled to [0, 1] on their scale; a choice becomes one coordinate per value. Trials that are still
/// running count with the score that the model expects of them, so that they are not proposed again; those that diverged are worse than
/// the worst by as much as that is worse than the best.
///
/// ```swift
/// let search = Search(
///     space: ["x": .real(-2...2), "y": .real(-2...2)],
///     strategy: .gaussianProcess(GaussianProcessSearch(startupTrials: 5)), trials: 40)
/// ```
public struct GaussianProcessSearch: SearchStrategy {
    public static let kind = "gaussianProcess"
    /// How many trials are drawn at random before there is a model.
    public var startupTrials: Int
    /// How many assignments are compared, before the best of them are improved step by step.
    public var candidates: Int

    /// The strategy.
    ///
    /// - Parameters:
    ///   - startupTrials: How many trials are random before the model proposes.
    ///   - candidates: Among how many random points the best is chosen.
    public init(startupTrials: Int = 8, candidates: Int = 256) {
        self.startupTrials = startupTrials
        self.candidates = candidates
    }

    public static let schema = Schema(
        GaussianProcessSearch(), .optional("startupTrials", \.startupTrials), .optional("candidates", \.candidates))

    package var problem: String? {
        if startupTrials < 1 { return "expected startupTrials ≥ 1 but received \(startupTrials)" }
        if !(1...1_000_000).contains(candidates) {
            return "expected candidates between 1 and 1000000 but received \(candidates)"
        }
        return nil
    }

    package func problem(in space: SearchSpace) -> String? {
        Device.hasLinearAlgebra
            ? nil
            : "gaussianProcess needs LAPACK, but liblapacke.so.3 was not found on this machine; install it (Debian: liblapacke), or "
                + "take another strategy"
    }

    /// More trials than these do not enter the model: the best ones and the last ones do.
    private static let largestModel = 300

    package func proposal(_ history: SearchHistory) -> Proposal {
        let space = history.space
        let measured = measured(history)
        let sample = space.sample(seed: history.seed, trial: history.next)
        guard measured.count >= startupTrials else { return .new(sample, budget: nil) }

        let encoding = PointEncoding(space)
        var points = measured.map { encoding.point($0.assignment) }
        var values = Self.standardized(measured.map(\.loss))
        guard var process = GaussianProcess.fitted(points, values) else { return .new(sample, budget: nil) }

        let running = history.observations.filter { $0.state == .running }.map { encoding.point($0.assignment) }
        if !running.isEmpty {
            values += running.map { process.prediction(at: $0).mean }
            points += running
            guard let fitted = GaussianProcess.fitted(points, values) else { return .new(sample, budget: nil) }
            process = fitted
        }
        let best = points.map { process.prediction(at: $0).mean }.min() ?? 0
        let tried = Set(history.observations.map(\.assignment))
        var search = ImprovementSearch(
            space: space, encoding: encoding, process: process, best: best, tried: tried,
            random: SearchRandom(seed: history.seed, trial: history.next, stream: "improvement"))
        let good = measured.sorted { $0.loss < $1.loss }.prefix(5).map(\.assignment)
        return .new(search.maximum(from: [sample], near: good, candidates: candidates), budget: nil)
    }

    /// Finished trials with their losses; infinite ones become worse than the worst finite one, −∞ the least.
    private func measured(_ history: SearchHistory) -> [(assignment: Assignment, loss: Double)] {
        let ended = history.observations.enumerated().filter {
            $0.element.state.isTelling && $0.element.loss != nil
        }
        let finite = ended.compactMap(\.element.loss).filter(\.isFinite)
        guard let worst = finite.max(), let least = finite.min() else { return [] }
        let beyond = min(worst + max(worst - least, abs(worst) / 10, 1e-3), .greatestFiniteMagnitude)
        var measured = ended.map {
            (number: $0.offset, assignment: $0.element.assignment, loss: $0.element.loss ?? worst)
        }
        for index in measured.indices where !measured[index].loss.isFinite {
            measured[index].loss = measured[index].loss < 0 ? least : beyond
        }
        if measured.count > Self.largestModel {
            let recent = measured.suffix(Self.largestModel / 2)
            let best = measured.dropLast(Self.largestModel / 2).sorted {
                $0.loss != $1.loss ? $0.loss < $1.loss : $0.number < $1.number
            }.prefix(Self.largestModel - recent.count)
            measured = (best + recent).sorted { $0.number < $1.number }
        }
        return measured.map { ($0.assignment, $0.loss) }
    }

    /// Values with mean 0 and deviation 1; outliers above are pulled in, for what is bad need not be modelled exactly.
    private static func standardized(_ values: [Double]) -> [Double] {
        let sorted = values.sorted()
        let median = sorted[sorted.count / 2]
        let limit = median + 3 * (median - sorted[0])
        let clipped = median > sorted[0] ? values.map { min($0, limit) } : values
        // Divided before they are summed, for sums of huge numbers are infinite.
        let scale = max(clipped.map(abs).max() ?? 1, .leastNormalMagnitude)
        let scaled = clipped.map { $0 / scale }
        let mean = scaled.reduce(0, +) / Double(scaled.count)
        let deviation = (scaled.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(scaled.count)).squareRoot()
        return scaled.map { deviation > 1e-12 ? ($0 - mean) / deviation : 0 }
    }
}

/// Assignments as points of a cube.
struct PointEncoding {
    private let space: SearchSpace

    init(_ space: SearchSpace) { self.space = space }

    func point(_ assignment: Assignment) -> [Double] {
        space.dimensions.flatMap { dimension -> [Double] in
            let value = assignment[dimension.path]
            if case .choice(let choice) = dimension.domain {
                // Two different values have distance 1.
                return choice.values.map { value.map($0.isSame) == true ? 0.5.squareRoot() : 0 }
            }
            guard let axis = dimension.domain.axis, axis.length > 0, let number = value?.number else { return [0.5] }
            return [(axis.position(number) - axis.positions.lowerBound) / axis.length]
        }
    }
}
