import ApusConfiguration
import ApusData
import ApusExperiments
import Foundation

/// One examination: what is tried, in which order, and what is concluded.
struct Examination {
    private let doctor: Doctor
    private let original: Experiment
    private let trials: Trials
    private let begin = Date()
    private var notes: [String] = []
    private var rejected: [Diagnosis.Rejection] = []

    init(_ doctor: Doctor, _ experiment: Experiment, _ data: LoadedData?) throws {
        self.doctor = doctor
        original = experiment
        trials = Trials(given: data, budget: doctor.budget)
    }

    private var seed: UInt64 { original.seed }

    mutating func diagnosis() throws -> Diagnosis {
        var current = original
        var control = try trial(current)
        let first = try patient(current)
        let quality = first.quality(control.score)
        doctor.report("as it is: \(quality.short) (chance \(first.chance(control.score).short))")
        var findings: [Finding] = []
        var repair = Edit([])
        for round in 1...3 where !trials.isOver {
            let patient = try patient(current)
            guard let found = try bestTreatment(Case(patient: patient, control: control), round: round) else { break }
            findings += found.findings
            repair = repair.and(found.edit)
            current = found.experiment
            control = try trial(current)
        }
        let repaired = try patient(current).quality(control.score)
        return Diagnosis(
            name: original.name, verdict: verdict(findings, quality, first.chance(control.score), control),
            findings: findings,
            quality: quality, chance: first.chance(control.score), repairedQuality: findings.isEmpty ? nil : repaired,
            repair: repair.settings, rejected: rejected, seconds: Date().timeIntervalSince(begin),
            trainings: trials.count,
            notes: notes)
    }

    private func verdict(_ findings: [Finding], _ quality: Double, _ chance: Double, _ control: Trial)
        -> Diagnosis.Verdict
    {
        if !findings.isEmpty { return .faulty }
        let error = (quality * (1 - quality) / Double(max(1, control.score.samples.count))).squareRoot()
        return control.failure != nil || quality < chance + max(0.02, 2 * error) ? .unknown : .healthy
    }

    private func patient(_ experiment: Experiment) throws -> Patient {
        try Patient(experiment, trials.loadedData(experiment, seed: seed))
    }

    private func trial(_ experiment: Experiment, seed: UInt64? = nil) throws -> Trial {
        try trials(experiment, seed: seed ?? self.seed)
    }

    // MARK: Trying

    /// A treatment that was tried with the seed of the experiment.
    private struct Arm {
        let treatment: Treatment
        let experiment: Experiment
        let quality: Double
        var gain: Double
        var proof: Finding.Proof?
    }

    private struct Found {
        let findings: [Finding]
        let edit: Edit
        let experiment: Experiment
    }

    /// The treatment that helps most; `nil` if none helps by as much as matters.
    private mutating func bestTreatment(_ given: Case, round: Int) throws -> Found? {
        var arms: [Arm] = []
        for treatment in try given.treatments() {
            if trials.isOver {
                notes.append("the budget of \(doctor.budget.short) s ended before everything was tried")
                break
            }
            guard let experiment = try? treatment.edit.applied(to: given.experiment) else { continue }
            // Other data may not exist for this edit.
            guard let result = try? trial(experiment) else { continue }
            let quality = given.patient.quality(result.score)
            arms.append(
                Arm(treatment: treatment, experiment: experiment, quality: quality, gain: quality - given.quality))
            doctor.report(
                "\(treatment.cause.rawValue) \(treatment.edit.settings.joined(separator: " ")): \(quality.short)")
        }
        let promising = arms.filter { matters($0.gain, given.quality, $0.treatment) && $0.quality > given.quality }
        guard !promising.isEmpty else {
            if round == 1 { reject(arms) }
            return nil
        }
        // The most suspicious of those that gain nearly as much as the best is proved first.
        let best = promising.map(\.gain).max()!
        var candidates = promising.filter { $0.gain >= 0.75 * best }
            .sorted { ($0.treatment.suspicion, $0.gain) > ($1.treatment.suspicion, $1.gain) }
        candidates += promising.filter { $0.gain < 0.75 * best }.sorted { $0.gain > $1.gain }
        var proved: [Arm] = []
        for arm in candidates.prefix(4) {
            if trials.isOver { break }
            if let proof = try proof(of: arm, given) {
                var arm = arm
                arm.proof = proof
                arm.gain = proof.gain
                proved.append(arm)
                if proved.count == 2 { break }
            }
        }
        if round == 1 { reject(arms.filter { arm in !proved.contains { $0.treatment.edit == arm.treatment.edit } }) }
        guard let chosen = proved.first else { return nil }
        // Others that help as well are named behind it.
        let findings = proved.map { finding($0, given) }
        return Found(findings: findings, edit: chosen.treatment.edit, experiment: chosen.experiment)
    }

