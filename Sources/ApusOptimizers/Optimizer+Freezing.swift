extension Optimizer {
    /// Whether a variable keeps its value from the first step of a training to the last.
    package func freezesThroughout(_ path: String) -> Bool { freezes(path) }
}
