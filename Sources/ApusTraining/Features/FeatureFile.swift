import ApusConfiguration
import ApusData
import ApusFormats
import ApusGraph
import Foundation

/// A file of rows of equal type that are read one by one.
///
/// `apusfeat`, the length of the header (8 bytes, little-endian), the header as JSON, the rows, and the XXH3 of header and rows. It is read as
/// a whole once when it is opened, so that a damaged one is never used, and stays open: who removes it does no harm.
final class FeatureFile: RowReader, @unchecked Sendable {
    /// What the file holds; one with another header is not the one that was asked for.
    struct Header: Codable, Hashable {
        var version = 1
        /// Of all that the rows depend on.
        let key: String
        let elementType: String
        let shape: [Int]
        let count: Int
        let rowByteCount: Int

        /// - Parameter row: The type of one row.
        init(key: UInt64, row: TensorType, count: Int) {
            self.key = XXH3.text(key)
            elementType = "\(row.elementType)"
            shape = row.shape.dimensions
            self.count = count
            rowByteCount = row.byteCount
        }
    }

    private static let mark = Array("apusfeat".utf8)
    private let path: String
    private let descriptor: Int32
    private let rowByteCount: Int
    private let start: Int
    /// The size of the file.
    let byteCount: Int

    /// Opens a file and reads it once.
    ///
    /// - Throws: `FormatError` if there is none, it is damaged, or it holds something else.
    init(_ path: String, _ header: Header) throws {
        self.path = path
        rowByteCount = header.rowByteCount
        let head = try FeatureFile.head(header)
        start = head.count
        byteCount = head.count + header.count * header.rowByteCount + 8
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FormatError.opening(path, code: errno) }
        var isWhole = false
        defer { if !isWhole { close(descriptor) } }
        var status = stat()
        guard fstat(descriptor, &status) == 0, Int(status.st_size) == byteCount else {
            throw damage("it has \(status.st_size) bytes in place of \(byteCount)")
        }
        try check(head, count: header.count)
        // It counts as used now.
        futimens(descriptor, nil)
        isWhole = true
    }

    deinit { close(descriptor) }

    /// What stands before the rows.
    private static func head(_ header: Header) throws -> [UInt8] {
        let text = try FileJSON.encoder().encode(header)
        return mark + withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text
    }

    /// Compares the header and the sum.
    private func check(_ head: [UInt8], count: Int) throws {
        var hash = XXH3()
        var found = [UInt8](repeating: 0, count: head.count)
        try found.withUnsafeMutableBytes { try read(at: 0, into: $0) }
        guard found == head else { throw damage("its header is another one") }
        found.withUnsafeBytes { hash.add($0) }
        let rows = max(1, (1 << 22) / max(1, rowByteCount))
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: rows * rowByteCount, alignment: 64)
        defer { memory.deallocate() }
        for first in stride(from: 0, to: count, by: rows) {
            let some = min(rows, count - first)
            try read(
                at: start + first * rowByteCount,
                into: UnsafeMutableRawBufferPointer(rebasing: memory[..<(some * rowByteCount)]))
            for row in 0..<some {
                hash.add(UnsafeRawBufferPointer(rebasing: memory[row * rowByteCount..<(row + 1) * rowByteCount]))
            }
        }
        var sum: UInt64 = 0
        try withUnsafeMutableBytes(of: &sum) { try read(at: byteCount - 8, into: $0) }
        guard UInt64(littleEndian: sum) == hash.value else { throw damage("its bytes are not those that were written") }
    }

    private func damage(_ what: String) -> FormatError {
        FormatError(
            .malformed, path: path, "the file of features is damaged: \(what)", remedy: "They are computed again.")
    }

    private func read(at offset: Int, into target: UnsafeMutableRawBufferPointer) throws {
        var done = 0
        while done < target.count {
            let count = pread(descriptor, target.baseAddress! + done, target.count - done, off_t(offset + done))
            if count > 0 {
                done += count
            } else if count == 0 {
                throw damage("it has ended early")
            } else if errno != EINTR {
                throw FormatError.opening(path, code: errno)
            }
        }
    }

    // MARK: Rows

    func read(_ row: Int, into target: UnsafeMutableRawPointer) throws {
        try read(
            at: start + row * rowByteCount, into: UnsafeMutableRawBufferPointer(start: target, count: rowByteCount))
    }

    func signature(of row: Int) -> [UInt8] { Array("\(path) \(row)".utf8) }

    /// Writes rows to a file that appears whole or not at all.
    ///
    /// - Parameter rows: Hands over all rows in their order, some at a time.
    static func write(
        _ path: String, _ header: Header, _ rows: ((UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        let head = try head(header)
        var failure: (any Error)?
        do {
            try AtomicFile.write(to: path) { (output) throws(FormatError) in
                var hash = XXH3()
                head.withUnsafeBytes { hash.add($0) }
                try output.append(contentsOf: head)
                do {
                    try rows { some in
                        for start in stride(from: 0, to: some.count, by: max(1, header.rowByteCount)) {
                            hash.add(UnsafeRawBufferPointer(rebasing: some[start..<start + header.rowByteCount]))
                        }
                        try output.append(some)
                    }
                } catch let error as FormatError {
                    throw error
                } catch {
                    failure = error
                    throw FormatError(.mismatch, path: path, "\(error)", remedy: "")
                }
                try output.append(contentsOf: withUnsafeBytes(of: hash.value.littleEndian, Array.init))
            }
        } catch {
            throw failure ?? error
        }
    }
}

extension FormatError {
    /// The system refused to read a file.
    fileprivate static func opening(_ path: String, code: Int32) -> FormatError {
        FormatError(
            code == ENOENT ? .missing : .system(code), path: path,
            "the file of features can't be read: \(String(cString: strerror(code)))",
            remedy: "They are computed again.")
    }
}
