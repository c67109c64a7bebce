/// How a graph is compiled.
package struct CompileOptions: Hashable, Sendable {
    /// Whether operations are computed together. Off, every operation runs by its own kernel: for tests, and as the way out
    /// when fusion would order operations in a circle.
    package var fuses: Bool
    /// Whether cheap results are computed again for the backward pass instead of being kept: less memory, some time.
    package var recomputes: Bool

    /// The inputs that keep their values from run to run (weights at inference). What depends on them alone is computed when they
    /// change, and normalizations are folded into the convolutions before them.
    package var constantInputs: Set<Int>

    /// Options that differ from the usual ones where they are given.
    package init(fuses: Bool = true, recomputes: Bool = false, constantInputs: Set<Int> = []) {
        self.fuses = fuses
        self.recomputes = recomputes
        self.constantInputs = constantInputs
    }
}
