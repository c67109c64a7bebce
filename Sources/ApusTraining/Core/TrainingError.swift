public import ApusConfiguration
import ApusOptimizers

/// A training that can't be set up as asked.
public struct TrainingError: ApusError, Hashable, Sendable {
    public var description: String
    /// What sort of failure it is.
    public var failureKind: FailureKind

    package init(_ description: String, kind: FailureKind = .setting) {
        self.description = description
        failureKind = kind
    }

    /// What an optimizer or schedule says of itself.
    init(_ error: OptimizerError) { self.init(error.description) }
}
