import ApusConfiguration
import Foundation
import GRDB

extension TrialStore {
    /// The trials of a study by number.
    ///
    /// - Throws: `SearchError` if the file is damaged.
    public func trials(of study: String) throws -> [Trial] {
        _ = try search(of: study)
        return try read { database in
            let id = try Int64.fetchOne(database, sql: "SELECT id FROM studies WHERE name = ?", arguments: [study])
            return try Self.trials(of: id ?? -1, database)
        }
    }

    static func trials(of study: Int64, _ database: Database) throws -> [Trial] {
        try Row.fetchAll(database, sql: "SELECT * FROM trials WHERE study = ? ORDER BY number", arguments: [study])
            .map(Trial.init)
    }

    static func trial(_ id: Int64, _ database: Database) throws -> Trial? {
        try Row.fetchOne(database, sql: "SELECT * FROM trials WHERE id = ?", arguments: [id]).map(Trial.init)
    }

    /// The values that the trials of a study reported, by trial and step.
    func values(of study: Int64, _ database: Database) throws -> [Int64: [Int: Double]] {
        let sql = """
            SELECT trial, step, value FROM intermediateValues
            WHERE trial IN (SELECT id FROM trials WHERE study = ?)
            """
        var values: [Int64: [Int: Double]] = [:]
        for row in try Row.fetchAll(database, sql: sql, arguments: [study]) {
            // SQLite has no NaN; it stores nothing instead.
            values[try row.value("trial"), default: [:]][try row.value("step")] = try row.optional("value") ?? .nan
        }
        return values
    }

    // MARK: Claiming

    /// Begins a new trial, unless somebody else has begun one with that number.
    package func begin(_ number: Int, _ assignment: Assignment, budget: Int?, seed: UInt64, of study: Int64) throws
        -> Trial?
    {
        try write { database in
            try database.execute(
                sql: """
                    INSERT INTO trials
                        (study, number, state, assignment, budget, seed, started, attempts, owner, heartbeat)
                    SELECT ?, ?, 'running', ?, ?, ?, ?, 1, ?, ?
                    WHERE NOT EXISTS (SELECT 1 FROM trials WHERE study = ? AND number = ?)
                    """,
                arguments: [
                    study, number, try FileJSON.text(assignment), budget, Int64(bitPattern: seed),
                    Date().timeIntervalSince1970, try FileJSON.text(ProcessIdentity.current),
                    Date().timeIntervalSince1970, study, number,
                ])
            return database.changesCount == 1 ? try Self.trial(database.lastInsertedRowID, database) : nil
        }
    }

    /// Lets a complete trial continue with a greater budget, unless somebody else does.
    package func promote(_ number: Int, to budget: Int, of study: Int64) throws -> Trial? {
        try claim(
            "study = ? AND number = ? AND state = 'complete' AND budget < ?", [study, number, budget],
            setting: "usedBudget = budget, budget = \(budget), attempts = 1")
    }

    /// Begins the first trial that waits.
    func beginWaiting(of study: Int64) throws -> Trial? {
        try claim(
            "id = (SELECT id FROM trials WHERE study = ? AND state = 'waiting' ORDER BY number LIMIT 1)", [study],
            setting: "attempts = attempts + 1")
    }

    private func claim(_ condition: String, _ arguments: StatementArguments, setting: String) throws -> Trial? {
        try write { database in
            guard
                let id = try Int64.fetchOne(
                    database, sql: "SELECT id FROM trials WHERE \(condition)", arguments: arguments)
            else { return nil }
            try database.execute(
                sql: """
                    UPDATE trials SET state = 'running', started = ?, finished = NULL, error = NULL, owner = ?,
                        heartbeat = ?, \(setting) WHERE id = ?
                    """,
                arguments: [
                    Date().timeIntervalSince1970, try FileJSON.text(ProcessIdentity.current),
                    Date().timeIntervalSince1970, id,
                ])
            return try Self.trial(id, database)
        }
    }

    // MARK: Telling

