import Foundation

/// Bytes that can be read at any place: a regular file, or memory.
package final class ByteSource: Sendable {
    private enum Storage {
        case file(Int32)
        case memory([UInt8])
        case part(ByteSource, from: Int)
    }

    package let path: String
    /// The size when it was opened.
    package let count: Int
    private let storage: Storage

    /// Opens a file; `content` says in error messages what is expected of it.
    package init(path: String, content: String) throws(FormatError) {
        try FormatError.checkPath(path)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .reading(path, code: errno, expected: content) }
        var status = stat()
        let result = fstat(descriptor, &status)
        let code = errno
        let sort = status.st_mode & S_IFMT
        guard result == 0, sort == S_IFREG else {
            close(descriptor)
            if result != 0 { throw .reading(path, code: code) }
            throw FormatError(
                .mismatch, path: path, "this is not a regular file", expected: content,
                received: sort == S_IFDIR ? "a folder" : "a pipe or a device",
                remedy: sort == S_IFDIR ? "Give the path of a file in it." : "Save the data in a file first.")
        }
        self.path = path
        count = Int(status.st_size)
        storage = .file(descriptor)
    }

    /// Bytes in memory, with the name under which error messages speak of them.
    package init(_ bytes: [UInt8], name: String) {
        path = name
        count = bytes.count
        storage = .memory(bytes)
    }

    private init(_ source: ByteSource, _ range: Range<Int>, path: String) {
        self.path = path
        count = range.count
        storage = .part(source, from: range.lowerBound)
    }

    /// A part of it as a source of its own, whose places begin at 0.
    func part(_ range: Range<Int>, path: String) -> ByteSource { ByteSource(self, range, path: path) }

    deinit {
        if case .file(let descriptor) = storage { close(descriptor) }
    }

    /// Fills a buffer from a place on; less is read only at the end.
    package func read(_ buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(FormatError) -> Int {
        switch storage {
        case .memory(let bytes):
            let length = min(buffer.count, max(0, bytes.count - offset))
            guard length > 0 else { return 0 }
            bytes.withUnsafeBytes { source in
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[offset..<offset + length]))
            }
            return length
        case .part(let source, let start):
            let length = min(buffer.count, max(0, count - offset))
            guard length > 0 else { return 0 }
            return try source.read(buffer[..<length].rebased, at: start + offset)
        case .file(let descriptor):
            var filled = 0
            while filled < buffer.count, let base = buffer.baseAddress {
                let length = pread(
                    descriptor, base + filled, min(buffer.count - filled, 1 << 30), off_t(offset + filled))
                if length == 0 { break }
                if length > 0 {
                    filled += length
                } else if errno != EINTR {
                    throw .reading(path, code: errno)
                }
            }
            return filled
        }
    }

    /// Some bytes that are known to be there.
    package func bytes(_ range: Range<Int>) throws(FormatError) -> [UInt8] {
        var failure: FormatError?
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, initialized in
            do throws(FormatError) {
                initialized = try read(
                    UnsafeMutableRawBufferPointer(buffer)[..<range.count].rebased, at: range.lowerBound)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        guard bytes.count == range.count else { throw shrunk(at: range.lowerBound + bytes.count) }
        return bytes
    }

    /// The file lost bytes that it had when it was opened.
    func shrunk(at offset: Int) -> FormatError {
        FormatError(
            .malformed, path: path, offset: offset, "the file became shorter while it was read",
            expected: count.counted("byte"), received: offset.counted("byte"),
            remedy: "Read it again when nobody writes to it.")
    }

    /// Maps a file into memory, read-only; `nil` for bytes that are in memory already.
    func map() throws(FormatError) -> Mapping? {
        if case .part(let source, let start) = storage {
            return try source.map().map { Mapping($0, start..<start + count) }
        }
        guard case .file(let descriptor) = storage, count > 0 else { return nil }
        let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address, address != MAP_FAILED else { throw .reading(path, code: errno) }
        return Mapping(UnsafeRawBufferPointer(start: address, count: count))
    }
}

/// A file mapped into memory.
///
/// Sendable because nobody writes to it.
final class Mapping: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
    /// The mapping that this is a part of.
    private let whole: Mapping?

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        whole = nil
    }

    init(_ whole: Mapping, _ range: Range<Int>) {
        bytes = UnsafeRawBufferPointer(rebasing: whole.bytes[range])
        self.whole = whole
    }

    deinit {
        if whole == nil { munmap(UnsafeMutableRawPointer(mutating: bytes.baseAddress), bytes.count) }
    }
}

extension Slice where Base == UnsafeMutableRawBufferPointer {
    /// The slice as a buffer of its own.
    var rebased: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(rebasing: self) }
}
