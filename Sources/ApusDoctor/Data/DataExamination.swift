import ApusData
import ApusExperiments
import Foundation

/// What the data say, with a few trainings: faults that no setting of the network cures.
struct DataExamination {
    let patient: Patient
    let trials: Trials
    let seed: UInt64
    let control: Trial
    let training: Dataset
    let heldOut: Dataset

    init(_ patient: Patient, _ trials: Trials, seed: UInt64, control: Trial) throws {
        self.patient = patient
        self.trials = trials
        self.seed = seed
        self.control = control
        (training, heldOut) = try Trials.parts(patient.data, seed: seed)
    }

    var experiment: Experiment { patient.experiment }
    /// What findings call the data: their file, or their source.
    var dataPlace: String { DataExamination.place(in: patient.tree) }

    /// Everything that is wrong with the data.
    func findings() throws -> [Finding] {
        var found: [Finding] = []
        // Neighbours and counts of samples say nothing about positions, or about one of several outputs.
        let checks =
            !patient.task.hasOneAnswer
            ? [wrongMetric]
            : [
                wrongMetric, imbalance, tooLittleData, groupLeak, identifierLeak, tellingColumn, nearDuplicates,
            ]
        for check in checks where !trials.isOver {
            if let finding = try check() { found.append(finding) }
        }
        // Other shares of the classes explain another score.
        if !found.contains(where: { $0.label == .classImbalance }), patient.task.hasOneAnswer, !trials.isOver {
            if let finding = try otherTestPart() ?? damagedInputs() { found.append(finding) }
        }
        return found
    }

    /// Data that can't be read because a cell is not finite.
    static func unreadable(_ error: any Error, _ experiment: Experiment) -> Finding? {
        let text = "\(error)"
        let words = text.lowercased().split { !$0.isLetter }
        guard words.contains("nan") || words.contains("inf") || words.contains("finite") else { return nil }
        return Finding(
            label: .dataNonfinite, places: [place(in: try? ExperimentTree(experiment))], confidence: 0.99, level: 0,
            observation: text,
            evidence: [:], experiment: nil, repair: nil)
    }

    private static func place(in tree: ExperimentTree?) -> String {
        tree?["data.source"]?.arguments?["file"]?.string ?? "data.source"
    }

    /// Numbers that are not finite, in samples that a training reads or is measured on.
    static func notFinite(_ data: LoadedData, _ experiment: Experiment) -> Finding? {
        let parts = [("training", data.training), ("validation", data.validation), ("test", data.test)]
        for (name, part) in parts {
            guard let found = part?.numbersNotFinite(in: name) else { continue }
            return Finding(
                label: .dataNonfinite, places: [place(in: try? ExperimentTree(experiment))], confidence: 0.99, level: 0,
                observation: found.remark, evidence: ["samples": Double(found.samples)], experiment: nil, repair: nil)
        }
        return nil
    }

    // MARK: Seeds

    /// The trials of the experiment with fresh seeds.
    func controls(_ count: Int) throws -> [(seed: UInt64, trial: Trial)] {
        try (1...UInt64(count)).map { (seed &+ 1000 &* $0, try trials(experiment, seed: seed &+ 1000 &* $0)) }
    }

    func finding(
        _ cause: Cause, at places: [String], _ observation: String, evidence: [String: Double], level: Int = 1,
        proof: Finding.Proof?, repair: [String]? = nil
    ) -> Finding {
        Finding(
            label: cause, places: places, confidence: proof == nil ? 0.9 : 0.95, level: level, observation: observation,
            evidence: evidence, experiment: proof, repair: repair.map { Finding.Repair(settings: $0) })
    }

    func proof(_ seeds: [UInt64], _ control: [Double], _ treated: [Double]) -> Finding.Proof {
        let (mean, bound) = Examination.lowerBound(zip(treated, control).map { $0 - $1 })
        return Finding.Proof(seeds: seeds, control: control, treated: treated, gain: mean, lowerBound: bound)
    }

    // MARK: Checks

