public import ApusConfiguration

/// A training that can't be set up as asked.
public struct TrainingError: ApusError, Hashable, Sendable {
    public var description: String
    /// What sort of failure it is.
    public var failureKind: FailureKind

    package init(_ description: String, kind: FailureKind = .setting) {
        self.description = description
        failureKind = kind
    }
}
