public import ApusConfiguration
import ApusFormats
import ApusGraph

/// Samples that contradict each other, a folder without data, or a split that is impossible.
public struct DatasetError: ApusError, Hashable, Sendable {
    /// What is wrong with the data.
    public enum Kind: Hashable, Sendable {
        /// There are no such files.
        case missing
        /// The data contradicts itself or what is known of it.
        case malformed
        /// The data is correct, but what is asked of it is impossible.
        case impossible
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
    public init(
        _ kind: Kind, _ problem: String, expected: String? = nil, received: String? = nil, remedy: String
    ) {
        self.kind = kind
        self.problem = problem
        self.expected = expected
        self.received = received
        self.remedy = remedy
    }
}

extension DatasetError {
    public var failureKind: FailureKind { kind == .missing ? .missing : .malformed }

    public var description: String {
        var text = problem + "."
        switch (expected, received) {
        case (let expected?, let received?): text += " Expected \(expected); received \(received)."
        case (let expected?, nil): text += " Expected \(expected)."
        case (nil, let received?): text += " Received \(received)."
        case (nil, nil): break
        }
        return "\(text) \(remedy)"
    }
}

extension DatasetError {
    /// The result, or the error of a sample that can't be read as one of the data set.
    static func wrapping<Result>(_ body: () throws -> Result) throws(DatasetError) -> Result {
        do {
            return try body()
        } catch let error as DatasetError {
            throw error
        } catch let error as FormatError {
            throw DatasetError(
                .malformed, "\(error.path): \(error.problem)", expected: error.expected, received: error.received,
                remedy: error.remedy)
        } catch {
            throw DatasetError(.malformed, "a sample can't be read: \(error)", remedy: "Replace or remove its file.")
        }
    }
}

/// The result, or the end of the program with the error's message.
func orStop<Result>(_ body: () throws(DatasetError) -> Result) -> Result {
    do {
        return try body()
    } catch {
        stop("\(error)")
    }
}

extension Int {
    /// The count with its noun: `1 sample`, `2 classes`.
    func counted(_ noun: String, _ plural: String? = nil) -> String {
        self == 1 ? "1 \(noun)" : "\(self) \(plural ?? noun + "s")"
    }
}
