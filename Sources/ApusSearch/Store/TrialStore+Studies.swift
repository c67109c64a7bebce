import ApusConfiguration
import Foundation
import GRDB

extension TrialStore {
    /// The names of all studies, the oldest first.
    public func studies() throws -> [String] {
        try read { try String.fetchAll($0, sql: "SELECT name FROM studies ORDER BY id") }
    }

    /// The search of a study.
    ///
    /// - Throws: `SearchError` if there is no such study.
    public func search(of study: String) throws -> Search {
        guard let row = try read({ try Self.study(study, $0) }) else {
            let names = try studies()
            throw SearchError(
                "there is no study \(study) in \(path)"
                    + (names.isEmpty ? "; it is empty" : "; there are \(names.joined(separator: ", "))"), kind: .missing
            )
        }
        return row.search
    }

    /// Removes a study with its trials.
    ///
    /// - Returns: Whether there was one.
    @discardableResult public func removeStudy(_ name: String) throws -> Bool {
        try write { database in
            try database.execute(sql: "DELETE FROM studies WHERE name = ?", arguments: [name])
            return database.changesCount > 0
        }
    }

    /// The key of a study, which is made if there is none.
    ///
    /// - Throws: `SearchError` if there is one that searches otherwise, or with other settings; its number of trials may change.
    func openStudy(_ name: String, _ search: Search, _ settings: [String: String]) throws -> Int64 {
        try write { database in
            let text = try FileJSON.text(search)
            guard let (id, stored) = try Self.study(name, database) else {
                try database.execute(
                    sql: "INSERT INTO studies (name, search, created, settings) VALUES (?, ?, ?, ?)",
                    arguments: [name, text, Date().timeIntervalSince1970, try FileJSON.text(settings)])
                return database.lastInsertedRowID
            }
            var comparable = stored
            comparable.trials = search.trials
            guard comparable == search else {
                let key = Self.difference(stored, search)
                throw SearchError(
                    "the study \(name) in \(path) has another \(key). "
                        + TrialStore.otherStudy
                )
            }
            try checkSettings(name, id, settings, database)
            if stored != search {
                try database.execute(sql: "UPDATE studies SET search = ? WHERE id = ?", arguments: [text, id])
            }
            return id
        }
    }

    private static let otherStudy =
        "Give this search another name, or begin it anew: --anew of the command, TrialStore.removeStudy in Swift."

    /// Compares all that trials have in common with what the study began with; studies of before take over what there is now.
    private func checkSettings(_ name: String, _ id: Int64, _ settings: [String: String], _ database: Database) throws {
        let row = try Row.fetchOne(database, sql: "SELECT settings FROM studies WHERE id = ?", arguments: [id])
        guard let stored: [String: String] = try row?.optional("settings").map(FileJSON.value) else {
            return try database.execute(
                sql: "UPDATE studies SET settings = ? WHERE id = ?", arguments: [try FileJSON.text(settings), id])
        }
        let paths = Set(stored.keys).union(settings.keys).sorted().filter { stored[$0] != settings[$0] }
        guard !paths.isEmpty else { return }
        let differences = paths.prefix(5).map {
            "\($0) is \(settings[$0] ?? "absent"), it was \(stored[$0] ?? "absent")"
        }
        throw SearchError(
            "the study \(name) in \(path) was begun with other settings: \(differences.joined(separator: "; "))"
                + (paths.count > 5 ? "; and \(paths.count - 5) more. " : ". ")
                + TrialStore.otherStudy)
    }

    private static func study(_ name: String, _ database: Database) throws -> (id: Int64, search: Search)? {
        let sql = "SELECT id, search FROM studies WHERE name = ?"
        guard let row = try Row.fetchOne(database, sql: sql, arguments: [name]) else { return nil }
        return (try row.value("id"), try row.json("search"))
    }

    /// The first key in which searches differ.
    private static func difference(_ a: Search, _ b: Search) -> String {
        if a.space != b.space { return "space" }
        if a.strategy != b.strategy { return "strategy" }
        if a.objective != b.objective { return "objective" }
        if a.pruner != b.pruner { return "pruner" }
        return a.folds != b.folds ? "number of folds" : "seed"
    }
}
