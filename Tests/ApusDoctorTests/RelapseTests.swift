import Apus
import ApusDoctor
import ApusExperiments
import ApusTestKit
import Testing

/// Runs that went well and then wrong: forks of the training as it was before tell why.
@Suite struct RelapseTests {
    private func run(
        _ folder: String, schedule: Schedule = .constant, rate: Double = 0.05, epochs: Int = 24
    ) throws -> RunFolder {
        let experiment = Experiment(
            name: "moons", seed: 1, data: DataSource(source: .generated(.moons(count: 1200, noise: 0.2)), test: 0.2),
            model: .layers(
                Sequential {
                    Dense(32, activation: .relu, kernelInitializer: .heNormal); Dense(2)
                }),
            optimizer: .sgd(learningRate: rate, momentum: 0.9), schedule: schedule, batchSize: 32, epochs: epochs)
        var run = try ExperimentRun(experiment)
        try run.begin(in: folder)
        do { try run.train() } catch is DivergenceError {}
        return try RunFolder(existing: folder)
    }

    /// A schedule that lets the rate grow late.
    private let growing = Schedule.piecewise(boundaries: [300], factors: [1, 400])

    @Test func aRateThatGrowsLate() throws {
        try withTemporaryFolder { folder in
            let run = try run("\(folder)/run", schedule: growing)
            let history = try run.history()
            let best = try #require(history.epochs.min { ($0.validation?.loss ?? 9) < ($1.validation?.loss ?? 9) })
            #expect(best.validation!["accuracy"]! > 0.9)
            let diagnosis = try Doctor(budget: 60).examine(run)
            let first = try #require(diagnosis.findings.first)
            #expect(diagnosis.verdict == .faulty && first.label == .scheduleFault, "\(diagnosis)")
            #expect(diagnosis.findings.allSatisfy { $0.level == 4 })
            let proof = try #require(first.experiment)
            #expect(proof.seeds.count >= 3 && proof.lowerBound > 0 && !proof.seeds.contains(1))
            // Forks have only the epochs after the checkpoint, which was written before the harm.
            let curves = try #require(proof.curves)
            #expect(curves.treated.allSatisfy { !$0.isEmpty && $0.count < 24 - 2 })
            let note = try #require(diagnosis.notes.first { $0.contains("all trainings go on from the checkpoint") })
            #expect(note.contains("after epoch \(best.epoch)"), "\(note)")
            let repair = try #require(first.repair)
            #expect(repair.settings == ["schedule=constant"])
            #expect(try #require(diagnosis.repairedQuality) > diagnosis.quality + 0.05)
        }
    }

    /// What never went wrong, and what was wrong from the start, are examined from the start.
    @Test func othersBeginAnew() throws {
        try withTemporaryFolder { folder in
            let healthy = try Doctor(budget: 20).examine(try run("\(folder)/healthy"))
            #expect(healthy.verdict == .healthy && healthy.findings.isEmpty, "\(healthy)")
            let wild = try Doctor(budget: 20).examine(try run("\(folder)/wild", rate: 5))
            #expect(wild.findings.first?.label == .learningRateTooHigh, "\(wild)")
            #expect(wild.findings.allSatisfy { $0.level != 4 })
            for diagnosis in [healthy, wild] { #expect(!diagnosis.notes.contains { $0.contains("checkpoint") }) }
        }
    }
}
