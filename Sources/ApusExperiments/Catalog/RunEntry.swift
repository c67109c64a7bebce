public import Foundation

/// What is worth knowing of a run without opening its folder.
///
/// ```swift
/// import Foundation
///
/// let entry = RunEntry(
///     folder: "lenet5-1", name: "lenet5", state: "completed", started: Date(),
///     best: ["validation.loss": 0.26])
/// print(try RunCatalog("runs").path(entry))  // runs/lenet5-1
/// ```
public struct RunEntry: Sendable, Hashable {
    /// The run's folder, which is its identity.
    public var folder: String
    /// The name of its experiment.
    public var name: String
    /// How it stands: `running`, `completed`, `interrupted`, `failed`, `diverged`.
    public var state: String
    /// When it began.
    public var started: Date
    /// When it ended; absent while it runs.
    public var finished: Date?
    /// The command that started it.
    public var command: String
    /// The version of Apus.
    public var version: String
    /// The metrics of the last epoch.
    public var final: [String: Double]
    /// The best value of each metric.
    public var best: [String: Double]
    /// Words to find it by: `TrialStore.runs(name:tag:)`.
    public var tags: [String]

    /// Creates a value; arguments set the properties of their names.
    public init(
        folder: String, name: String, state: String, started: Date, finished: Date? = nil, command: String = "",
        version: String = "", final: [String: Double] = [:], best: [String: Double] = [:], tags: [String] = []
    ) {
        self.folder = folder
        self.name = name
        self.state = state
        self.started = started
        self.finished = finished
        self.command = command
        self.version = version
        self.final = final
        self.best = best
        self.tags = tags
    }
}
