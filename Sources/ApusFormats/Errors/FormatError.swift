/// A file that can't be read or written, or an array that does not fit what is asked of it.
public struct FormatError: Error, Hashable, Sendable {
    /// The sorts of failures.
    public enum Kind: Hashable, Sendable {
        /// There is no such file.
        case missing
        /// The system refused to read or write; carries its error number (`errno`).
        case system(Int32)
        /// The content breaks the rules of its format.
        case malformed
        /// The content is correct, but of a sort that is not read or written here.
        case unsupported
        /// The content is correct, but not what was asked for.
        case mismatch
    }

    /// What sort of failure it is; a command derives its exit code from it.
    public var kind: Kind
    /// The file; empty if no file is involved.
    public var path: String
    /// Where in the file, in bytes from its start (from the start of the uncompressed data, if it is compressed).
    public var offset: Int?
    /// What happened.
    public var problem: String
    /// What would have been right, if that can be said.
    public var expected: String?
    /// What was there instead, if that can be said.
    public var received: String?
    /// How to fix it.
    public var remedy: String

    /// Creates a value; arguments set the properties of their names.
    public init(
        _ kind: Kind, path: String, offset: Int? = nil, _ problem: String, expected: String? = nil,
        received: String? = nil, remedy: String
    ) {
        self.kind = kind
        self.path = path
        self.offset = offset
        self.problem = problem
        self.expected = expected
        self.received = received
        self.remedy = remedy
    }
}

extension FormatError: CustomStringConvertible {
    public var description: String {
        var text = path.isEmpty ? "" : "\(path): "
        text += problem
        if let offset { text += " (at byte \(offset))" }
        text += "."
        switch (expected, received) {
        case (let expected?, let received?): text += " Expected \(expected); received \(received)."
        case (let expected?, nil): text += " Expected \(expected)."
        case (nil, let received?): text += " Received \(received)."
        case (nil, nil): break
        }
        return "\(text) \(remedy)"
    }
}

extension Int {
    /// The count with its noun: `1 byte`, `2 bytes`.
    func counted(_ noun: String) -> String { self == 1 ? "1 \(noun)" : "\(self) \(noun)s" }
}