    /// Ends a trial that this process runs.
    ///
    /// - Throws: `SearchError` if it does not run here.
    func end(_ trial: Trial, _ state: TrialState, score: Double?, error: String?) throws {
        try write { database in
            try checkRuns(trial, database)
            var scores = trial.scores
            if let score, let budget = trial.budget, state == .complete { scores[budget] = score }
            try database.execute(
                sql: """
                    UPDATE trials SET state = ?, score = ?, scores = ?, error = ?, finished = ?, owner = NULL
                    WHERE id = ?
                    """,
                arguments: [
                    state.rawValue, score ?? trial.score, try FileJSON.text(scores), error,
                    Date().timeIntervalSince1970, trial.id,
                ])
        }
    }

    /// Gives a trial back, to be run again.
    func release(_ trial: Trial) throws {
        try write { database in
            try checkRuns(trial, database)
            try database.execute(
                sql: "UPDATE trials SET state = 'waiting', owner = NULL, attempts = attempts - 1 WHERE id = ?",
                arguments: [trial.id])
        }
    }

    func setFolder(_ folder: String, of trial: Trial) throws {
        try write { database in
            try checkRuns(trial, database)
            try database.execute(sql: "UPDATE trials SET folder = ? WHERE id = ?", arguments: [folder, trial.id])
        }
    }

    func report(_ trial: Trial, step: Int, value: Double) throws {
        try write { database in
            try checkRuns(trial, database)
            try database.execute(
                sql: "INSERT OR REPLACE INTO intermediateValues (trial, step, value) VALUES (?, ?, ?)",
                arguments: [trial.id, step, value])
            try database.execute(
                sql: "UPDATE trials SET heartbeat = ? WHERE id = ?",
                arguments: [Date().timeIntervalSince1970, trial.id])
        }
    }

    private func checkRuns(_ trial: Trial, _ database: Database) throws {
        let sql = "SELECT state, owner FROM trials WHERE id = ?"
        let row = try Row.fetchOne(database, sql: sql, arguments: [trial.id])
        let state: String? = try row?.value("state")
        let owner: ProcessIdentity? = try row?.optional("owner").map(FileJSON.value)
        if state == TrialState.running.rawValue, owner == .current { return }
        let found =
            row == nil ? "there is no such trial" : state == "running" ? "another process runs it" : "it is \(state!)"
        throw SearchError("trial \(trial.number) does not run here: \(found)")
    }

    // MARK: Lost trials

    /// Sets trials back whose process died; those that died three times fail.
    ///
    /// - Parameter silence: Seconds without a report after which processes of other machines count as dead, if ever.
    func recover(_ study: Int64, silence: Double?) throws {
        let running = try read { database in
            try Row.fetchAll(
                database, sql: "SELECT id, owner, heartbeat FROM trials WHERE study = ? AND state = 'running'",
                arguments: [study]
            ).map { row -> (id: Int64, owner: ProcessIdentity?, text: String?, heartbeat: Double?) in
                let text: String? = try row.optional("owner")
                return (try row.value("id"), try text.map(FileJSON.value), text, try row.optional("heartbeat"))
            }
        }
        for (id, owner, text, heartbeat) in running {
            let isSilent = silence.map { Date().timeIntervalSince1970 - (heartbeat ?? 0) > $0 } ?? false
            guard owner?.isGone ?? true || (isSilent && owner?.host != ProcessIdentity.current.host) else { continue }
            try write { database in
                try database.execute(
                    sql: """
                        UPDATE trials SET owner = NULL,
                            state = CASE WHEN attempts < 3 THEN 'waiting' ELSE 'failed' END,
                            error = CASE WHEN attempts < 3 THEN NULL ELSE 'its process died three times' END
                        WHERE id = ? AND state = 'running' AND owner IS ?
                        """, arguments: [id, text])
            }
        }
    }
}

extension Trial {
    init(_ row: Row) throws {
        let state: String = try row.value("state")
        guard let known = TrialState(rawValue: state) else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: [], debugDescription: "there is no state \(state) of a trial"))
        }
        self.init(
            number: try row.value("number"), state: known, assignment: try row.json("assignment"),
            budget: try row.optional("budget"), usedBudget: try row.value("usedBudget"),
            score: try row.optional("score"), scores: try row.json("scores"),
            seed: UInt64(bitPattern: try row.value("seed") as Int64), started: try row.date("started"),
            finished: try row.date("finished"), folder: try row.optional("folder"), error: try row.optional("error"),
            attempts: try row.value("attempts"), id: try row.value("id"))
    }
}
