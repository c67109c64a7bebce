import ApusConfiguration
import Foundation

/// The verdicts that are expected, for continuous integration: `{"histograms": {"he-keeps": "held"}}`.
///
/// ```swift
/// func check(_ outcome: LabOutcome) throws {
///     let expected = try LabExpectations(file: "expected.json")
///     for difference in expected.differences(outcome) { print(difference) }
/// }
/// ```
public struct LabExpectations: Sendable, Hashable {
    private let verdicts: [String: [String: Verdict]]

    /// Reads a file.
    ///
    /// - Throws: `LabError` if there is no such file or it is no list of verdicts by experiment and claim.
    public init(file: String) throws {
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw LabError("the file of expected verdicts \(file.quoted) can't be read", .missing)
        }
        guard let verdicts: [String: [String: Verdict]] = try? FileJSON.value(text) else {
            throw LabError(
                "\(file.quoted) is no file of expected verdicts: expected {\"EXPERIMENT\": {\"CLAIM\": \"held\"}} with held, "
                    + "refuted or undecided", .malformed)
        }
        self.verdicts = verdicts
    }

    /// Where verdicts are others than expected, a line each; claims of which nothing is expected may be anything.
    public func differences(_ outcome: LabOutcome) -> [String] {
        let found = Dictionary(uniqueKeysWithValues: outcome.claims.map { ($0.claim.id, $0.verdict) })
        return (verdicts[outcome.about.id] ?? [:]).sorted { $0.key < $1.key }.compactMap { claim, expected in
            guard found[claim] != expected else { return nil }
            let received = found[claim]?.rawValue ?? "no such claim"
            return "\(outcome.about.id), \(claim): expected \(expected.rawValue) but received \(received)"
        }
    }
}
