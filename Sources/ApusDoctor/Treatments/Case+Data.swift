import ApusExperiments

/// What is done to samples, and how often each class is among them.
extension Case {
    func dataTreatments() -> [Treatment] {
        var found: [Treatment] = []
        let held = experiment.data.validation.fraction
        if held > 0.5, experiment.data.validation.file == nil, patient.data.training.count < Patient.fewSamples {
            found.append(
                Treatment(
                    .tooLittleData, at: ["data.validation.fraction"], Edit("data.validation.fraction", .number(0.1)),
                    "\((held * 100).short) % of the samples are held back from training, which leaves \(patient.data.training.count)",
                    suspicion: 0.9,
                    minimumGain: 0.03, level: 1))
        }
        if let augment = tree["data.augment"]?.items, !augment.isEmpty {
            let kinds = augment.compactMap(\.kind)
            let damages = kinds.contains {
                ["cutout", "noise", "erase", "gaussianNoise", "randomErasing"].contains($0)
            }
            found.append(
                Treatment(
                    damages ? .dataNoise : .trainEvalShift, at: ["data.augment"], Edit("data.augment", []),
                    "training samples are changed at random (\(kinds.joined(separator: ", "))), those that are judged are not",
                    suspicion: 0.6, minimumGain: 0.03, level: 1))
            for index in augment.indices where augment.count > 1 {
                var rest = augment
                rest.remove(at: index)
                found.append(
                    Treatment(
                        damages ? .dataNoise : .trainEvalShift, at: ["data.augment"], Edit("data.augment", .list(rest)),
                        "training samples are changed at random by \(kinds.indices.contains(index) ? kinds[index] : "")",
                        suspicion: 0.62, minimumGain: 0.03, level: 1))
            }
        }
        if patient.isUnbalanced, patient.data.training.count > 200, case .classes(let count) = patient.task {
            let counts = patient.classCounts.map(Double.init)
            let mean = counts.reduce(0, +) / Double(max(1, counts.filter { $0 > 0 }.count))
            let weights = counts.map { $0 > 0 ? (min(30, mean / $0) * 100).rounded() / 100 : 1 }
            if experiment.loss.classWeights == nil, weights.count == count,
                !recognizesRareClasses(counts, below: mean / 3)
            {
                let least = counts.filter { $0 > 0 }.min() ?? 0
                found.append(
                    Treatment(
                        .classImbalance, at: ["loss", "data"],
                        loss(with: "classWeights", .list(weights.map { .number($0) })),
                        "the rarest class has \(Int(least)) of \(Int(counts.reduce(0, +))) samples", suspicion: 0.7,
                        minimumGain: 0.03, level: 1))
            }
        }
        return found
    }

    /// Whether classes with few samples are recognized almost as often as others: being rare does no harm then.
    private func recognizesRareClasses(_ counts: [Double], below least: Double) -> Bool {
        let classes = control.score.classes
        guard classes.count == counts.count else { return false }
        func recall(_ isChosen: (Double) -> Bool) -> Double? {
            let chosen = counts.indices.filter { isChosen(counts[$0]) }.map { classes[$0] }
            let count = chosen.reduce(0) { $0 + $1.count }
            return count > 0 ? chosen.reduce(0) { $0 + $1.right } / count : nil
        }
        guard let rare = recall({ $0 < least }), let others = recall({ $0 >= least }) else { return false }
        return rare > others - 0.1
    }
}