    /// A metric that does not say what it seems to.
    private func wrongMetric() throws -> Finding? {
        if let finding = Case(patient: patient, control: control).metricFinding { return finding }
        guard let reported = control.reportedAccuracy, !patient.task.isNumbers, control.score.samples.count >= 30,
            abs(reported - control.score.value) > 0.1, control.failure == nil, !control.score.isConstant
        else { return nil }
        return finding(
            .metricWrong, at: ["metrics"],
            "the accuracy that is reported is \(reported.short), but \(control.score.value.short) of the answers are right",
            evidence: ["reported": reported, "right": control.score.value], level: 0, proof: nil)
    }

    /// A test part that is not like the part that is held back from training.
    private func otherTestPart() throws -> Finding? {
        guard let test = control.test, let data = patient.data.test, !patient.task.isNumbers, control.failure == nil,
            test.samples.count >= 50, control.score.samples.count >= 50
        else { return nil }
        func difference(_ trial: Trial) -> Double { (trial.test?.value ?? 0) - trial.score.value }
        let pooled = (test.value + control.score.value) / 2
        let error = (pooled * (1 - pooled) * (1 / Double(test.samples.count) + 1 / Double(control.score.samples.count)))
            .squareRoot()
        guard abs(difference(control)) > max(0.05, 4 * error) else { return nil }
        let controls = try controls(3)
        guard controls.allSatisfy({ difference($0.trial) * difference(control) > 0 }) else { return nil }
        let proof = proof(
            controls.map(\.seed), controls.map(\.trial.score.value), controls.map { $0.trial.test?.value ?? 0 })
        guard abs(proof.gain) > 0.05 else { return nil }
        var evidence = ["heldOut": control.score.value, "test": test.value]
        let facts =
            "\((control.score.value * 100).short) % of the answers are right on samples held back from the training part, \((test.value * 100).short) % on the test part"
        if let shift = inputShift(data) {
            evidence["distance"] = shift.ratio
            if abs(shift.z) > 5, shift.ratio < 0.97 || shift.ratio > 1.03 {
                return shift.ratio < 1
                    ? finding(
                        .dataNoise, at: [dataPlace],
                        "\(facts); test samples lie nearer to their neighbours among training samples than those that were held back: the training part is damaged",
                        evidence: evidence, proof: proof)
                    : finding(
                        .trainEvalShift, at: [dataPlace],
                        "\(facts); test samples lie farther from training samples than those that were held back do: they come from elsewhere",
                        evidence: evidence, proof: proof)
            }
        }
        return difference(control) > 0
            ? finding(
                .labelNoise, at: [dataPlace],
                "\(facts), though the inputs are alike: labels of the training part are wrong",
                evidence: evidence, proof: proof)
            : finding(
                .labelCorrupted, at: [dataPlace],
                "\(facts), though the inputs are alike: labels mean something else in the two parts",
                evidence: evidence,
                proof: proof)
    }

    /// How far test samples are from training samples, relative to held-out ones: ratio of mean distances, and its z value.
    func inputShift(_ test: Dataset) -> (ratio: Double, z: Double)? {
        guard let rows = SampleRows.of(training, limit: 800), let held = SampleRows.of(heldOut, limit: 250),
            let tested = SampleRows.of(test, limit: 250)
        else { return nil }
        let scaled = SampleRows.scaled([rows, held, tested])
        func distances(_ rows: [[Double]]) -> [Double] {
            rows.map { (NearestNeighbors.nearest($0, in: scaled[0], count: 1).first?.distance ?? 0).squareRoot() }
        }
        let (a, b) = (distances(scaled[1]), distances(scaled[2]))
        let (first, second) = (Moments(a), Moments(b))
        guard first.mean > 0 else { return nil }
        return (
            second.mean / first.mean,
            (second.mean - first.mean) / max(1e-12, (first.squaredError + second.squaredError).squareRoot())
        )
    }

