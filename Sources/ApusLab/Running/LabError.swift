public import ApusConfiguration

/// Why an experiment of the lab can't run.
public struct LabError: ApusError, Hashable {
    /// What happened, what was expected, and how to mend it.
    public let description: String
    public let failureKind: FailureKind

    init(_ description: String, _ kind: FailureKind = .setting) {
        self.description = description
        failureKind = kind
    }
}
