public import ApusData
public import ApusExperiments
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
        var examination = try Examination(self, experiment, data)
        return try examination.diagnosis()
    }
}
