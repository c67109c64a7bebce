/// Settings that can't be used, of a file or of an argument: where they stand, and what is wrong there.
public struct ConfigurationError: ApusError, Hashable, Sendable {
    public var description: String
    /// What sort of failure it is.
    public var failureKind: FailureKind

    package init(_ description: String, kind: FailureKind = .setting) {
        self.description = description
        failureKind = kind
    }
}
