import Foundation

/// A file to which lines are added, each by one call of the system.
package final class LineFile: @unchecked Sendable {
    private let path: String
    private let descriptor: Int32
    private var count: Int

    package init(_ path: String) throws {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw LineFile.failure(path, "opening it") }
        count = Int(lseek(descriptor, 0, SEEK_END))
    }

    deinit { close(descriptor) }

    /// One text for each file, however its path is written.
    package static func normalized(_ path: String) -> String { URL(filePath: path).standardizedFileURL.path }

    private static func failure(_ path: String, _ action: String) -> FormatError {
        let code = errno
        return FormatError(
            .system(code), path: path,
            "the file can't be written: \(String(cString: strerror(code))) (while \(action))",
            remedy: "Check the disk and the permissions.")
    }

    /// Adds a line; returns the size of the file.
    package func append(_ line: String) throws -> Int {
        let bytes = Array("\(line)\n".utf8)
        var done = 0
        while done < bytes.count {
            let written = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + done, $0.count - done) }
            if written < 0, errno != EINTR { throw LineFile.failure(path, "writing a line") }
            done += max(0, written)
        }
        count += bytes.count
        return count
    }

    /// Removes what is after a position, and half lines before it; returns the size that is left.
    @discardableResult
    package func cut(to position: Int) throws -> Int {
        count = min(count, position)
        if count > 0 {
            var bytes = [UInt8](repeating: 0, count: count)
            let length = pread(descriptor, &bytes, count, 0)
            if length == count, bytes.last != UInt8(ascii: "\n") {
                count = (bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
            }
        }
        guard ftruncate(descriptor, off_t(count)) == 0 else { throw LineFile.failure(path, "cutting it") }
        return count
    }

    package func sync() throws { guard fsync(descriptor) == 0 else { throw LineFile.failure(path, "syncing it") } }
}
