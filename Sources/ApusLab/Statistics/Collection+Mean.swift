extension Collection<Double> {
    /// Σ x / n; NaN where there are none.
    var mean: Double { isEmpty ? .nan : reduce(0, +) / Double(count) }
}
