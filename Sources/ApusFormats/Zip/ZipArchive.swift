import ApusConfiguration
import CZlib

/// A zip archive whose entries are read by name; nothing is ever unpacked into files.
package struct ZipArchive: Sendable {
    /// The archive.
    let source: ByteSource
    private let directory: ZipDirectory
    private let places: [String: Int]

    init(_ source: ByteSource, _ sort: ZipSort) throws(FormatError) {
        self.source = source
        directory = try ZipDirectory(source, sort)
        places = Dictionary(
            directory.entries.enumerated().map { ($0.element.name, $0.offset) }, uniquingKeysWith: { first, _ in first }
        )
    }

    package init(_ source: ByteSource) throws(FormatError) {
        try self.init(source, ZipSort(content: "a zip archive", remedy: "Pack it again."))
    }

    /// The names of the entries, in the order in which they lie in the archive.
    package var names: [String] { entries.map(\.name) }

    /// All bytes of the entry of a name, compared with their checksum; `nil` if there is none.
    package func bytes(_ name: String) throws(FormatError) -> [UInt8]? {
        guard let entry = entry(name) else { return nil }
        return try bytes(of: entry)
    }

    /// What is in it, in the order in which it lies there.
    var entries: [ZipDirectory.Entry] { directory.entries }

    func entry(_ name: String) -> ZipDirectory.Entry? { places[name].map { entries[$0] } }

    /// Where the bytes of an entry are in the archive; as they are in it, if the entry is stored.
    func range(of entry: ZipDirectory.Entry) throws(FormatError) -> Range<Int> { try directory.data(of: entry, source) }

    /// The bytes of an entry from front to back.
    func stream(of entry: ZipDirectory.Entry) throws(FormatError) -> ChecksumStream {
        let (range, path) = (try range(of: entry), "\(source.path)/\(entry.name)")
        let inner: any ByteStream =
            entry.isDeflated
            ? try InflatingStream(source, range, format: .bare, count: entry.count, path: path)
            : PlainStream(source, range, path: path)
        return ChecksumStream(inner, expected: entry.checksum)
    }

    /// All bytes of an entry, compared with their checksum.
    func bytes(of entry: ZipDirectory.Entry) throws(FormatError) -> [UInt8] {
        let stream = try stream(of: entry)
        guard entry.count <= stream.limit else {
            throw FormatError(
                .unsupported, path: stream.path, "the entry announces far more data than its size makes likely",
                expected: "at most \(stream.limit.counted("byte"))", received: entry.count.counted("byte"),
                remedy: "If you trust it, pack it again without compression.")
        }
        let bytes = try stream.next(entry.count, of: entry.name.shown)
        try stream.expectEnd()
        try stream.check()
        return bytes
    }

    /// The bytes of an entry as a source of their own: in the archive, or in memory if they are compressed.
    func part(_ entry: ZipDirectory.Entry) throws(FormatError) -> ByteSource {
        let path = "\(source.path)/\(entry.name)"
        guard entry.isDeflated else { return source.part(try range(of: entry), path: path) }
        return ByteSource(try bytes(of: entry), name: path)
    }
}

/// Passes on a stream, and computes the CRC-32 of what was read.
final class ChecksumStream: ByteStream {
    private let stream: any ByteStream
    private let expected: UInt32?
    private var checksum: UInt32 = 0

    init(_ stream: any ByteStream, expected: UInt32?) {
        self.stream = stream
        self.expected = expected
    }

    var path: String { stream.path }
    var position: Int { stream.position }
    var count: Int? { stream.count }
    var limit: Int { stream.limit }

    func read(_ buffer: UnsafeMutableRawBufferPointer) throws(FormatError) -> Int {
        let length = try stream.read(buffer)
        checksum = UnsafeRawBufferPointer(buffer[..<length].rebased).crc32(continuing: checksum)
        return length
    }

    /// Compares what was read, which must be all, with the checksum that the archive has.
    func check() throws(FormatError) {
        guard let expected, checksum != expected else { return }
        throw FormatError(
            .malformed, path: path, "the data is damaged: its checksum is wrong",
            expected: String(expected, radix: 16), received: String(checksum, radix: 16),
            remedy: "Copy or download it again.")
    }
}

extension UnsafeRawBufferPointer {
    /// The CRC-32 of some earlier bytes and these.
    func crc32(continuing checksum: UInt32) -> UInt32 {
        let bytes = baseAddress?.assumingMemoryBound(to: UInt8.self)
        // Without an address zlib answers with the initial value.
        return bytes == nil ? checksum : UInt32(truncatingIfNeeded: crc32_z(UInt(checksum), bytes, count))
    }
}
