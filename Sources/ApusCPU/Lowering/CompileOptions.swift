/// How a graph is compiled.
public struct CompileOptions: Hashable, Sendable {
    /// Whether operations are computed together. Off, every operation runs by its own kernel: for tests, and as the way out
    /// when fusion would order operations in a circle.
    public var fuses: Bool

    public init(fuses: Bool = true) {
        self.fuses = fuses
    }
}
