/// What the doctor concluded of an experiment.
///
/// ```swift
/// import ApusExperiments
///
/// let experiment = Experiment(
///     name: "moons", data: DataSource(source: .generated(.moons(noise: 0.2))),
///     model: .layers(Sequential { Dense(16, activation: .relu); Dense(2, activation: .softmax) }), epochs: 20)
/// let diagnosis = try Doctor().examine(experiment)
/// if diagnosis.verdict == .faulty { print(try diagnosis.repaired(experiment).yaml()) }
/// ```
public struct Diagnosis: Sendable, Hashable, Codable {
    /// Whether something is wrong.
    public enum Verdict: String, Sendable, Hashable, Codable {
        /// Nothing that was tried does better by as much as matters.
        case healthy
        /// A cause was found, and proved where it can be.
        case faulty
        /// The network does not learn, and no cause could be proved.
        case unknown
    }

    /// The version of this form.
    public var version = 1
    /// The name of the experiment.
    public var name: String
    /// Whether something is wrong.
    public var verdict: Verdict
    /// The causes, the one to begin with first.
    public var findings: [Finding]
    /// What the network reaches as it is, on samples that are held back: a share of right answers, or R².
    public var quality: Double
    /// What who always gives the same answer reaches.
    public var chance: Double
    /// What the repaired network reaches; `nil` without repair.
    public var repairedQuality: Double?
    /// The edits of all findings together, as `--set` takes them.
    public var repair: [String]
    /// The lines of the experiment's file that all repairs change, as `diff` writes them.
    public var difference = ""
    /// All repairs in a program.
    public var swift: String { Finding.swift(repair) }
    /// What was suspected, tried and did not help.
    public var rejected: [Rejection]
    /// How long it took.
    public var seconds: Double
    /// How many trainings it took.
    public var trainings: Int
    /// What limits the answer: a budget that was too small, samples that were left out.
    public var notes: [String]

    /// A suspicion that its arm did not confirm.
    public struct Rejection: Sendable, Hashable, Codable {
        /// What was suspected.
        public var label: Cause
        /// The edit that was tried, as `--set` takes it.
        public var settings: [String]
        /// The gain in quality, in the training with the experiment's seed.
        public var gain: Double
    }
}

/// A cause, with its evidence.
///
/// ```swift
/// import ApusExperiments
///
/// let experiment = Experiment(
///     name: "moons", data: DataSource(source: .generated(.moons(noise: 0.2))),
///     model: .layers(Sequential { Dense(16, activation: .relu); Dense(2, activation: .softmax) }), epochs: 20)
/// let diagnosis = try Doctor().examine(experiment)
/// for finding in diagnosis.findings { print(finding.label, finding.places, finding.observation) }
/// ```
public struct Finding: Sendable, Hashable, Codable {
    /// The cause.
    public var label: Cause
    /// The settings, layers, columns or files that are to blame.
    public var places: [String]
    /// How sure the doctor is, 0…1.
    public var confidence: Double
    /// The level at which it was found: 0 by the experiment alone, 1 by the data, 2 at the start, 3 while training.
    public var level: Int
    /// What is unusual, in a sentence.
    public var observation: String
    /// Numbers by name.
    public var evidence: [String: Double]
    /// The trainings that proved it; `nil` for what is true by itself.
    public var experiment: Proof?
    /// The smallest edit that cures it; `nil` where settings can't.
    public var repair: Repair?

    enum CodingKeys: String, CodingKey {
        case label, confidence, level, observation, evidence, experiment, repair
        case places = "where"
    }

    /// A controlled experiment: the same seeds with and without the edit.
    public struct Proof: Sendable, Hashable, Codable {
        /// The seeds, in the order of the results.
        public var seeds: [UInt64]
        /// The quality as it is, by seed.
        public var control: [Double]
        /// The quality with the edit, by seed.
        public var treated: [Double]
        /// The mean gain; of overfitting that of the loss, as a share.
        public var gain: Double
        /// The lower bound of its one-sided interval of 97.5 %.
        public var lowerBound: Double
        /// How the loss went; `nil` where both arms have other losses.
        public var curves: Curves?

        /// The loss on samples that are held back, epoch by epoch, for each seed.
        public struct Curves: Sendable, Hashable, Codable {
            /// As it is.
            public var control: [[Double]]
            /// With the edit.
            public var treated: [[Double]]
        }
    }

    /// An edit of the experiment.
    public struct Repair: Sendable, Hashable, Codable {
        /// As `--set` takes them.
        public var settings: [String]
        /// The lines of the experiment's file that change, as `diff` writes them; empty before a finding is part of a diagnosis.
        public var difference: String = ""

        /// The edit in a program.
        public var swift: String { Finding.swift(settings) }
    }

    static func swift(_ settings: [String]) -> String {
        "experiment = try experiment.setting([\(settings.map { "\($0.debugDescription)" }.joined(separator: ", "))])"
    }
}