    private mutating func reject(_ arms: [Arm]) {
        rejected = arms.map {
            Diagnosis.Rejection(label: $0.treatment.cause, settings: $0.treatment.edit.settings, gain: $0.gain)
        }
    }

    /// Whether a gain is worth a word: as much as the cause asks for, or two fifths of the errors that are left.
    private func matters(_ gain: Double, _ quality: Double, _ treatment: Treatment) -> Bool {
        let least = treatment.minimumGain
        return gain >= least || gain >= 0.01 && least <= 0.03 && gain >= 0.4 * (1 - quality)
    }

    /// The same with fresh seeds; `nil` if the gain is not there.
    private func proof(of arm: Arm, _ given: Case) throws -> Finding.Proof? {
        var (seeds, control, treated): ([UInt64], [Double], [Double]) = ([], [], [])
        for number in 1...UInt64(doctor.seeds) {
            if trials.isOver, seeds.count >= 2 { break }
            let seed = seed &+ 1000 &* number
            control.append(given.patient.quality(try trial(given.experiment, seed: seed).score))
            treated.append(given.patient.quality(try trial(arm.experiment, seed: seed).score))
            seeds.append(seed)
            let gains = zip(treated, control).map { $0 - $1 }
            let (mean, bound) = Examination.lowerBound(gains)
            if seeds.count >= 3 {
                if bound > 0, matters(mean, given.quality, arm.treatment) {
                    return Finding.Proof(
                        seeds: seeds, control: control, treated: treated, gain: mean, lowerBound: bound)
                }
                if mean <= 0 { return nil }
            }
        }
        return nil
    }

    /// The mean of paired differences, and the lower bound of its one-sided interval of 95 %.
    static func lowerBound(_ gains: [Double]) -> (mean: Double, bound: Double) {
        let count = Double(gains.count)
        let mean = gains.reduce(0, +) / max(1, count)
        guard gains.count > 1 else { return (mean, -.infinity) }
        let variance = gains.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        // Student's t, one-sided 95 %.
        let quantiles = [6.31, 2.92, 2.35, 2.13, 2.02, 1.94, 1.89, 1.86, 1.83, 1.81]
        let quantile = quantiles[min(gains.count - 2, quantiles.count - 1)]
        return (mean, mean - quantile * (variance / count).squareRoot())
    }

    private func finding(_ arm: Arm, _ given: Case) -> Finding {
        let treatment = arm.treatment
        return Finding(
            label: treatment.cause, places: treatment.places,
            confidence: min(
                0.99, 0.6 + 0.2 * treatment.suspicion + (arm.proof.map { $0.lowerBound > 0.05 ? 0.2 : 0.1 } ?? 0)),
            level: treatment.level, observation: treatment.observation,
            evidence: ["quality": given.quality, "treated": arm.quality, "suspicion": treatment.suspicion],
            experiment: arm.proof, repair: Finding.Repair(settings: treatment.edit.settings))
    }
}
