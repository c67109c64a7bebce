/// A falsifiable statement: a number that is measured, a threshold that was fixed before, and what they decide.
///
/// ```swift
/// let claim = Claim(
///     "solves-xor",
///     Words("Eight tanh units solve XOR in at least 99 % of seeds.",
///           "tanh 유닛 여덟 개는 시드의 99 % 이상에서 XOR을 푼다."),
///     statistic: Words("share of seeds that classify all four points", "네 점을 모두 맞힌 시드의 비율"),
///     .atLeast(0.99), basis: .measured
/// ) { results in .mean(results["tanh-8"].numbers("accuracy")) }
/// ```
public struct Claim: Sendable {
    /// Where a threshold comes from.
    public enum Basis: Sendable, Hashable {
        /// Measured before by others or derived by hand.
        case measured
        /// A theorem, or arithmetic: it has no tolerance but rounding's.
        case theory
        /// Chosen on pilot seeds, 1000 and up, and frozen on the date, before the seeds of the verdict ran.
        case calibrated(date: String)
        /// Written by the source, or expected, before anything was measured.
        case predicted

        var words: Words {
            switch self {
            case .measured: Words("measured before", "사전 측정")
            case .theory: Words("theory", "이론")
            case .calibrated(let date):
                Words("fixed on pilot seeds, \(date)", "예비 시드로 고정, \(date)")
            case .predicted: Words("predicted", "예측")
            }
        }
    }

    /// Its name among the claims of its experiment.
    public var id: String
    /// What is claimed.
    public var statement: Words
    /// The number that decides, in words.
    public var statistic: Words
    /// The threshold.
    public var criterion: Criterion
    /// Where the threshold comes from.
    public var basis: Basis
    /// Whether the courses teach it; others are claims of this lab.
    public var isTaught: Bool
    /// The numbers that decide, from what was measured.
    public var evidence: @Sendable (LabResults) -> Evidence

    /// Creates a value; arguments set the properties of their names.
    public init(
        _ id: String, _ statement: Words, statistic: Words, _ criterion: Criterion, basis: Basis,
        isTaught: Bool = false, evidence: @escaping @Sendable (LabResults) -> Evidence
    ) {
        self.id = id
        self.statement = statement
        self.statistic = statistic
        self.criterion = criterion
        self.basis = basis
        self.isTaught = isTaught
        self.evidence = evidence
    }

    /// What the results decide.
    public func decided(by results: LabResults) -> DecidedClaim {
        let estimate = Estimate(evidence(results))
        return DecidedClaim(
            claim: self, estimate: estimate, verdict: criterion.verdict(estimate),
            decidingSeeds: criterion.decidingSeeds(estimate))
    }
}

/// A claim and what was decided.
///
/// ```swift
/// func lines(_ outcome: LabOutcome) -> [String] {
///     outcome.claims.map { "\($0.verdict.rawValue): \($0.sentence(.english))" }
/// }
/// ```
public struct DecidedClaim: Sendable {
    /// The claim.
    public let claim: Claim
    /// The number that decided.
    public let estimate: Estimate
    /// What it decided.
    public let verdict: Verdict
    /// The seeds that would decide what is undecided.
    public let decidingSeeds: Int?
}
