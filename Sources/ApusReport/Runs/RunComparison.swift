public import ApusExperiments
import ApusCharts
import ApusFormats
public import ApusTraining
import Foundation

/// What sets runs apart: their settings, and what came of them.
///
/// ```swift
/// import ApusExperiments
///
/// let folders = try ["runs/lenet5-1", "runs/lenet5-2"].map { try RunFolder(existing: $0) }
/// let comparison = RunComparison(try folders.map { try RunComparison.Run($0) })
/// for difference in comparison.differences { print(difference.path, difference.values) }
/// ```
public struct RunComparison: Sendable {
    /// One of the runs that are compared.
    public struct Run: Sendable {
        /// What tables and curves call it; of paths in one folder they show the last parts.
        public var name: String
        /// The settings of the run.
        public var experiment: Experiment
        /// What the run measured, epoch by epoch.
        public var history: History
        /// How the run stands and what its test gave; `–` in tables if absent.
        public var record: RunRecord?

        /// Creates a value; arguments set the properties of their names.
        public init(name: String, experiment: Experiment, history: History, record: RunRecord? = nil) {
            self.name = name
            self.experiment = experiment
            self.history = history
            self.record = record
        }

        /// The run in a folder.
        ///
        /// - Parameters:
        ///   - folder: The folder of the run.
        ///   - report: Is told what is damaged.
        public init(_ folder: RunFolder, report: (String) -> Void = { _ in }) throws {
            self.init(
                name: folder.path, experiment: try folder.experiment(), history: try folder.history(report: report))
            do { record = try folder.record() } catch { report("\(error)") }
        }
    }

    /// A setting that is not the same in all runs.
    public struct Difference: Sendable, Hashable {
        /// `optimizer.adam.learningRate`
        public var path: String
        /// One text a run; `–` where the run lacks the setting.
        public var values: [String]
    }

    /// In the order of the columns.
    public var runs: [Run]

    /// Creates a value; arguments set the properties of their names.
    public init(_ runs: [Run]) {
        self.runs = runs
    }

    /// The settings that differ, sorted by path.
    public var differences: [Difference] {
        let settings = runs.map { $0.experiment.settings }
        let paths = Set(settings.flatMap(\.keys)).sorted()
        return paths.compactMap { path in
            let values = settings.map { $0[path] ?? "–" }
            return Set(values).count > 1 ? Difference(path: path, values: values) : nil
        }
    }

    /// What came of each run: rows of a name and one text a run.
    public var results: [(name: String, values: [String])] {
        var rows: [(String, [String])] = [
            ("state", runs.map { $0.record?.state.rawValue ?? "–" }),
            ("epochs", runs.map { "\($0.history.epochs.count)" }),
            ("training time", runs.map { RunReport.duration($0.history.epochs.reduce(0) { $0 + $1.seconds }) }),
            (
                "best epoch",
                runs.map { run in
                    RunReport.bestEpoch(run.history.epochs).map { "\(run.history.epochs[$0].epoch)" } ?? "–"
                }
            ),
        ]
        func names(_ part: (EpochRecord) -> Measurements?) -> [String] {
            var names: [String] = []
            for run in runs {
                for name in run.history.epochs.last.flatMap(part)?.names ?? [] where !name.contains("[") {
                    if !names.contains(name) { names.append(name) }
                }
            }
            return names
        }
        func row(_ label: String, _ value: (Run) -> Double?) {
            rows.append((label, runs.map { value($0).map(decimals) ?? "–" }))
        }
        for name in names(\.training) { row("last training.\(name)") { $0.history.epochs.last?.training[name] } }
        for name in names(\.validation) {
            row("last validation.\(name)") { $0.history.epochs.last?.validation?[name] }
            row("validation.\(name) at the best epoch") { run in
                RunReport.bestEpoch(run.history.epochs).flatMap { run.history.epochs[$0].validation?[name] }
            }
        }
        var tested: [String] = []
        for name in runs.flatMap({ $0.record?.test?.names ?? [] }) where !tested.contains(name) && !name.contains("[") {
            tested.append(name)
        }
        for name in tested { row("test.\(name)") { $0.record?.test?[name] } }
        return rows
    }
}
