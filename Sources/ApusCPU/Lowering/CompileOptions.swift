/// How a graph is compiled.
public struct CompileOptions: Hashable, Sendable {
    /// Whether operations are computed together. Off, every operation runs by its own kernel: for tests, and as the way out
    /// when fusion would order operations in a circle.
    public var fuses: Bool
    /// Whether cheap results are computed again for the backward pass instead of being kept: less memory, some time.
    public var recomputes: Bool

    public init(fuses: Bool = true, recomputes: Bool = false) {
        self.fuses = fuses
        self.recomputes = recomputes
    }
}
