import ApusConfiguration
public import ApusSearch
import Foundation
import GRDB

extension TrialStore {
    /// Writes what is known of a run, over what was known; tags stay if there are no new ones.
    public func record(_ run: RunEntry) throws {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO runs
                        (folder, name, state, started, finished, command, version, final, best, tags)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (folder) DO UPDATE SET
                        name = excluded.name, state = excluded.state, started = excluded.started,
                        finished = excluded.finished, command = excluded.command, version = excluded.version,
                        final = excluded.final, best = excluded.best,
                        tags = CASE WHEN excluded.tags = '[]' THEN tags ELSE excluded.tags END
                    """,
                arguments: [
                    run.folder, run.name, run.state, run.started.timeIntervalSince1970,
                    run.finished?.timeIntervalSince1970, run.command, run.version, try FileJSON.text(run.final),
                    try FileJSON.text(run.best), try FileJSON.text(run.tags),
                ])
        }
    }

    /// Runs, the latest first.
    ///
    /// - Parameters:
    ///   - name: Only those of this name.
    ///   - tag: Only those with this tag.
    public func runs(name: String? = nil, tag: String? = nil) throws -> [RunEntry] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM runs ORDER BY started DESC, folder").map(RunEntry.init)
        }.filter { (name == nil || $0.name == name) && (tag.map($0.tags.contains) ?? true) }
    }

    /// The run of a folder, which may be given by its last part.
    ///
    /// - Throws: `SearchError` if there is none, or more than one.
    public func run(_ folder: String) throws -> RunEntry {
        let runs = try runs()
        if let run = runs.first(where: { $0.folder == folder }) { return run }
        let found = runs.filter { ($0.folder as NSString).lastPathComponent == folder }
        if found.count == 1 { return found[0] }
        if found.isEmpty {
            throw SearchError("there is no run \(folder) in \(path); `apus runs list` shows all", kind: .missing)
        }
        throw SearchError(
            "there is more than one run \(folder): \(found.map(\.folder).joined(separator: ", "))", kind: .missing)
    }

    /// The runs with the best values of the objective's metric, the best first; runs without it are left out.
    public func bestRuns(_ objective: SearchGoal, limit: Int = 10) throws -> [RunEntry] {
        let ranked: [(run: RunEntry, loss: Double)] = try runs().compactMap { run in
            guard let value = run.best[objective.metric] ?? run.final[objective.metric], !value.isNaN else {
                return nil
            }
            return (run, objective.loss(value))
        }
        let sorted = ranked.sorted { $0.loss != $1.loss ? $0.loss < $1.loss : $0.run.folder < $1.run.folder }
        return sorted.prefix(max(limit, 0)).map(\.run)
    }

    /// Forgets a run; its folder stays.
    ///
    /// - Returns: Whether there was one.
    @discardableResult public func removeRun(_ folder: String) throws -> Bool {
        try write { database in
            try database.execute(sql: "DELETE FROM runs WHERE folder = ?", arguments: [folder])
            return database.changesCount > 0
        }
    }
}

extension RunEntry {
    init(_ row: Row) throws {
        guard let started = try row.date("started") else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: [], debugDescription: "column started: expected a value"))
        }
        self.init(
            folder: try row.value("folder"), name: try row.value("name"), state: try row.value("state"),
            started: started, finished: try row.date("finished"), command: try row.value("command"),
            version: try row.value("version"), final: try row.json("final"), best: try row.json("best"),
            tags: try row.json("tags"))
    }
}
