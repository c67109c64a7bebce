public import ApusConfiguration

/// Why an experiment can't be examined.
public struct DoctorError: ApusError, Hashable, Sendable {
    /// What happened, and what may be done.
    public let description: String
    public var failureKind: FailureKind { .setting }

    init(_ description: String) { self.description = description }
}
