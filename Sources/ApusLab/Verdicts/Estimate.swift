import ApusSearch
import Foundation
import Synchronization

/// The numbers that decide a claim.
///
/// ```swift
/// let all: [Evidence] = [.mean([0.91, 0.93]), .rate(8, of: 10), .exact(30)]
/// for evidence in all { print(Estimate(evidence).interval) }
/// ```
public enum Evidence: Sendable, Hashable {
    /// One number a seed, of which the mean counts; its interval is that of Student's t.
    case mean([Double])
    /// How often something happened; its interval is Wilson's.
    case rate(Int, of: Int)
    /// A number without chance: computed, not drawn.
    case exact(Double)
}

/// A number and how well it is known.
///
/// ```swift
/// let estimate = Estimate(.mean([0.91, 0.93, 0.92]))
/// print(estimate.value, estimate.interval)
/// ```
public struct Estimate: Sendable, Hashable {
    /// The mean, the share or the number itself; NaN where there are no numbers.
    public let value: Double
    /// Where the true value lies with a confidence of 95 %: mean ± t(n − 1) s/√n (Student), or Wilson's interval of a share.
    public let interval: ClosedRange<Double>
    private let evidence: Evidence

    /// The confidence of every interval of the lab.
    public static let confidence = 0.95

    /// The estimate that evidence gives. A number that is not finite makes its interval unbounded.
    public init(_ evidence: Evidence) {
        self.evidence = evidence
        switch evidence {
        case .exact(let number):
            value = number
            interval = number.isNaN ? -Double.infinity ... .infinity : number...number
        case .mean(let numbers):
            guard let summary = ScoreSummary(numbers) else {
                value = .nan
                interval = -.infinity ... .infinity
                return
            }
            value = summary.mean
            let half = Estimate.halfWidth(summary.standardDeviation, count: summary.count)
            interval =
                value.isFinite && half.isFinite ? value - half...value + half : -Double.infinity ... .infinity
        case .rate(let successes, let count):
            value = count > 0 ? Double(successes) / Double(count) : .nan
            interval = Estimate.wilson(value, count: Double(count))
        }
    }

    /// Half the width of Student's interval of a mean. Numbers that are all equal leave none; a single number says nothing of the
    /// others.
    private static func halfWidth(_ deviation: Double, count: Int) -> Double {
        guard count > 1 else { return .infinity }
        if deviation == 0 { return 0 }
        return quantile(count - 1) * deviation / Double(count).squareRoot()
    }

    /// What Student's t with so many degrees of freedom does not exceed with a probability of 0.975. For many it is the normal number with
    /// two terms of its expansion, z + (z³ + z)/4ν + (5z⁵ + 16z³ + 3z)/96ν², which is right to 1e-9 from a thousand on.
    static func quantile(_ degreesOfFreedom: Int) -> Double {
        guard degreesOfFreedom > 1000 else {
            return quantiles.withLock { known in
                if let quantile = known[degreesOfFreedom] { return quantile }
                let quantile = StudentT(degreesOfFreedom: degreesOfFreedom).quantile(0.5 + confidence / 2)
                known[degreesOfFreedom] = quantile
                return quantile
            }
        }
        let (z, n) = (normal, Double(degreesOfFreedom))
        return z + (pow(z, 3) + z) / (4 * n) + (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / (96 * n * n)
    }

    /// Those that were computed: many claims ask for the same ones.
    private static let quantiles = Mutex<[Int: Double]>([:])

    /// What a normal number does not exceed with a probability of 0.975.
    private static let normal = 1.959963984540054

    /// Wilson's interval of a share (Wilson 1927): (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n).
    private static func wilson(_ share: Double, count: Double) -> ClosedRange<Double> {
        guard count > 0 else { return 0...1 }
        let z = normal
        let center = share + z * z / (2 * count)
        let half = z * (share * (1 - share) / count + z * z / (4 * count * count)).squareRoot()
        let scale = 1 + z * z / count
        return max(0, (center - half) / scale)...min(1, (center + half) / scale)
    }

    /// Its interval if there were that many seeds with the same mean and spread, or the same share.
    func interval(seeds: Int) -> ClosedRange<Double> {
        switch evidence {
        case .exact: return interval
        case .mean(let numbers):
            guard let summary = ScoreSummary(numbers), summary.mean.isFinite, summary.count > 1 else { return interval }
            let half = Estimate.halfWidth(summary.standardDeviation, count: seeds)
            return half.isFinite ? value - half...value + half : interval
        case .rate: return Estimate.wilson(value, count: Double(seeds))
        }
    }
}
