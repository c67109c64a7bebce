import ApusGraph

/// Bytes that are read from front to back.
protocol ByteStream: AnyObject {
    var path: String { get }
    /// The number of bytes read so far.
    var position: Int { get }
    /// The number of bytes in the whole stream, if it is known before it is read.
    var count: Int? { get }
    /// The largest number of bytes, here and in memory, that the size of the file makes credible.
    var limit: Int { get }

    /// Fills a buffer; less is read only at the end.
    func read(_ buffer: UnsafeMutableRawBufferPointer) throws(FormatError) -> Int
}

/// A part of a source, as it stands there.
final class PlainStream: ByteStream {
    private let source: ByteSource
    private let range: Range<Int>
    private(set) var position = 0

    init(_ source: ByteSource, _ range: Range<Int>? = nil, path: String? = nil) {
        self.source = source
        self.range = range ?? 0..<source.count
        self.path = path ?? source.path
    }

    let path: String
    var count: Int? { range.count }
    var limit: Int { .max }

    func read(_ buffer: UnsafeMutableRawBufferPointer) throws(FormatError) -> Int {
        let length = min(buffer.count, range.count - position)
        guard length > 0 else { return 0 }
        guard try source.read(buffer[..<length].rebased, at: range.lowerBound + position) == length else {
            throw source.shrunk(at: range.lowerBound + position)
        }
        position += length
        return length
    }
}

extension ByteStream {
    /// The next bytes of a header; fewer at the end of the stream. For small counts.
    func next(upTo count: Int) throws(FormatError) -> [UInt8] {
        var failure: FormatError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(FormatError) {
                initialized = try read(UnsafeMutableRawBufferPointer(buffer)[..<count].rebased)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// The next bytes of a header.
    func next(_ count: Int, of what: String) throws(FormatError) -> [UInt8] {
        let bytes = try next(upTo: count)
        guard bytes.count == count else {
            throw FormatError(
                .malformed, path: path, offset: position, "the file ends too early",
                expected: "\(count.counted("byte")) of \(what)", received: bytes.count.counted("byte"),
                remedy: "Copy or download it again.")
        }
        return bytes
    }

    /// Checks, before anything is allocated, that the rest of the stream is what a header announces.
    ///
    /// - Parameters:
    ///   - stored: the announced size in the stream
    ///   - decoded: the size in memory
    func expect(stored: Int, decoded: Int, for type: TensorType) throws(FormatError) {
        let (total, overflow) = position.addingReportingOverflow(stored)
        let expected = "\(overflow ? "more" : "\(total)") bytes: a header of \(position) and \(type)"
        if overflow || count.map({ $0 < total }) ?? false {
            throw FormatError(
                .malformed, path: path, offset: count, "the file ends too early", expected: expected,
                received: count?.counted("byte"), remedy: "Copy or download it again.")
        }
        if let count, count > total { throw trailing(at: total, expected: expected, received: count) }
        guard total <= limit, decoded <= limit else {
            throw FormatError(
                .unsupported, path: path, "the compressed file announces far more data than its size makes likely",
                expected: "at most \(limit) bytes", received: "\(max(total, decoded)) bytes for \(type)",
                remedy: "If you trust it, decompress it first and read the result.")
        }
    }

    /// Checks that the stream ends here.
    func expectEnd() throws(FormatError) {
        let end = position
        guard try next(upTo: 1).isEmpty else {
            throw trailing(at: end, expected: "\(end) bytes", received: nil)
        }
    }

    private func trailing(at offset: Int, expected: String, received: Int?) -> FormatError {
        FormatError(
            .malformed, path: path, offset: offset, "there are more bytes after the data", expected: expected,
            received: received?.counted("byte") ?? "more", remedy: "Copy or download it again, or remove the rest.")
    }
}