    /// A training part so small that half of it does much worse.
    private func tooLittleData() throws -> Finding? {
        // A test part says more than a few held-out samples.
        func judged(_ trial: Trial) -> Score {
            guard let test = trial.test, test.samples.count > trial.score.samples.count else { return trial.score }
            return test
        }
        let reached = judged(control).value
        // Where most are held back, a treatment gives some of them to training.
        let held = experiment.data.validation
        guard training.count < Patient.fewSamples, !patient.task.isNumbers, control.training.value > reached + 0.15,
            held.fraction <= 0.5 || held.file != nil
        else { return nil }
        var half = experiment
        half.epochs = experiment.epochs * 2
        var (seeds, whole, halved): ([UInt64], [Double], [Double]) = ([], [], [])
        for number in 1...UInt64(8) where !trials.isOver {
            let seed = seed &+ 1000 &* number
            whole.append(judged(try trials(experiment, seed: seed)).value)
            halved.append(
                judged(
                    try trials(half, seed: seed) { training, heldOut in
                        (try training.subset(Array(stride(from: 0, to: training.count, by: 2))), heldOut)
                    }
                ).value)
            seeds.append(seed)
        }
        let proof = proof(seeds, halved, whole)
        guard proof.lowerBound > 0, proof.gain > 0.05 else { return nil }
        return finding(
            .tooLittleData, at: [dataPlace],
            "there are \(training.count) training samples; half of them, for as many steps, lose \((proof.gain * 100).short) points on samples that it has not seen, so more would gain",
            evidence: [
                "samples": Double(training.count), "training": control.training.value, "heldOut": reached,
            ],
            proof: proof)
    }

    /// Classes that are not learned because they are rare.
    private func imbalance() throws -> Finding? {
        guard case .classes(let count) = patient.task, count > 1, patient.classCounts.count == count else { return nil }
        let counts = patient.classCounts.map(Double.init)
        let mean = counts.reduce(0, +) / Double(count)
        let rare = counts.indices.filter { counts[$0] < mean / 3 }
        let frequent = counts.indices.filter { counts[$0] >= mean / 3 }
        guard !rare.isEmpty, !frequent.isEmpty else { return nil }
        // Where the test part has more of the rare classes, they are measured there.
        func recalls(_ trial: Trial, _ chosen: [Int]) -> (right: Double, count: Double) {
            let parts = [trial.score.classes, trial.test?.classes ?? []]
            return parts.reduce((0, 0)) { sum, classes in
                chosen.reduce(sum) { sum, label in
                    classes.indices.contains(label) ? (sum.0 + classes[label].right, sum.1 + classes[label].count) : sum
                }
            }
        }
        let (few, many) = (recalls(control, rare), recalls(control, frequent))
        // Where they are recognized as others are, being rare does no harm.
        guard few.count < 10 || few.right / few.count < many.right / max(1, many.count) - 0.2 else { return nil }
        if let least = rare.min(by: { counts[$0] < counts[$1] }), counts[least] < 6, mean > 30 {
            return finding(
                .classImbalance, at: ["loss", dataPlace],
                "class \(patient.data.training.classNames[least]) has \(Int(counts[least])) of \(Int(counts.reduce(0, +))) training samples: what is measured on it says nothing",
                evidence: ["rarest": counts[least], "mean": mean], level: 0, proof: nil)
        }
        guard few.count >= 10, many.count >= 10 else { return nil }
        let least = Int(rare.map { counts[$0] }.reduce(0, +)) / rare.count
        var (seeds, whole, thinned): ([UInt64], [Double], [Double]) = ([], [], [])
        for number in 1...UInt64(3) where !trials.isOver {
            let seed = seed &+ 1000 &* number
            let usual = try trials(experiment, seed: seed)
            let level = try trials(experiment, seed: seed) { training, heldOut in
                var taken = Array(repeating: 0, count: count)
                let kept = (0..<training.count).filter { index in
                    let label = training.label(at: index)
                    taken[label] += 1
                    return taken[label] <= max(2, least)
                }
                return (try training.subset(kept), heldOut)
            }
            let (a, b) = (recalls(usual, frequent), recalls(level, frequent))
            whole.append(a.right / max(1, a.count))
            thinned.append(b.right / max(1, b.count))
            seeds.append(seed)
        }
        let proof = proof(seeds, thinned, whole)
        guard proof.gain > 0.1 else { return nil }
        return finding(
            .classImbalance, at: ["loss", dataPlace],
            "of classes with few samples \((few.right / few.count * 100).short) % are recognized, of others \((many.right / many.count * 100).short) %; thinned out to as few, the others lose \((proof.gain * 100).short) points",
            evidence: ["rare": few.right / few.count, "frequent": many.right / many.count, "samples": Double(least)],
            proof: proof)
    }
}
