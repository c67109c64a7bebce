import CImages
import Foundation

extension Image {
    /// Writes the image as a PNG file of 8 bits, gray or RGB, replacing a file that exists.
    public func writePNG(to path: String) throws(FormatError) {
        try AtomicFile.write(pngBytes(path), to: path)
    }

    /// The bytes of a PNG file.
    public func encodedPNG() throws(FormatError) -> [UInt8] { try pngBytes("") }

    private func pngBytes(_ path: String) throws(FormatError) -> [UInt8] {
        // The limit of libpng.
        guard height <= 1_000_000, width <= 1_000_000 else {
            throw FormatError(
                .unsupported, path: path, "the image is too large for PNG",
                expected: "sides of at most 1 000 000 pixels",
                received: "\(height) × \(width) (height × width)", remedy: "Make it smaller.")
        }
        var bytes: UnsafeMutablePointer<UInt8>?
        var count = 0
        var error = apus_image_error()
        guard
            apus_png_write(
                pixels, UInt32(height), UInt32(width), UInt32(channels), nil, 0, &bytes, &count, &error)
        else { throw FormatError(error, path) }
        defer { free(bytes) }
        return [UInt8](UnsafeBufferPointer(start: bytes, count: count))
    }
}
