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
}

/// Rows of a reader; those that were read first stay in memory, as far as a limit allows.
///
/// Every epoch asks for all rows in a new order, so that to keep any of them serves as well as to keep the latest, and
/// nothing is ever thrown away in vain.
final class RowCache: Sendable {
    let reader: any RowReader
    private let rowByteCount: Int
    private let capacity: Int
    private let known = Mutex<[Int: Buffer]>([:])

    /// - Parameter limit: the bytes of rows that are kept
    init(_ reader: any RowReader, rowByteCount: Int, limit: Int) {
        self.reader = reader
        self.rowByteCount = rowByteCount
        capacity = limit / max(1, rowByteCount)
    }

    func read(_ row: Int, into target: UnsafeMutableRawPointer) throws {
        if let buffer = known.withLock({ $0[row] }) {
            return target.copyMemory(from: buffer.start, byteCount: rowByteCount)
        }
        try reader.read(row, into: target)
        known.withLock { known in
            guard known.count < capacity else { return }
            known[row] = Buffer(copying: UnsafeRawBufferPointer(start: target, count: rowByteCount))
        }
    }
}

/// The first error that ended an epoch's batches early.
final class FailureBox: Sendable {
    private let first = Mutex<(any Error)?>(nil)

    var error: (any Error)? { first.withLock { $0 } }

    func set(_ error: any Error) { first.withLock { $0 = $0 ?? error } }
}
