import ApusCharts

extension DecidedClaim {
    /// What was measured and what decides it, in one line.
    public func sentence(_ language: Language) -> String {
        let (low, high) = (estimate.interval.lowerBound, estimate.interval.upperBound)
        var text = "\(claim.statistic[language]): \(LabNumber.text(estimate.value))"
        if low != high { text += " [\(LabNumber.text(low)), \(LabNumber.text(high))]" }
        text += "; " + claim.requirement(language)
        switch (verdict, decidingSeeds) {
        case (.undecided, let seeds?):
            text +=
                language == .english
                ? ". About \(seeds) seeds would decide." : ". 시드 \(seeds)개쯤이면 판정할 수 있다."
        case (.undecided, nil):
            text += language == .english ? ". More seeds would not decide." : ". 시드를 늘려도 판정되지 않는다."
        default: text += "."
        }
        return text
    }
}

extension Claim {
    /// The number that decides, and the threshold that is claimed, in one line.
    public func thresholdText(_ language: Language) -> String { "\(statistic[language]); \(requirement(language))" }

    fileprivate func requirement(_ language: Language) -> String {
        Words("claimed: ", "기준: ")[language] + "\(criterion.words[language]) (\(basis.words[language]))"
    }
}

extension Criterion {
    fileprivate var words: Words {
        switch self {
        case .atLeast(let threshold):
            Words("at least \(LabNumber.text(threshold))", "\(LabNumber.text(threshold)) 이상")
        case .atMost(let threshold):
            Words("at most \(LabNumber.text(threshold))", "\(LabNumber.text(threshold)) 이하")
        case .within(let range):
            if range.lowerBound == range.upperBound {
                Words("exactly \(LabNumber.text(range.lowerBound))", "정확히 \(LabNumber.text(range.lowerBound))")
            } else {
                Words(
                    "\(LabNumber.text(range.lowerBound)) to \(LabNumber.text(range.upperBound))",
                    "\(LabNumber.text(range.lowerBound))–\(LabNumber.text(range.upperBound))")
            }
        }
    }
}

/// Numbers in sentences.
enum LabNumber {
    static func text(_ value: Double) -> String { NumberFormat.short(value, digits: 4) }
}
