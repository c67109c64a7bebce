import ApusOptimizers

/// A training that can't be set up as asked.
public struct TrainingError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
    /// What sort of failure it is; a command derives its exit code from it.
    public var kind: Kind

    /// Sorts of failures.
    public enum Kind: Sendable, Hashable {
        /// A setting is impossible.
        case setting
        /// What was asked for does not exist.
        case missing
        /// A file or weights do not say what they should.
        case malformed
    }

    package init(_ description: String, kind: Kind = .setting) {
        self.description = description
        self.kind = kind
    }

    /// What an optimizer or schedule says of itself.
    init(_ error: OptimizerError) { self.init(error.description) }
}
