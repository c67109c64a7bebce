public import ApusData
public import ApusExperiments
import ApusTraining
import Foundation

/// Finds out why a network does not learn, proves it by controlled trainings, and repairs it.
///
/// ```swift
/// import ApusExperiments
///
/// let experiment = Experiment(
///     name: "moons", data: DataSource(source: .generated(.moons(noise: 0.2))),
///     model: .layers(Sequential { Dense(16, activation: .relu); Dense(2, activation: .softmax) }), epochs: 20)
/// let diagnosis = try Doctor().examine(experiment)
/// print(diagnosis)
/// ```
public struct Doctor: Sendable {
    /// Seconds after which no training begins.
    public var budget: Double
    /// Fresh seeds of a proof at most.
    public var seeds: Int
    /// Receives what is done, line by line.
    public var report: @Sendable (String) -> Void

    /// A doctor.
    ///
    /// - Parameters:
    ///   - budget: Seconds after which no training begins.
    ///   - seeds: Fresh seeds of a proof at most.
    ///   - report: Receives what is done, line by line.
    public init(budget: Double = 60, seeds: Int = 20, report: @escaping @Sendable (String) -> Void = { _ in }) {
        self.budget = budget
        self.seeds = seeds
        self.report = report
    }

    /// Examines an experiment.
    ///
    /// - Parameters:
    ///   - experiment: What does not learn, or seems to.
    ///   - data: In place of the data that the experiment names.
    /// - Throws: `DoctorError` where the data have no targets; what reading them throws.
    public func examine(_ experiment: Experiment, data: LoadedData? = nil) throws -> Diagnosis {
        var examination = Examination(self, experiment, data)
        return try examination.diagnosis()
    }

    /// Examines a run.
    ///
    /// Where it went well and then wrong, and a checkpoint of before is kept, trainings are forks that go on from it: one as it is, and one for
    /// each edit of how it goes on. Where they do not tell the cause, or the run went badly from the start, its experiment is examined.
    ///
    /// - Parameters:
    ///   - run: The folder of a run.
    ///   - data: In place of the data that its experiment names.
    /// - Throws: `TrainingError` where the folder can't be read; what examining its experiment throws.
    public func examine(_ run: RunFolder, data: LoadedData? = nil) throws -> Diagnosis {
        let experiment = try run.experiment()
        let begin = Date()
        if let relapse = try relapse(of: run, experiment, data) {
            // The rest is left for trainings from the start.
            var doctor = self
            doctor.budget = budget / 2
            var examination = Examination(doctor, experiment, data, from: relapse)
            if let diagnosis = try examination.diagnosisOfRelapse() { return diagnosis }
        }
        var doctor = self
        doctor.budget = max(budget / 2, budget - Date().timeIntervalSince(begin))
        return try doctor.examine(experiment, data: data)
    }

    private func relapse(of run: RunFolder, _ experiment: Experiment, _ data: LoadedData?) throws -> Relapse? {
        guard let history = try? run.history(), let record = try? run.record() else { return nil }
        let loaded = try data ?? experiment.loadedData()
        guard loaded.validation?.isEmpty == false else { return nil }
        var trainer = experiment.trainer(of: try experiment.network(for: loaded.training))
        try trainer.prepare(inputs: loaded.training.signature)
        guard let fresh = trainer.state else { return nil }
        return Relapse(
            history.epochs, diverged: record.state == .diverged, last: experiment.epochs,
            states: TrainingCheckpoint.states(in: run.checkpoints, for: fresh))
    }
}
