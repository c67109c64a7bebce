import ApusConfiguration
public import ApusExperiments

extension Diagnosis {
    /// One object of JSON, as `apus doctor --json` prints it; `Documentation/Doctor.md` says what it holds.
    public func json() throws -> String { try FileJSON.text(self, isPretty: true) }

    /// The experiment with all repairs.
    ///
    /// - Throws: `ConfigurationError` if it is another experiment than that which was examined, and a setting does not fit.
    public func repaired(_ experiment: Experiment) throws -> Experiment { try experiment.setting(repair) }
}

extension Diagnosis: CustomStringConvertible {
    public var description: String {
        let cost = "\(trainings.counted("training")), \(seconds.short) s"
        var lines: [String] = []
        switch verdict {
        case .healthy:
            lines.append(
                "\(name) is healthy: \(quality.short) on samples that are held back (chance \(chance.short)); nothing that was tried does better by as much as matters (\(cost))."
            )
        case .unknown:
            lines.append(
                "\(name): \(quality.short) on samples that are held back, where a guess reaches \(chance.short). Nothing that was tried helps, so the cause is not known (\(cost))."
            )
        case .faulty where trainings == 0: lines.append("\(name): it can't be trained as it is (\(cost)).")
        case .faulty:
            lines.append(
                "\(name): \(quality.short) on samples that are held back"
                    + (repairedQuality.map { ", \($0.short) with the repair" } ?? "") + " (\(cost)).")
        }
        for (index, finding) in findings.enumerated() {
            lines.append("")
            lines.append(
                "\(index + 1). \(finding.label.title) (\(finding.label.rawValue), \((finding.confidence * 100).short) %)"
            )
            lines.append("   where: \(finding.places.prefix(6).joined(separator: ", "))")
            lines.append("   \(finding.observation)")
            if let proof = finding.experiment {
                lines.append(
                    "   proof: \(proof.control.map(\.short).joined(separator: ", ")) as it is, \(proof.treated.map(\.short).joined(separator: ", ")) with the edit, on \(proof.seeds.count) fresh seeds: +\(proof.gain.short) (at least +\(proof.lowerBound.short))"
                )
            }
            for setting in finding.repair?.settings ?? [] { lines.append("   --set '\(setting)'") }
        }
        lines += notes.map { "note: \($0)" }
        return lines.joined(separator: "\n")
    }
}
