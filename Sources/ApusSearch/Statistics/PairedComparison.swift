/// How much two settings differ that were scored on the same folds.
///
/// ```swift
/// let (old, new) = ([0.90, 0.91, 0.89, 0.92], [0.93, 0.93, 0.92, 0.94])
/// let comparison = try PairedComparison(new, old, testShare: 1 / 3)   // of four folds
/// print(comparison.difference, comparison.interval, comparison.isSignificant)
/// ```
public struct PairedComparison: Sendable, Hashable {
    /// The differences first − second.
    public let differences: ScoreSummary
    /// The confidence of the interval: 0.95.
    public let confidence: Double
    /// The interval of the mean difference by Student's t with n − 1 degrees of freedom.
    public let interval: ClosedRange<Double>

    /// Compares the scores of two settings, fold by fold.
    ///
    /// - Parameters:
    ///   - first: The scores of one setting, one a fold.
    ///   - second: The scores of the other setting on the same folds.
    ///   - confidence: The probability that the interval contains the true difference.
    ///   - testShare: The ratio of measured to trained samples, 1/(k − 1) for k folds. The training samples of folds
    ///     overlap, so their scores vary less than those of independent data; with the ratio the variance of the mean is
    ///     s² (1/n + ratio) instead of s²/n (Nadeau and Bengio, 2003).
    /// - Throws: `SearchError` unless there are as many first as second scores, and at least two.
    public init(
        _ first: [Double], _ second: [Double], confidence: Double = 0.95, testShare: Double = 0
    ) throws {
        guard first.count == second.count else {
            throw SearchError(
                "expected scores of the same folds but received \(first.count) and \(second.count) scores")
        }
        guard first.count > 1, let differences = ScoreSummary(zip(first, second).map { $0 - $1 }) else {
            throw SearchError("expected scores of at least two folds but received \(first.count)")
        }
        guard confidence > 0, confidence < 1 else {
            throw SearchError("expected a confidence between 0 and 1 but received \(confidence)")
        }
        guard testShare >= 0, testShare.isFinite else {
            throw SearchError("expected a fraction of test samples of at least 0 but received \(testShare)")
        }
        guard differences.mean.isFinite, differences.standardDeviation.isFinite else {
            throw SearchError("expected finite scores but their differences are not")
        }
        self.differences = differences
        self.confidence = confidence
        let spread = differences.standardDeviation * (1 / Double(differences.count) + testShare).squareRoot()
        let factor = StudentT(degreesOfFreedom: differences.count - 1).quantile(0.5 + confidence / 2)
        let half = max(factor * spread, 0)
        interval = half.isFinite ? differences.mean - half...differences.mean + half : -.infinity ... .infinity
    }

    /// first − second, on average.
    public var difference: Double { differences.mean }

    /// Whether the interval leaves out zero.
    public var isSignificant: Bool { !interval.contains(0) }
}
