import ApusConfiguration
import ApusFormats

extension LabFolder {
    /// Writes `results.json`.
    func write(_ outcome: LabOutcome) throws {
        try LabFolder.make(path)
        try AtomicFile.write(outcome.json.description + "\n", to: resultsPath)
    }
}

extension LabOutcome {
    /// The version of the schema of `results.json`.
    static let version = 1

    /// The results as they stand in `results.json`. The same measurements give the same bytes.
    var json: JSONText {
        .object([
            ("version", .raw("\(LabOutcome.version)")), ("id", .text(about.id)), ("number", .text(about.number)),
            ("quick", .flag(size != .whole)), ("revision", .raw("\(about.revision)")),
            ("seeds", .list(results.seeds.map { .raw("\($0)") })),
            ("claims", .list(claims.map(\.json))),
            ("arms", .list(results.arms.map(\.json))),
        ])
    }
}

extension DecidedClaim {
    fileprivate var json: JSONText {
        var entries: [(String, JSONText)] = [
            ("id", .text(claim.id)), ("statement", .text(claim.statement.english)),
            ("statistic", .text(claim.statistic.english)), ("taught", .flag(claim.isTaught)),
            ("basis", .text(claim.basis.words.english)), ("relation", .text(claim.criterion.relation)),
            ("threshold", claim.criterion.threshold), ("value", .number(estimate.value)),
            ("interval", .list([.number(estimate.interval.lowerBound), .number(estimate.interval.upperBound)])),
            ("verdict", .text(verdict.rawValue)),
        ]
        if let decidingSeeds { entries.append(("decidingSeeds", .raw("\(decidingSeeds)"))) }
        return .object(entries)
    }
}

extension Criterion {
    /// How the number and the threshold are compared.
    var relation: String {
        switch self {
        case .atLeast: "at least"
        case .atMost: "at most"
        case .within(let range): range.lowerBound == range.upperBound ? "equal" : "within"
        }
    }

    fileprivate var threshold: JSONText {
        switch self {
        case .atLeast(let threshold), .atMost(let threshold): .number(threshold)
        case .within(let range):
            range.lowerBound == range.upperBound
                ? .number(range.lowerBound) : .list([.number(range.lowerBound), .number(range.upperBound)])
        }
    }
}

extension LabResults.Arm {
    fileprivate var json: JSONText {
        let names = Set(measurements.flatMap(\.numbers.keys)).sorted()
        return .object([
            ("id", .text(id)), ("title", .text(title.english)), ("setting", .raw(setting)),
            ("numbers", .object(names.map { ($0, .list(numbers($0).map(JSONText.number))) })),
        ])
    }
}

extension JSONText {
    /// A number; what is not finite is a text, as in all files.
    static func number(_ value: Double) -> JSONText {
        value.isFinite ? .raw(FileNumber.text(value)) : .text(FileNumber.text(value))
    }
}
