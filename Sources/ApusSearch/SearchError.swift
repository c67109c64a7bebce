/// A search that can't be set up, stored or continued as asked.
public struct SearchError: Error, Hashable, Sendable, CustomStringConvertible {
    public var description: String
    /// What sort of failure it is; a command derives its exit code from it.
    public var kind: Kind

    /// The sorts of failure.
    public enum Kind: Sendable, Hashable {
        /// A setting is impossible.
        case setting
        /// What was asked for does not exist.
        case missing
        /// A file does not say what it should.
        case malformed
        /// A file can't be read or written.
        case file
    }

    package init(_ description: String, kind: Kind = .setting) {
        self.description = description
        self.kind = kind
    }
}
