import ApusConfiguration
import ApusData
import ApusExperiments
import ApusSearch
import Foundation

/// One examination: what is tried, in which order, and what is concluded.
struct Examination {
    private let doctor: Doctor
    private let original: Experiment
    private let trials: Trials
    /// Where trainings begin that are forks of a run; `nil` where they begin at the start.
    private let relapse: Relapse?
    private let begin = Date()
    private var notes: [String] = []
    private var rejected: [Diagnosis.Rejection] = []

    init(_ doctor: Doctor, _ experiment: Experiment, _ data: LoadedData?, from relapse: Relapse? = nil) {
        self.doctor = doctor
        self.relapse = relapse
        original = experiment
        trials = Trials(given: data, budget: doctor.budget, from: relapse)
    }

    private var seed: UInt64 { original.seed }

    mutating func diagnosis() throws -> Diagnosis {
        do {
            if let finding = DataExamination.notFinite(try trials.loadedData(original, seed: seed), original) {
                return diagnosis(.faulty, [finding], quality: 0, chance: 0)
            }
        } catch {
            guard let finding = DataExamination.unreadable(error, original) else { throw error }
            return diagnosis(.faulty, [finding], quality: 0, chance: 0)
        }
        try trials.adapt(to: original)
        if let short = trials.shortening {
            let text =
                "every training is a short one, \(short.samples.counted("sample")) for \(short.epochs(of: original.epochs).counted("epoch")) "
                + "of \(original.epochs), so that many fit into \(doctor.budget.short) s; a greater budget sees more"
            notes.append(text)
            doctor.report(text)
        }
        var current = original
        var control = try trial(current)
        let first = try patient(current)
        let (quality, chance) = (first.quality(control.score), first.chance(control.score))
        if let failure = control.failure { notes.append("training fails: \(failure)") }
        doctor.report("as it is: \(quality.short) (chance \(chance.short))")
        let data = try DataExamination(first, trials, seed: seed, control: control)
        if let finding = try data.withoutSignal() {
            return diagnosis(.faulty, [finding], quality: quality, chance: chance)
        }
        var findings = try data.findings()
        var repair = Edit([])
        for finding in findings { repair = repair.and(finding.repair.map { Edit(settings: $0.settings) } ?? Edit([])) }
        // What is measured on parts that know each other proves nothing; the repaired parts do.
        if !repair.assignments.isEmpty, let repaired = try? repair.applied(to: original) {
            current = repaired
            control = try trial(current)
        }
        for round in 1...3 where !trials.isOver {
            let patient = try patient(current)
            let given = Case(patient: patient, control: control, stableRate: trials.stableRate(current))
            guard let found = try bestTreatment(given, round: round) ?? (isHelpless(given) ? rescue(given) : nil) else {
                break
            }
            findings += found.findings.filter { new in !findings.contains { $0.label == new.label } }
            repair = repair.and(found.edit)
            current = found.experiment
            control = try trial(current)
        }
        var diagnosis = diagnosis(
            verdict(findings, quality, chance, control), findings, quality: quality, chance: chance)
        try complete(&diagnosis, repair, current)
        return diagnosis
    }

    /// Adds what all repairs together change and reach.
    private func complete(_ diagnosis: inout Diagnosis, _ repair: Edit, _ repaired: Experiment) throws {
        for index in diagnosis.findings.indices {
            guard let settings = diagnosis.findings[index].repair?.settings else { continue }
            diagnosis.findings[index].repair?.difference = original.difference(settings)
        }
        guard !repair.assignments.isEmpty else { return }
        diagnosis.difference = original.difference(repair.settings)
        diagnosis.repairedQuality = try patient(repaired).quality(trial(repaired).score)
        diagnosis.repair = repair.settings
    }

    /// What made a run go wrong, by forks of the training as it was before: one as it is, and one for each edit of how it goes on.
    ///
    /// - Returns: `nil` where the training was not good before, the fork as it is does not go wrong, or no edit keeps it from that.
    mutating func diagnosisOfRelapse() throws -> Diagnosis? {
        guard let relapse else { return nil }
        let patient = try patient(original)
        guard let score = try trials.scoreAtStart(original) else { return nil }
        let (before, guess) = (patient.quality(score), patient.chance(score))
        guard before > guess + 0.5 * (1 - guess) else { return nil }
        let given = Case(patient: patient, control: try trial(original), stableRate: trials.stableRate(original))
        guard relapse.comesBack(in: given.control), given.quality < before - 0.02 else { return nil }
        let forks =
            "\(relapse.text); all trainings go on from the checkpoint of epoch \(relapse.state.epoch), to the end of epoch \(relapse.end)"
        notes.append(forks)
        doctor.report(forks)
        guard let found = try bestTreatment(given, round: 1) else { return nil }
        var diagnosis = diagnosis(.faulty, found.findings, quality: given.quality, chance: guess)
        try complete(&diagnosis, found.edit, found.experiment)
        return diagnosis
    }

