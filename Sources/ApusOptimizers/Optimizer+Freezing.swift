extension Optimizer {
    /// Whether a variable keeps its value from the first step to the last: its group freezes it, and no epoch unfreezes it.
    package func freezesThroughout(_ path: String) -> Bool {
        guard freezes(path) else { return false }
        guard case .patterns(let steps) = unfreezing else { return true }
        return !steps.contains { $0.matches(path) }
    }
}
