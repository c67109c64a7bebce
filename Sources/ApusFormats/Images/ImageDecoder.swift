import CImages

/// One image on its way through libpng or libjpeg.
final class ImageDecoder {
    private enum Handle {
        case png(OpaquePointer)
        case jpeg(OpaquePointer)
    }

    private let bytes: UnsafeMutableBufferPointer<UInt8>
    private let path: String
    private let handle: Handle
    private var header: apus_image_header

    init(png bytes: [UInt8], _ path: String) throws(FormatError) {
        (self.bytes, header, handle) = try ImageDecoder.open(bytes, path, apus_png_open, Handle.png)
        self.path = path
    }

    init(jpeg bytes: [UInt8], _ path: String) throws(FormatError) {
        (self.bytes, header, handle) = try ImageDecoder.open(bytes, path, apus_jpeg_open, Handle.jpeg)
        self.path = path
    }

    deinit {
        switch handle {
        case .png(let pointer): apus_png_close(pointer)
        case .jpeg(let pointer): apus_jpeg_close(pointer)
        }
        bytes.deallocate()
    }

    var height: Int { Int(header.height) }
    var width: Int { Int(header.width) }

    private static func open(
        _ bytes: [UInt8], _ path: String,
        _ open: (
            UnsafePointer<UInt8>?, Int, UnsafeMutablePointer<apus_image_header>?,
            UnsafeMutablePointer<apus_image_error>?
        ) -> OpaquePointer?, _ handle: (OpaquePointer) -> Handle
    ) throws(FormatError) -> (UnsafeMutableBufferPointer<UInt8>, apus_image_header, Handle) {
        // The library keeps the address between calls.
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = copy.initialize(from: bytes)
        var header = apus_image_header()
        var error = apus_image_error()
        guard let pointer = open(copy.baseAddress, copy.count, &header, &error) else {
            copy.deallocate()
            throw FormatError(error, path)
        }
        return (copy, header, handle(pointer))
    }

    /// Asks for the smallest image that is large enough, if the format makes smaller ones.
    func shrink(_ minimum: (height: Int, width: Int)?, isTransposed: Bool) throws(FormatError) {
        guard case .jpeg(let pointer) = handle, let minimum else { return }
        let (least, leastWidth) = isTransposed ? (minimum.width, minimum.height) : (minimum.height, minimum.width)
        let denominator = [8, 4, 2].first { (height + $0 - 1) / $0 >= least && (width + $0 - 1) / $0 >= leastWidth }
        guard let denominator else { return }
        var error = apus_image_error()
        guard apus_jpeg_scale(pointer, UInt32(denominator), &header, &error) else { throw FormatError(error, path) }
    }

    /// Checks, before anything is allocated, that the image is not too large, here and for its file.
    func check(pixelLimit: Int) throws(FormatError) {
        guard height * width <= pixelLimit else {
            throw FormatError(
                .unsupported, path: path, "the image is too large", expected: "at most \(pixelLimit) pixels",
                received: "\(height) × \(width) (height × width)",
                remedy: "Make it smaller, or raise the limit (pixelLimit) if you trust it.")
        }
        guard header.minimum_count <= bytes.count else {
            throw FormatError(
                .malformed, path: path, offset: bytes.count, "the file is far too short for its image",
                expected: "at least \(header.minimum_count) bytes for \(height) × \(width) pixels (height × width)",
                received: bytes.count.counted("byte"), remedy: "Copy or download it again.")
        }
    }

    func read() throws(FormatError) -> DecodedPixels {
        let count = height * width * Int(header.channels)
        var error = apus_image_error()
        var succeeded = false
        let pixels = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            succeeded =
                switch handle {
                case .png(let pointer): apus_png_read(pointer, buffer.baseAddress, &error)
                case .jpeg(let pointer): apus_jpeg_read(pointer, buffer.baseAddress, &error)
                }
            initialized = succeeded ? count : 0
        }
        guard succeeded else { throw FormatError(error, path) }
        let sort: DecodedPixels.Sort =
            switch header.channels {
            case 1: .gray
            case 2: .grayAlpha
            case 3: .rgb
            default: header.is_cmyk ? .cmyk : .rgbAlpha
            }
        return DecodedPixels(sort: sort, bytes: pixels)
    }
}

extension FormatError {
    /// What a library says of an image.
    init(_ error: apus_image_error, _ path: String) {
        let text = withUnsafeBytes(of: error.text) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        switch UInt32(bitPattern: error.status) {
        case APUS_IMAGE_TRUNCATED.rawValue:
            self.init(
                .malformed, path: path, offset: error.offset, "the file ends before its image does",
                remedy: "Copy or download it again.")
        case APUS_IMAGE_UNSUPPORTED.rawValue:
            self.init(
                .unsupported, path: path, offset: error.offset, "the image is of a sort that is not supported: \(text)",
                expected: "gray, RGB, YCbCr or CMYK of 8 bits", remedy: "Convert it to PNG.")
        default:
            self.init(
                .malformed, path: path, offset: error.offset, "the image is damaged: \(text)",
                remedy: "Copy or download it again, or save it again with another program.")
        }
    }
}
