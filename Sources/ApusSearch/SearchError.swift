public import ApusConfiguration

/// A search that can't be set up, stored or continued as asked.
public struct SearchError: ApusError, Hashable, Sendable {
    public var description: String
    /// What sort of failure it is.
    public var failureKind: FailureKind

    package init(_ description: String, kind: FailureKind = .setting) {
        self.description = description
        failureKind = kind
    }
}
