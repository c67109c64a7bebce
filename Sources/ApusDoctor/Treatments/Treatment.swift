import ApusExperiments

/// A suspicion with the edit that would cure it: what an arm of a controlled experiment tries.
struct Treatment: Sendable {
    let cause: Cause
    /// The settings, layers or columns that are to blame.
    let places: [String]
    var edit: Edit
    /// What is unusual, in a sentence.
    let observation: String
    /// How much speaks for it before it is tried, 0…1: 1 for what is wrong by itself, 0 for what is tried with every network.
    let suspicion: Double
    /// The least gain in quality that makes the cause a fault.
    let minimumGain: Double
    /// At which level it was suspected: 0 by the experiment, 1 by the data, 2 at the start, 3 while training, 4 by forks of a run.
    var level: Int
    /// Whether its gain is that of the loss on samples that are held back, as a share of the control's; the edit leaves the loss as it is.
    let isMeasuredByLoss: Bool
    /// What was measured that speaks for it, by name.
    let evidence: [String: Double]
    /// What the control reaches at most of what the arm reaches above chance; more effort helps every network a little.
    let greatestShare: Double

    /// The treatment judged by its gain in loss, if it mends what is wrong by itself and leaves the loss as it is.
    var measuredByLoss: Treatment? {
        guard level == 0, suspicion >= 0.9, !edit.paths.contains(where: { $0.hasPrefix("loss") }) else { return nil }
        return Treatment(
            cause, at: places, edit, observation, suspicion: suspicion, minimumGain: 0.02, isMeasuredByLoss: true,
            evidence: evidence, greatestShare: greatestShare)
    }

    /// Whether it is more of the same, or another schedule though nothing is odd about this one, which short trainings can't judge.
    var needsWholeTrainings: Bool {
        cause == .undertrained && places == ["epochs"] || cause == .underfittingCapacity
            || cause == .scheduleFault && suspicion < 0.5
    }

    init(
        _ cause: Cause, at places: [String], _ edit: Edit, _ observation: String, suspicion: Double,
        minimumGain: Double = 0.02, level: Int = 0, isMeasuredByLoss: Bool = false,
        evidence: [String: Double] = [:], greatestShare: Double = 1
    ) {
        self.cause = cause
        self.places = places
        self.edit = edit
        self.observation = observation
        self.suspicion = suspicion
        self.minimumGain = minimumGain
        self.level = level
        self.isMeasuredByLoss = isMeasuredByLoss
        self.evidence = evidence
        self.greatestShare = greatestShare
    }
}

/// A patient with what its training showed: what suspicions are formed of.
struct Case {
    let patient: Patient
    let control: Trial
    /// The greatest rate at which gradient descent is stable where the training begins; `nil` where it is not known.
    var stableRate: Double?

    var tree: ExperimentTree { patient.tree }
    var experiment: Experiment { patient.experiment }
    var quality: Double { patient.quality(control.score) }

    /// Everything that is worth an arm, most suspicious first.
    func treatments() -> [Treatment] {
        let all =
            outputTreatments() + lossTreatments() + inputTreatments() + targetTreatments() + initializationTreatments()
            + activationTreatments() + recurrentTreatments() + depthTreatments() + regularizationTreatments()
            + optimizerTreatments()
            + scheduleTreatments() + dataTreatments() + rateTreatments() + effortTreatments()
        var seen: Set<Edit> = []
        return all.map(writingOut).filter { seen.insert($0.edit).inserted }.sorted { $0.suspicion > $1.suspicion }
    }

    /// What keeps a training that went well from going wrong: edits of how it goes on.
    func treatments(after relapse: Relapse) -> [Treatment] {
        let going = ["optimizer", "schedule", "loss", "callbacks"]
        return
            (laterTreatments() + treatments().filter { $0.places != ["epochs"] && $0.cause != .underfittingCapacity })
            .filter { treatment in
                treatment.edit.paths.allSatisfy { path in going.contains { path == $0 || path.hasPrefix("\($0).") } }
            }.map { treatment in
                var treatment = treatment
                treatment.level = 4
                return treatment
            }
    }

    /// The treatment with the layers of a network of the zoo written out, where its edit is one of them.
    func writingOut(_ treatment: Treatment) -> Treatment {
        guard let layers = patient.namedLayers, treatment.edit.paths.contains(where: { $0.hasPrefix("model.") }) else {
            return treatment
        }
        var treatment = treatment
        treatment.edit = Edit("model", layers).and(treatment.edit)
        return treatment
    }
}
