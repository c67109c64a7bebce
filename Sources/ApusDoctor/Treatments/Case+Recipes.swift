import ApusExperiments

/// Settings that usually work, in place of all that is there: where several causes keep a network from learning, no single edit helps.
extension Case {
    /// Recipes, each of its parts a suspicion of its own.
    func recipes() -> [[Treatment]] {
        [0.01, 0.001, 0.05].map { rate in
            var parts: [Treatment] = []
            func take(_ treatments: [Treatment]) {
                for treatment in treatments where !parts.contains(where: { overlaps($0.edit, treatment.edit) }) {
                    parts.append(treatment)
                }
            }
            take(outputTreatments().suffix(1) + lossTreatments())
            take(inputTreatments().suffix(1))
            take(activationTreatments().filter { $0.suspicion > 0.5 }.prefix(1) + initializationTreatments())
            take(recurrentTreatments())
            take(regularizationTreatments())
            take(scheduleTreatments())
            if let rule = tree.optimizer {
                let own = experiment.optimizer.learningRate
                let isSame = ["adam", "adamW", "nadam"].contains(rule)
                let edit =
                    isSame
                    ? Edit("optimizer.\(rule).learningRate", .number(rate))
                    : Edit("optimizer", ["adam": ["learningRate": .number(rate)]])
                let isLess = isSame ? own > rate : rule != "sgd" && own > rate
                take([
                    Treatment(
                        isLess ? .learningRateTooHigh : .learningRateTooLow,
                        at: ["optimizer.\(rule).learningRate", "optimizer"], edit,
                        "\(rule) with the rate \(own.short) does not get there in the steps that there are",
                        suspicion: 0.55, level: 3)
                ])
            }
            take(effortTreatments().filter { $0.cause == .underfittingCapacity })
            take([
                Treatment(
                    .undertrained, at: ["epochs"], Edit("epochs", .whole(experiment.epochs * 4)),
                    "there are too few steps", suspicion: 0.25, level: 3)
            ])
            return parts.map(writingOut)
        }
    }

    private func overlaps(_ a: Edit, _ b: Edit) -> Bool {
        a.paths.contains { path in
            b.paths.contains { $0 == path || $0.hasPrefix(path + ".") || path.hasPrefix($0 + ".") }
        }
    }

    /// The edits of several suspicions, one after the other.
    static func joined(_ parts: [Treatment]) -> Edit { parts.reduce(Edit([])) { $0.and($1.edit) } }
}
