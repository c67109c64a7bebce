extension Pruner {
    /// Whether a trial is given up.
    ///
    /// - Parameters:
    ///   - step: The step of its last value.
    ///   - values: What it has reported, by step; less is better.
    ///   - others: What complete trials have reported, by step.
    package func prunes(at step: Int, values: [Int: Double], others: [[Int: Double]]) -> Bool {
        let (share, startupTrials, warmupSteps): (Double, Int, Int)
        switch self {
        case .none: return false
        case .median(let startup, let warmup): (share, startupTrials, warmupSteps) = (0.5, startup, warmup)
        case .percentile(let percentile, let startup, let warmup):
            (share, startupTrials, warmupSteps) = (percentile / 100, startup, warmup)
        }
        guard step >= warmupSteps, others.count >= max(startupTrials, 1) else { return false }
        let reached = values.filter { $0.key <= step && !$0.value.isNaN }.values.min()
        let rivals = others.compactMap { $0[step] }.filter { !$0.isNaN }
        guard let limit = Self.quantile(rivals, share) else { return false }
        // Nothing but NaN is worse than anything.
        guard let reached else { return values.keys.contains { $0 <= step } }
        return reached > limit
    }

    /// The value below which a fraction of the values lies, interpolated between neighbours.
    static func quantile(_ values: [Double], _ share: Double) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        let position = min(max(share, 0), 1) * Double(sorted.count - 1)
        let index = Int(position)
        let fraction = position - Double(index)
        guard fraction > 0, sorted[index] != sorted[index + 1] else { return sorted[index] }
        return sorted[index] * (1 - fraction) + sorted[index + 1] * fraction
    }
}
