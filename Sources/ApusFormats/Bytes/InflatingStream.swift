import CZlib

/// A part of a source that was compressed by DEFLATE, decompressed piece by piece.
///
/// Formats: RFC 1951 (bare, in zip), RFC 1950 (zlib, in HDF5) and RFC 1952 (gzip, also several members one after the other).
final class InflatingStream: ByteStream {
    enum Format {
        case gzip
        case bare
        case zlib

        /// How zlib is told of it.
        var windowBits: Int32 {
            switch self {
            case .gzip: 15 + 16
            case .bare: -15
            case .zlib: 15
            }
        }
    }

    private static let chunk = 1 << 16

    private let source: ByteSource
    private let range: Range<Int>
    private let format: Format
    private let zlib: UnsafeMutablePointer<z_stream>
    private let input: UnsafeMutableRawBufferPointer
    /// The place in the source from which the next chunk is read.
    private var next: Int
    private var hasEnded = false

    let path: String
    /// What a foreign header says of the decompressed size.
    let count: Int?
    private(set) var position = 0

    init(
        _ source: ByteSource, _ range: Range<Int>? = nil, format: Format, count: Int? = nil, path: String? = nil
    ) throws(FormatError) {
        self.source = source
        self.range = range ?? 0..<source.count
        self.format = format
        self.count = count
        self.path = path ?? source.path
        next = self.range.lowerBound
        zlib = .allocate(capacity: 1)
        zlib.initialize(to: z_stream())
        input = .allocate(byteCount: max(1, min(self.range.count, InflatingStream.chunk)), alignment: 1)
        let status = inflateInit2_(zlib, format.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard status == Z_OK else { throw failure("zlib refused to start (code \(status))", "Install zlib again.") }
    }

    deinit {
        inflateEnd(zlib)
        zlib.deallocate()
        input.deallocate()
    }

    /// Files of numbers shrink to a tenth at best, masks to a hundredth; beyond that lies the compression bomb.
    ///
    /// DEFLATE itself reaches 1032.
    var limit: Int {
        let (product, overflow) = range.count.multipliedReportingOverflow(by: 100)
        return overflow ? .max : max(product, 16 << 20)
    }

    func read(_ buffer: UnsafeMutableRawBufferPointer) throws(FormatError) -> Int {
        guard let base = buffer.baseAddress else { return 0 }
        var filled = 0
        while filled < buffer.count, !hasEnded {
            if zlib.pointee.avail_in == 0, next < range.upperBound { try refill() }
            let space = min(buffer.count - filled, 1 << 30)
            zlib.pointee.next_out = (base + filled).assumingMemoryBound(to: UInt8.self)
            zlib.pointee.avail_out = UInt32(space)
            let status = inflate(zlib, Z_NO_FLUSH)
            let produced = space - Int(zlib.pointee.avail_out)
            filled += produced
            position += produced
            switch status {
            case Z_STREAM_END:
                try finishMember()
            case Z_OK:
                break
            case Z_BUF_ERROR where zlib.pointee.avail_in == 0:
                // Without input zlib may still hold some output back; only no progress at all means that input lacks.
                guard next < range.upperBound else {
                    throw failure("the compressed data ends too early", "Copy or download it again.")
                }
            default:
                let text = zlib.pointee.msg.map { String(cString: $0) } ?? "code \(status)"
                throw failure("the compressed data is damaged: \(text)", "Copy or download it again.")
            }
        }
        return filled
    }

    private func refill() throws(FormatError) {
        let length = min(input.count, range.upperBound - next)
        guard try source.read(input[..<length].rebased, at: next) == length else { throw source.shrunk(at: next) }
        next += length
        zlib.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
        zlib.pointee.avail_in = UInt32(length)
    }

    /// Ends the stream, or starts with the gzip member that follows.
    private func finishMember() throws(FormatError) {
        if zlib.pointee.avail_in == 0, next < range.upperBound { try refill() }
        guard zlib.pointee.avail_in > 0 else {
            hasEnded = true
            return
        }
        guard format == .gzip, zlib.pointee.next_in.pointee == 0x1f else {
            throw failure("there are more bytes after the compressed data", "Copy or download it again.")
        }
        inflateReset(zlib)
    }

    private func failure(_ problem: String, _ remedy: String) -> FormatError {
        FormatError(
            .malformed, path: path, offset: position, problem,
            expected: format == .gzip ? "gzip data" : "deflated data", remedy: remedy)
    }
}
