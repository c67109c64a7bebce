import ApusBackend
import ApusGraph
import Synchronization

/// Makes rows of a column when they are asked for, such as images that are decoded from files.
package protocol RowReader: Sendable {
    /// Writes a row.
    ///
    /// - Throws: an error that names the row's file.
    func read(_ row: Int, into target: UnsafeMutableRawPointer) throws

    /// Something short that changes when the row's content does, for fingerprints.
    func signature(of row: Int) -> [UInt8]

    /// What never stays the same when the row's content changes, for who keeps what was computed from it; `nil` where nobody knows.
    func version(of row: Int) -> [UInt8]?

    /// Whether several rows may be read at a time, and take long enough to be worth it.
    var isConcurrent: Bool { get }
}

extension RowReader {
    package var isConcurrent: Bool { false }

    package func version(of row: Int) -> [UInt8]? { nil }
}

/// Rows of a reader; those that were read first stay in memory, as far as a limit allows.
///
/// Every epoch asks for all rows in a new order, so that to keep any of them serves as well as to keep the latest, and
/// nothing is ever thrown away in vain. A row may hold several columns: those of one batch are then kept until it is made,
/// so that each row is read once for all of them.
final class RowCache: Sendable {
    let reader: any RowReader
    private let rowByteCount: Int
    private let capacity: Int
    private let kept = Mutex(Kept())

    private struct Kept {
        var known: [Int: Buffer] = [:]
        /// Rows of the batch that is being made.
        var recent: [Int: Buffer] = [:]
        var recentCapacity = 0

        subscript(row: Int) -> Buffer? { known[row] ?? recent[row] }
    }

    /// - Parameter limit: the bytes of rows that are kept
    init(_ reader: any RowReader, rowByteCount: Int, limit: Int) {
        self.reader = reader
        self.rowByteCount = rowByteCount
        capacity = limit / max(1, rowByteCount)
    }

    /// Copies a part of a row.
    func read(_ row: Int, _ part: Range<Int>, into target: UnsafeMutableRawPointer) throws {
        if let buffer = kept.withLock({ $0[row] }) {
            return target.copyMemory(from: buffer.start + part.lowerBound, byteCount: part.count)
        }
        guard part.count < rowByteCount else {
            try reader.read(row, into: target)
            kept.withLock { kept in
                guard kept.known.count < capacity else { return }
                kept.known[row] = Buffer(copying: UnsafeRawBufferPointer(start: target, count: rowByteCount))
            }
            return
        }
        let whole = try readAndKept(row)
        target.copyMemory(from: whole.start + part.lowerBound, byteCount: part.count)
    }

    private func readAndKept(_ row: Int) throws -> Buffer {
        let whole = Buffer(byteCount: rowByteCount)
        try reader.read(row, into: whole.start)
        kept.withLock { kept in
            if kept.known.count < capacity {
                kept.known[row] = whole
            } else if kept.recent.count < kept.recentCapacity {
                kept.recent[row] = whole
            }
        }
        return whole
    }

    /// Reads what of some rows is not here, several at a time if the reader can, and keeps it as `hold` says. Rows that can't be read are
    /// left to `read`.
    func load(_ rows: ArraySlice<Int>) {
        guard reader.isConcurrent else { return }
        let missing = kept.withLock { kept in rows.filter { kept[$0] == nil } }
        guard missing.count > 1 else { return }
        try? concurrently(missing.count) { _ = try readAndKept(missing[$0]) }
    }

    /// From now on keeps rows that are read for one of their columns, at most as many as are given, until `release`.
    func hold(_ count: Int) { kept.withLock { $0.recentCapacity = count } }

    /// Forgets what was kept since `hold`.
    func release() {
        kept.withLock { kept in
            kept.recentCapacity = 0
            kept.recent.removeAll(keepingCapacity: true)
        }
    }
}

/// The first error that ended an epoch's batches early.
final class FailureBox: Sendable {
    private let first = Mutex<(any Error)?>(nil)

    var error: (any Error)? { first.withLock { $0 } }

    func set(_ error: any Error) { first.withLock { $0 = $0 ?? error } }
}
