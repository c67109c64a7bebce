public import ApusConfiguration

/// A text that can't be made numbers, or settings of a tokenizer that are impossible.
public struct TextError: ApusError, Hashable, Sendable {
    /// The sorts of failures.
    public enum Kind: Hashable, Sendable {
        /// A setting is impossible.
        case setting
        /// A text does not fit the tokenizer.
        case text
    }

    /// Which sort of failure it is.
    public var kind: Kind
    /// What happened.
    public var problem: String
    /// What would be right.
    public var expected: String?
    /// What there is instead.
    public var received: String?
    /// How to fix it.
    public var remedy: String

    /// Creates a value; arguments set the properties of their names.
    public init(_ kind: Kind, _ problem: String, expected: String? = nil, received: String? = nil, remedy: String) {
        self.kind = kind
        self.problem = problem
        self.expected = expected
        self.received = received
        self.remedy = remedy
    }

    public var failureKind: FailureKind { kind == .setting ? .setting : .malformed }

    public var description: String {
        let text =
            switch (expected, received) {
            case (let expected?, let received?): " Expected \(expected); received \(received)."
            case (let expected?, nil): " Expected \(expected)."
            case (nil, let received?): " Received \(received)."
            case (nil, nil): ""
            }
        return "\(problem).\(text) \(remedy)"
    }
}
