import ApusGraph

/// The format of the MNIST family of data sets: one array in a file, plain or compressed by gzip.
///
/// A file is two zero bytes, a type, the number of dimensions, the dimensions (32 bits, big-endian) and the elements
/// (big-endian), as Yann LeCun's page on MNIST defines it. Compression is recognized by content, not by name.
///
/// | type | elements | read as |
/// |---|---|---|
/// | `0x08` | 8 bits, unsigned | `uint8` |
/// | `0x09` | 8 bits, signed | `int32` |
/// | `0x0b` | 16 bits, signed | `int32` |
/// | `0x0c` | 32 bits, signed | `int32` |
/// | `0x0d` | 32 bits, floating point | `float32` |
/// | `0x0e` | 64 bits, floating point | `float64` |
public enum IDX {
    /// Reads an array.
    ///
    /// - Throws: if the file is missing, damaged or not in this format; sizes are checked before memory is taken.
    public static func read(_ path: String) throws(FormatError) -> NumericArray {
        try read(ByteSource(path: path, content: "an IDX file"))
    }

    /// Reads images: `uint8`, shape `[count, height, width]`.
    public static func readImages(_ path: String) throws(FormatError) -> NumericArray {
        try read(ByteSource(path: path, content: "an IDX file of images"), .images)
    }

    /// Reads labels: `uint8`, shape `[count]`.
    public static func readLabels(_ path: String) throws(FormatError) -> NumericArray {
        try read(ByteSource(path: path, content: "an IDX file of labels"), .labels)
    }

    /// What a file of a data set is expected to hold.
    package enum Content: Sendable {
        case anything, images, labels
    }

    package static func read(
        _ source: ByteSource, _ content: Content = .anything
    ) throws(FormatError) -> NumericArray {
        let isCompressed = try source.bytes(0..<min(2, source.count)) == [0x1f, 0x8b]
        let stream: any ByteStream = isCompressed ? try InflatingStream(source, format: .gzip) : PlainStream(source)
        let header = try IDXHeader(stream)
        try content.check(header, stream.path)
        return try stream.readArray(header.dimensions, header.encoding, headerOffset: 4)
    }
}

/// What stands before the elements.
struct IDXHeader {
    let magic: [UInt8]
    let encoding: ElementEncoding
    let dimensions: [Int]

    init(_ stream: any ByteStream) throws(FormatError) {
        magic = try stream.next(upTo: 4)
        guard !magic.isEmpty, magic.starts(with: [0, 0].prefix(magic.count)) else {
            throw FormatError(
                .malformed, path: stream.path, offset: 0, "this is not an IDX file", expected: "00 00 at the start",
                received: Signature.describe(magic), remedy: "Check the path; if it was downloaded, download it again.")
        }
        guard magic.count == 4 else {
            throw FormatError(
                .malformed, path: stream.path, offset: magic.count, "the file ends too early",
                expected: "an IDX header of at least 8 bytes", received: magic.count.counted("byte"),
                remedy: "Copy or download it again.")
        }
        guard let stored = IDXHeader.stored(magic[2]) else {
            throw FormatError(
                .malformed, path: stream.path, offset: 2, "the IDX file has an unknown element type",
                expected: "08, 09, 0b, 0c, 0d or 0e", received: Signature.hexadecimal([magic[2]]),
                remedy: "Copy or download it again.")
        }
        encoding = ElementEncoding(stored: stored, isBigEndian: true)
        let rank = Int(magic[3])
        guard rank > 0 else {
            throw FormatError(
                .malformed, path: stream.path, offset: 3, "the IDX file has no dimensions", expected: "at least 1",
                received: "0", remedy: "Copy or download it again.")
        }
        guard rank <= Extent.maximumRank else {
            throw Extent.tooManyDimensions(rank, path: stream.path, offset: 3)
        }
        let bytes = try stream.next(4 * rank, of: "dimensions")
        dimensions = (0..<rank).map { axis in bytes[4 * axis..<4 * axis + 4].reduce(0) { $0 << 8 | Int($1) } }
    }

    private static func stored(_ code: UInt8) -> ElementEncoding.Stored? {
        switch code {
        case 0x08: .uint8
        case 0x09: .int8
        case 0x0b: .int16
        case 0x0c: .int32
        case 0x0d: .float32
        case 0x0e: .float64
        default: nil
        }
    }
}

extension IDX.Content {
    /// Checks that a header announces what is expected.
    fileprivate func check(_ header: IDXHeader, _ path: String) throws(FormatError) {
        let rank: Int
        let expected: String
        switch self {
        case .anything: return
        case .images: (rank, expected) = (3, "images: uint8[count, height, width], magic 00 00 08 03")
        case .labels: (rank, expected) = (1, "labels: uint8[count], magic 00 00 08 01")
        }
        guard header.encoding.stored != .uint8 || header.dimensions.count != rank else { return }
        let isOther = header.encoding.stored == .uint8 && [1, 3].contains(header.dimensions.count)
        let other = self == .images ? "labels" : "images"
        let type = TensorType(Shape(header.dimensions), header.encoding.elementType)
        throw FormatError(
            .mismatch, path: path, offset: 2,
            isOther ? "the file holds \(other), not \(self)" : "the file does not hold \(self)", expected: expected,
            received: "\(type), magic \(Signature.hexadecimal(header.magic))",
            remedy: "Give the file of \(self), such as train-"
                + (self == .images ? "images-idx3-ubyte." : "labels-idx1-ubyte."))
    }
}
