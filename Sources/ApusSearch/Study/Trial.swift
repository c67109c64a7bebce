public import Foundation

/// How far a trial is.
///
/// ```swift
/// let trials = try TrialStore(path: "trials.sqlite").trials(of: "parabola")
/// print(trials.filter { $0.state == .pruned }.count, "of", trials.count, "were given up")
/// ```
public enum TrialState: String, Sendable, Hashable, Codable, CaseIterable {
    /// To be run, or to be run again because its process died.
    case waiting
    /// A process is at it.
    case running
    /// It ended with a score.
    case complete
    /// Given up because others were better at the same step.
    case pruned
    /// It ended with an error.
    case failed
    /// The training diverged: as bad as a setting can be.
    case diverged

    /// Whether it ended without a score.
    var hasFailed: Bool { self == .pruned || self == .failed || self == .diverged }
    /// Whether strategies learn from it once it has ended.
    var isTelling: Bool { self == .complete || self == .pruned || self == .diverged }
}

/// One assignment that is tried, with everything that is known of it.
///
/// ```swift
/// for trial in try TrialStore(path: "trials.sqlite").trials(of: "parabola") {
///     print(trial.number, trial.assignment, trial.score ?? .nan, trial.error ?? "")
/// }
/// ```
public struct Trial: Sendable, Hashable {
    /// Counts the trials of a study from 0. A trial that is promoted keeps its number.
    public let number: Int
    /// How far it is.
    public let state: TrialState
    /// What is tried.
    public let assignment: Assignment
    /// How much the trial may use in all, as a rule epochs; `nil` where the strategy does not limit it.
    public let budget: Int?
    /// How much of it an earlier part of the same trial has used: the trial continues from there.
    public let usedBudget: Int
    /// The score as it was told.
    public let score: Double?
    /// The score at the end of each budget.
    public let scores: [Int: Double]
    /// The seed of the trial's training, which follows from the study's.
    public let seed: UInt64
    /// When it was started last.
    public let started: Date?
    /// When it ended; absent while it waits or runs.
    public let finished: Date?
    /// The folder of the trial's run.
    public let folder: String?
    /// Why it failed.
    public let error: String?
    /// How often it has been started on its present budget, without those that were given back.
    public let attempts: Int

    /// The key in the store.
    let id: Int64
}

/// A value that a trial reported while it ran.
///
/// ```swift
/// let store = try TrialStore(path: "trials.sqlite")
/// let study = try Study("networks", store.search(of: "networks"), in: store)
/// if let best = try study.best() {
///     for value in try study.values(of: best) { print(value.step, value.value) }
/// }
/// ```
public struct IntermediateValue: Sendable, Hashable {
    /// The step of the value, as a rule the number of an epoch.
    public let step: Int
    /// The objective's metric, as it was measured.
    public let value: Double
}
