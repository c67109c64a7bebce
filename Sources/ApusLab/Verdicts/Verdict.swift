/// What the seeds say of a claim.
///
/// ```swift
/// let verdict = Criterion.atLeast(0.5).verdict(0.6...0.8)
/// print(verdict.rawValue, verdict.title[.korean])   // held 성립
/// ```
public enum Verdict: String, Sendable, Hashable, Codable, CaseIterable {
    /// The whole interval is on the claimed side of the threshold.
    case held
    /// The whole interval is on the other side.
    case refuted
    /// The threshold is within the interval.
    case undecided

    /// What pages call it.
    public var title: Words {
        switch self {
        case .held: Words("held", "성립")
        case .refuted: Words("refuted", "반증")
        case .undecided: Words("undecided", "미정")
        }
    }
}

/// The side of a threshold on which a claim sees its number.
///
/// ```swift
/// let criterion = Criterion.within(0.8...1.3)
/// print(criterion.verdict(Estimate(.mean([0.9, 1.1, 1.0]))).rawValue)
/// ```
public enum Criterion: Sendable, Hashable {
    /// At least the threshold.
    case atLeast(Double)
    /// At most the threshold.
    case atMost(Double)
    /// Within two thresholds.
    case within(ClosedRange<Double>)

    /// Exactly a number.
    public static func equal(to number: Double) -> Criterion { .within(number...number) }

    /// The values for which the claim is true.
    public var range: ClosedRange<Double> {
        switch self {
        case .atLeast(let threshold): threshold ... .infinity
        case .atMost(let threshold): -.infinity...threshold
        case .within(let range): range
        }
    }

    /// What an interval decides.
    public func verdict(_ interval: ClosedRange<Double>) -> Verdict {
        if range.lowerBound <= interval.lowerBound, interval.upperBound <= range.upperBound { return .held }
        return range.overlaps(interval) ? .undecided : .refuted
    }

    /// What an estimate decides. A mean of one seed decides nothing.
    public func verdict(_ estimate: Estimate) -> Verdict {
        estimate.value.isNaN ? .undecided : verdict(estimate.interval)
    }

    /// The least number of seeds with which an undecided estimate would be decided, if mean and spread stay as they are; `nil` if
    /// a million would not do.
    public func decidingSeeds(_ estimate: Estimate) -> Int? {
        guard verdict(estimate) == .undecided, estimate.value.isFinite else { return nil }
        func decides(_ seeds: Int) -> Bool { verdict(estimate.interval(seeds: seeds)) != .undecided }
        let most = 1_000_000
        guard decides(most) else { return nil }
        // An interval only becomes narrower.
        var (low, high) = (1, most)
        while high - low > 1 {
            let middle = (low + high) / 2
            if decides(middle) { high = middle } else { low = middle }
        }
        return high
    }
}
