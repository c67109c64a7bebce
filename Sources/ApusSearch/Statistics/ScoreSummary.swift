/// Scores of several folds, or of several seeds, in short.
///
/// ```swift
/// if let summary = ScoreSummary([0.90, 0.92, 0.91]) {
///     print(summary.mean, "±", summary.standardError)
/// }
/// ```
public struct ScoreSummary: Sendable, Hashable {
    /// How many scores there are: n.
    public let count: Int
    /// Σ x / n
    public let mean: Double
    /// √(Σ (x − mean)² / (n − 1)); 0 for a single score.
    public let standardDeviation: Double

    /// The summary of some scores.
    ///
    /// - Returns: `nil` if there are no scores.
    public init?(_ scores: [Double]) {
        guard !scores.isEmpty else { return nil }
        count = scores.count
        let mean = scores.reduce(0, +) / Double(scores.count)
        self.mean = mean
        let squares = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        standardDeviation = scores.count < 2 ? 0 : (squares / Double(scores.count - 1)).squareRoot()
    }

    /// The standard deviation of the mean: s / √n.
    public var standardError: Double { standardDeviation / Double(count).squareRoot() }
}
