import Foundation
package import GRDB

/// A database of searches and runs in one SQLite file, which several processes may use at once.
///
/// ```swift
/// let store = try TrialStore(path: "trials.sqlite")
/// for name in try store.studies() { print(name, try store.trials(of: name).count) }
/// ```
public struct TrialStore: Sendable {
    package let database: DatabaseQueue
    /// Where the file is.
    public let path: String

    /// Opens the file, or makes it.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - patience: How many seconds to wait for other processes that are writing.
    /// - Throws: `SearchError` if the file can't be opened, is no such database, is damaged, or is of a newer version.
    public init(path: String, patience: Double = 30) throws {
        self.path = path
        database = try Self.naming(path) {
            var configuration = Configuration()
            configuration.busyMode = .timeout(patience)
            configuration.journalMode = .wal
            configuration.label = "apus"
            return try Self.open(path, configuration, patience: patience)
        }
    }

    /// "APUS": marks the file as ours.
    private static let applicationID = 0x4150_5553

    private static func open(
        _ path: String, _ configuration: Configuration, patience: Double
    ) throws -> DatabaseQueue {
        let end = ContinuousClock().now + .seconds(min(patience, 1e9))
        return try alone(path, until: end) {
            while true {
                do {
                    let queue = try DatabaseQueue(path: path, configuration: configuration)
                    try check(queue, path)
                    try migrator.migrate(queue)
                    return queue
                } catch let error as DatabaseError {
                    guard [.SQLITE_BUSY, .SQLITE_LOCKED].contains(error.resultCode), ContinuousClock().now < end else {
                        throw error
                    }
                    Thread.sleep(forTimeInterval: 0.02)
                }
            }
        }
    }

    /// Runs `body` while nobody else opens a file of the same folder: who makes the file would see another one's tables come in between.
    ///
    /// The lock is one of the folder: closing the file itself would end SQLite's own locks. Where the file system has no such locks,
    /// or after `end`, it goes on without.
    private static func alone<Result>(
        _ path: String, until end: ContinuousClock.Instant, _ body: () throws -> Result
    ) throws -> Result {
        let folder = Foundation.open(URL(filePath: path).deletingLastPathComponent().path, O_RDONLY | O_CLOEXEC)
        defer { if folder >= 0 { close(folder) } }
        while folder >= 0, flock(folder, LOCK_EX | LOCK_NB) != 0, errno == EWOULDBLOCK, ContinuousClock().now < end {
            Thread.sleep(forTimeInterval: 0.005)
        }
        return try body()
    }

    /// - Throws: `SearchError` unless the file is new or ours, whole, and not of a newer version.
    private static func check(_ queue: DatabaseQueue, _ path: String) throws {
        // One transaction sees the mark and the tables of one moment; the mark comes before the tables.
        let id = try queue.read { database in
            let id = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
            let tables = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM sqlite_master") ?? 0
            guard id == applicationID || (id == 0 && tables == 0) else {
                throw SearchError(
                    "\(path) is a database of another program. Name another file.", kind: .malformed)
            }
            let report = try String.fetchOne(database, sql: "PRAGMA quick_check(1)") ?? "ok"
            guard report == "ok" else { throw damaged(path, report) }
            return id
        }
        if id == 0 { try queue.write { try $0.execute(sql: "PRAGMA application_id = \(applicationID)") } }
        if try queue.read(migrator.hasBeenSuperseded) {
            throw SearchError(
                "\(path) was written by a newer version of Apus. Use that version, or name another file.",
                kind: .malformed)
        }
    }

    static func damaged(_ path: String, _ what: String) -> SearchError {
        SearchError(
            "\(path) is damaged: \(what). Restore it from a copy, or move it away to begin anew.", kind: .malformed)
    }

    /// Gives errors of the database the name of the file and what to do.
    private static func naming<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as DatabaseError {
            let what = error.message ?? "\(error.resultCode)"
            switch error.resultCode {
            case .SQLITE_NOTADB:
                throw SearchError(
                    "\(path) is not a database of searches. Name another file, or move it away to begin anew.",
                    kind: .malformed)
            case .SQLITE_CORRUPT, .SQLITE_FORMAT, .SQLITE_ERROR, .SQLITE_MISMATCH, .SQLITE_CONSTRAINT:
                throw damaged(path, what)
            case .SQLITE_BUSY, .SQLITE_LOCKED:
                throw SearchError(
                    "\(path) is in use by another process that does not end its work. Try again later.", kind: .file)
            case .SQLITE_CANTOPEN:
                throw SearchError(
                    "\(path) can't be opened: \(what). Check that its folder exists and may be written to.", kind: .file
                )
            case .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
                throw SearchError("\(path) can't be written: \(what).", kind: .file)
            case .SQLITE_FULL, .SQLITE_IOERR:
                throw SearchError("\(path) can't be written: \(what). Check the disk's free space.", kind: .file)
            default: throw SearchError("\(path) can't be used: \(what).", kind: .file)
            }
        } catch let error as RowDecodingError {
            throw damaged(path, "\(error)")
        } catch let error as DecodingError {
            throw damaged(path, "\(error)")
        }
    }

    package func read<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try Self.naming(path) { try database.read(body) }
    }

    package func write<Result>(_ body: (Database) throws -> Result) throws -> Result {
        try Self.naming(path) { try database.write(body) }
    }
}