    private func diagnosis(
        _ verdict: Diagnosis.Verdict, _ findings: [Finding], quality: Double, chance: Double
    ) -> Diagnosis {
        Diagnosis(
            name: original.name, verdict: verdict, findings: findings, quality: quality, chance: chance,
            repairedQuality: nil, repair: [], rejected: rejected, seconds: Date().timeIntervalSince(begin),
            trainings: trials.count, notes: notes)
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
        /// The gain in loss of what is wrong by itself, which may do less harm to what is predicted.
        var gainInLoss: Double?
    }

    private struct Found {
        let findings: [Finding]
        let edit: Edit
        let experiment: Experiment
    }

    /// The treatment that helps most; `nil` if none helps by as much as matters.
    private mutating func bestTreatment(_ given: Case, round: Int) throws -> Found? {
        var arms: [Arm] = []
        let treatments = relapse.map { given.treatments(after: $0) } ?? given.treatments()
        for treatment in treatments where trials.shortening == nil || !treatment.needsWholeTrainings {
            if trials.isOver {
                notes.append("the budget of \(doctor.budget.short) s ended before everything was tried")
                break
            }
            guard let experiment = try? treatment.edit.applied(to: given.experiment) else { continue }
            // Other data may not exist for this edit.
            guard let result = try? trial(experiment) else { continue }
            let quality = given.patient.quality(result.score)
            arms.append(
                Arm(
                    treatment: treatment, experiment: experiment, quality: quality,
                    gain: gain(result, given.control, treatment, given.patient),
                    gainInLoss: treatment.measuredByLoss.map { gain(result, given.control, $0, given.patient) }))
            doctor.report(
                "\(treatment.cause.rawValue) \(treatment.edit.settings.joined(separator: " ")): \(quality.short)")
        }
        var promising = arms.filter { matters($0.gain, given, $0.treatment) }
        if promising.isEmpty {
            promising = arms.compactMap { arm in
                guard let treatment = arm.treatment.measuredByLoss, let gain = arm.gainInLoss,
                    matters(gain, given, treatment)
                else { return nil }
                return Arm(treatment: treatment, experiment: arm.experiment, quality: arm.quality, gain: gain)
            }
        }
        guard !promising.isEmpty else {
            if round == 1 { reject(arms) }
            return nil
        }
        let candidates = Examination.ordered(promising)
        var proved: [Arm] = []
        for arm in candidates.prefix(4) {
            if trials.isOver { break }
            guard !proved.contains(where: { $0.treatment.cause == arm.treatment.cause }) else { continue }
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

    /// What is proved first: a suspicion that explains much of the gain before what merely helps, then what helps most.
    private static func ordered(_ arms: [Arm]) -> [Arm] {
        let best = arms.map(\.gain).max() ?? 0
        func rank(_ arm: Arm) -> Int {
            if arm.treatment.suspicion >= 0.55, arm.gain >= 0.4 * best { return 0 }
            return arm.gain >= 0.75 * best ? 1 : 2
        }
        return arms.sorted { a, b in
            if rank(a) != rank(b) { return rank(a) < rank(b) }
            if rank(a) == 2 { return a.gain > b.gain }
            return (a.treatment.suspicion, a.gain) > (b.treatment.suspicion, b.gain)
        }
    }

    /// What an arm gains over the control with the same seed; nothing where it is no better than a guess.
    private func gain(_ arm: Trial, _ control: Trial, _ treatment: Treatment, _ patient: Patient) -> Double {
        let difference = patient.quality(arm.score) - patient.quality(control.score)
        let isGuess = patient.quality(arm.score) < patient.chance(arm.score) + 0.005
        let quality = isGuess ? min(0, difference) : difference
        guard treatment.isMeasuredByLoss else { return quality }
        guard quality > -0.02, control.heldOutLoss > 0, arm.heldOutLoss.isFinite else { return -1 }
        return control.heldOutLoss.isFinite ? 1 - arm.heldOutLoss / control.heldOutLoss : 1
    }

    // MARK: Several causes at once

    /// Whether a network is hardly better than a guess.
    private func isHelpless(_ given: Case) -> Bool {
        let chance = given.patient.chance(given.control.score)
        return given.quality < chance + 0.35 * (1 - chance)
    }

    /// What a network needs that several causes keep from learning: the usual settings together, and of them what can't be left out.
    private mutating func rescue(_ given: Case) throws -> Found? {
        for recipe in given.recipes() where !trials.isOver {
            var parts = recipe
            guard let experiment = try? Case.joined(parts).applied(to: given.experiment) else { continue }
            // Other data may not exist for these edits.
            guard let best = (try? trial(experiment)).map({ given.patient.quality($0.score) }) else { continue }
            doctor.report("all usual settings together: \(best.short)")
            guard best > given.quality + 0.1 else { continue }
            // The least suspicious parts are left out first.
            for part in parts.sorted(by: { $0.suspicion < $1.suspicion }) where !trials.isOver {
                let rest = parts.filter { $0.edit != part.edit }
                guard let experiment = try? Case.joined(rest).applied(to: given.experiment) else { continue }
                guard let quality = (try? trial(experiment)).map({ given.patient.quality($0.score) }) else { continue }
                doctor.report("without \(part.edit.settings.joined(separator: " ")): \(quality.short)")
                if quality >= best - 0.03 { parts = rest }
            }
            let edit = Case.joined(parts)
            guard let repaired = try? edit.applied(to: given.experiment) else { continue }
            let whole = Treatment(
                parts[0].cause, at: parts.flatMap(\.places), edit, "", suspicion: 0.6, minimumGain: 0.1, level: 3)
            let arm = Arm(treatment: whole, experiment: repaired, quality: best, gain: best - given.quality)
            guard let proof = try proof(of: arm, given) else { continue }
            let findings = parts.sorted { $0.suspicion > $1.suspicion }.map { part in
                finding(
                    Arm(treatment: part, experiment: repaired, quality: best, gain: proof.gain, proof: proof), given)
            }
            return Found(findings: findings, edit: edit, experiment: repaired)
        }
        return nil
    }

    private mutating func reject(_ arms: [Arm]) {
        rejected = arms.map {
            Diagnosis.Rejection(label: $0.treatment.cause, settings: $0.treatment.edit.settings, gain: $0.gain)
        }
    }

    /// Whether a gain is worth a word: as much as the cause asks for, or two fifths of the errors that are left.
    private func matters(_ gain: Double, _ given: Case, _ treatment: Treatment) -> Bool {
        let (quality, least) = (given.quality, treatment.minimumGain)
        guard gain >= least || gain >= 0.01 && least <= 0.03 && gain >= 0.4 * (1 - quality) else { return false }
        let skill = quality - given.patient.chance(given.control.score)
        return gain >= 0.25 || skill <= treatment.greatestShare * (skill + gain)
    }

    /// The same with fresh seeds; `nil` if the gain is not there.
    ///
    /// Where chance decides whether the control fails, it takes more seeds to see.
    private func proof(of arm: Arm, _ given: Case) throws -> Finding.Proof? {
        var (seeds, control, treated, gains): ([UInt64], [Double], [Double], [Double]) = ([], [], [], [])
        var curves = Finding.Proof.Curves(control: [], treated: [])
        let isComparable = !arm.treatment.edit.paths.contains { $0.hasPrefix("loss") }
        let least = arm.treatment.suspicion < 0.5 ? 0.4 * arm.treatment.minimumGain : 0
        for number in 1...UInt64(doctor.seeds) {
            if trials.isOver, seeds.count >= 3 { break }
            let seed = seed &+ 1000 &* number
            let (a, b) = (try trial(given.experiment, seed: seed), try trial(arm.experiment, seed: seed))
            control.append(given.patient.quality(a.score))
            treated.append(given.patient.quality(b.score))
            gains.append(gain(b, a, arm.treatment, given.patient))
            seeds.append(seed)
            curves.control.append(a.epochs.compactMap { $0.validation?.loss })
            curves.treated.append(b.epochs.compactMap { $0.validation?.loss })
            let (mean, bound) = Examination.lowerBound(gains)
            guard seeds.count >= 3 else { continue }
            // What lowers the loss must gain right answers, too; where these are counted, they may be lost by chance.
            let change = Moments(zip(treated, control).map { $0 - $1 }).mean
            if bound > least, matters(mean, given, arm.treatment),
                change > (arm.treatment.isMeasuredByLoss ? 0.01 : -0.005)
            {
                return Finding.Proof(
                    seeds: seeds, control: control, treated: treated, gain: mean, lowerBound: bound,
                    curves: isComparable ? curves : nil)
            }
            let isRandom =
                arm.gain > 2 * arm.treatment.minimumGain
                && (gains.contains { $0 > arm.treatment.minimumGain } || seeds.count < 8)
            if mean <= 0 && !isRandom || seeds.count >= 6 && !isRandom { return nil }
        }
        return nil
    }

    /// The mean of paired differences, and the lower bound of its one-sided interval of 97.5 %.
    static func lowerBound(_ gains: [Double]) -> (mean: Double, bound: Double) {
        let moments = Moments(gains)
        guard gains.count > 1 else { return (moments.mean, -.infinity) }
        let quantile = StudentT(degreesOfFreedom: gains.count - 1).quantile(0.975)
        return (moments.mean, moments.mean - quantile * moments.squaredError.squareRoot())
    }

    private func finding(_ arm: Arm, _ given: Case) -> Finding {
        let treatment = arm.treatment
        return Finding(
            label: treatment.cause, places: treatment.places,
            confidence: min(
                0.99, 0.6 + 0.2 * treatment.suspicion + (arm.proof.map { $0.lowerBound > 0.05 ? 0.2 : 0.1 } ?? 0)),
            level: treatment.level, observation: treatment.observation,
            evidence: treatment.evidence.merging([
                "quality": given.quality, "treated": arm.quality, "suspicion": treatment.suspicion,
            ]) { $1 },
            experiment: arm.proof, repair: Finding.Repair(settings: treatment.edit.settings))
    }
}
