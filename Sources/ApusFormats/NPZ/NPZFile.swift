import ApusConfiguration
import ApusGraph
import CZlib

/// NumPy's format of several named arrays in a file: a zip archive of `.npy` files, stored or deflated.
///
/// Opening reads the list of names; arrays are read one by one, when they are asked for.
public struct NPZFile: Sendable {
    /// Where the file is.
    public let path: String
    private let source: ByteSource
    private let directory: ZipDirectory

    /// Opens a file.
    ///
    /// - Throws: if the file is missing or damaged.
    public init(_ path: String) throws(FormatError) {
        try self.init(ByteSource(path: path, content: "an .npz file"))
    }

    package init(_ source: ByteSource) throws(FormatError) {
        path = source.path
        self.source = source
        directory = try ZipDirectory(source)
    }

    /// The names of the arrays, in the order in which they lie in the file.
    public var names: [String] { directory.entries.map { NPZFile.name(of: $0) } }

    /// Reads one array, and compares its checksum.
    public func array(_ name: String) throws(FormatError) -> NumericArray {
        guard let entry = directory.entries.first(where: { NPZFile.name(of: $0) == name }) else {
            throw FormatError(
                .mismatch, path: path, "there is no array \(name.quoted)",
                expected: names.isEmpty
                    ? "no array: the file is empty"
                    : "one of " + names.prefix(5).map(\.quoted).joined(separator: ", ")
                        + (names.count > 5 ? ", …" : ""),
                remedy: "Check the name.")
        }
        let range = try directory.data(of: entry, source)
        let place = "\(path)/\(entry.name)"
        let inner: any ByteStream =
            entry.isDeflated
            ? try InflatingStream(source, range, format: .bare, count: entry.count, path: place)
            : PlainStream(source, range, path: place)
        let stream = ChecksumStream(inner)
        let array = try NPY.read(stream)
        guard stream.checksum == entry.checksum else {
            throw FormatError(
                .malformed, path: place, "the data is damaged: its checksum is wrong",
                expected: String(entry.checksum, radix: 16), received: String(stream.checksum, radix: 16),
                remedy: "Copy or download it again.")
        }
        return array
    }

    private static func name(of entry: ZipDirectory.Entry) -> String {
        entry.name.hasSuffix(".npy") ? String(entry.name.dropLast(4)) : entry.name
    }
}

/// Passes on a stream, and computes the CRC-32 of what was read.
private final class ChecksumStream: ByteStream {
    private let stream: any ByteStream
    private(set) var checksum: UInt32 = 0

    init(_ stream: any ByteStream) { self.stream = stream }

    var path: String { stream.path }
    var position: Int { stream.position }
    var count: Int? { stream.count }
    var limit: Int { stream.limit }

    func read(_ buffer: UnsafeMutableRawBufferPointer) throws(FormatError) -> Int {
        let length = try stream.read(buffer)
        checksum = UnsafeRawBufferPointer(buffer[..<length].rebased).crc32(continuing: checksum)
        return length
    }
}

extension UnsafeRawBufferPointer {
    /// The CRC-32 of some earlier bytes and these.
    fileprivate func crc32(continuing checksum: UInt32) -> UInt32 {
        let bytes = baseAddress?.assumingMemoryBound(to: UInt8.self)
        // Without an address zlib answers with the initial value.
        return bytes == nil ? checksum : UInt32(truncatingIfNeeded: crc32_z(UInt(checksum), bytes, count))
    }
}
