import ApusConfiguration
import Apus
import ApusExperiments
import Foundation

/// Runs of a catalog as text.
enum RunTable {
    /// - Parameters:
    ///   - metrics: The columns; those that no run has are left out.
    ///   - isBest: Whether values are the best of all epochs; else those of the end.
    static func text(_ runs: [RunEntry], in catalog: RunCatalog, metrics: [String], isBest: Bool = false) -> String {
        func value(_ run: RunEntry, _ metric: String) -> Double? {
            isBest ? run.best[metric] ?? run.final[metric] : run.final[metric]
        }
        let columns = metrics.filter { metric in runs.contains { value($0, metric) != nil } }
        let rows = runs.map { run in
            [catalog.path(run), run.state, date(run.started)]
                + columns.map { value(run, $0).map(Measurements.rounded) ?? "–" }
        }
        return TextTable(header: ["run", "state", "started"] + columns, rows: rows).description
    }

    static func json(_ runs: [RunEntry], in catalog: RunCatalog) throws -> String {
        struct Line: Encodable {
            var folder: String
            var name: String
            var state: String
            var started: Date
            var finished: Date?
            var final: [String: Double]
            var best: [String: Double]
        }
        let lines = runs.map {
            Line(
                folder: catalog.path($0), name: $0.name, state: $0.state, started: $0.started, finished: $0.finished,
                final: $0.final, best: $0.best)
        }
        return try FileJSON.text(lines, isPretty: true)
    }

    static func date(_ date: Date) -> String {
        date.formatted(
            Date.ISO8601FormatStyle(timeZone: .current).year().month().day().time(includingFractionalSeconds: false)
                .dateTimeSeparator(.space))
    }
}

/// What there is to know of one run, as text.
struct RunDescription: CustomStringConvertible {
    let description: String

    init(_ folder: RunFolder) throws {
        let (record, experiment, history) = (try? folder.record(), try folder.experiment(), try? folder.history())
        let state = record.map { "\($0.state)" + ($0.stopReason.map { " (\($0))" } ?? "") } ?? "unknown"
        var lines = ["\(experiment.name): \(state)"]
        if let record {
            lines.append("command   \(record.command.joined(separator: " "))")
            lines.append(
                "started   \(RunTable.date(record.started))"
                    + (record.ended.map { ", ended \(RunTable.date($0))" } ?? "")
                    + (record.resumes.isEmpty
                        ? "" : ", resumed \(record.resumes.count == 1 ? "once" : "\(record.resumes.count) times")"))
            lines.append("seed      \(record.seed), \(record.threads) threads, data \(record.dataFingerprint)")
        }
        if let history, let last = history.epochs.last {
            lines.append("epochs    \(history.epochs.count) of \(experiment.epochs)")
            lines.append("last      \(last.training)" + (last.validation.map { "  validation \($0)" } ?? ""))
        }
        if let test = record?.test { lines.append("test      \(test)") }
        let files = (try FileManager.default.contentsOfDirectory(atPath: folder.path)).sorted()
        lines.append("files     \(files.joined(separator: ", "))")
        lines += folder.damages.map { "damaged   \($0)" }
        description = lines.joined(separator: "\n")
    }
}
