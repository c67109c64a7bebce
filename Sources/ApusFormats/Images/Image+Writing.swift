import CImages
#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Image {
    /// Writes the image as a PNG file of 8 bits, gray or RGB, replacing a file that exists.
    public func writePNG(to path: String) throws(FormatError) {
        try AtomicFile.write(pngBytes(path), to: path)
    }

    /// The bytes of a PNG file.
    public func encodedPNG() throws(FormatError) -> [UInt8] { try pngBytes("") }

    private func pngBytes(_ path: String) throws(FormatError) -> [UInt8] {
        guard height <= Int32.max, width <= Int32.max else {
            throw FormatError(
                .unsupported, path: path, "the image is too large for PNG", expected: "sides less than 2^31",
                received: "\(height) × \(width) (height × width)", remedy: "Make it smaller.")
        }
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        var error = apus_image_error()
        guard apus_png_write(pixels, UInt32(height), UInt32(width), UInt32(channels), &bytes, &count, &error) else {
            throw FormatError(error, path)
        }
        defer { free(bytes) }
        return [UInt8](UnsafeBufferPointer(start: bytes, count: count))
    }
}
