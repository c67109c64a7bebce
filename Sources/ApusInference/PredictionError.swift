public import ApusConfiguration

/// Samples that a trained model does not take.
public struct PredictionError: ApusError, Hashable, Sendable {
    /// What happened.
    public let problem: String
    /// What would be right.
    public let expected: String
    /// What there is instead.
    public let received: String?
    /// How to fix it.
    public let remedy: String

    init(_ problem: String, expected: String, received: String? = nil, remedy: String) {
        self.problem = problem
        self.expected = expected
        self.received = received
        self.remedy = remedy
    }

    public var failureKind: FailureKind { .malformed }

    public var description: String {
        "\(problem). Expected \(expected)" + (received.map { "; received \($0)" } ?? "") + ". \(remedy)"
    }
}
