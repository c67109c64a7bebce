/// An image file with 8 bits a sample, in the Portable Network Graphics format (ISO/IEC 15948).
///
/// The data are stored, not compressed: the images are small, and so is the code.
package struct PNG: Sendable, Hashable {
    package let bytes: [UInt8]

    /// Samples `[height, width, channels]`: 1 is gray, 2 gray and opacity, 3 RGB, 4 RGB and opacity.
    /// Nothing when the number of samples is another, or a side is not between 1 and 65 535.
    package init?(height: Int, width: Int, channels: Int, samples: [UInt8]) {
        guard let type = [1: 0, 2: 4, 3: 2, 4: 6][channels] else { return nil }
        self.init(height: height, width: width, bytesPerPixel: channels, type: UInt8(type), samples: samples, [])
    }

    /// Pixels `[height, width]` that are indices into at most 256 colors, of which `transparent` is not painted.
    package init?(height: Int, width: Int, indices: [UInt8], palette: [Color], transparent: UInt8? = nil) {
        guard (1...256).contains(palette.count), indices.allSatisfy({ $0 < palette.count }) else { return nil }
        var chunks = PNG.chunk("PLTE", palette.flatMap { [$0.red, $0.green, $0.blue] })
        if let transparent, transparent < palette.count {
            chunks += PNG.chunk("tRNS", [UInt8](repeating: 255, count: Int(transparent)) + [0])
        }
        self.init(height: height, width: width, bytesPerPixel: 1, type: 3, samples: indices, chunks)
    }

    private init?(
        height: Int, width: Int, bytesPerPixel: Int, type: UInt8, samples: [UInt8], _ extraChunks: [UInt8]
    ) {
        let sides = 1...65_535
        guard sides.contains(height), sides.contains(width), samples.count == height * width * bytesPerPixel else {
            return nil
        }
        let rowLength = width * bytesPerPixel
        var lines: [UInt8] = []
        lines.reserveCapacity(height * (rowLength + 1))
        for row in 0..<height {
            lines.append(0)
            lines += samples[row * rowLength..<(row + 1) * rowLength]
        }
        let header = PNG.bigEndian(UInt32(width)) + PNG.bigEndian(UInt32(height)) + [8, type, 0, 0, 0]
        bytes =
            [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + PNG.chunk("IHDR", header) + extraChunks
            + PNG.chunk("IDAT", PNG.stored(lines)) + PNG.chunk("IEND", [])
    }

    /// `data:image/png;base64,…`
    package var dataURI: String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count / 3 * 4 + 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = group.reduce(0) { $0 << 8 | Int($1) }
            bits <<= 8 * (3 - group.count)
            for place in 0..<4 {
                text.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return "data:image/png;base64," + String(decoding: text, as: UTF8.self)
    }

    /// A zlib stream (RFC 1950) of stored blocks (RFC 1951, 3.2.4).
    private static func stored(_ data: [UInt8]) -> [UInt8] {
        var stream: [UInt8] = [0x78, 0x01]
        stream.reserveCapacity(data.count + data.count / 65_535 * 5 + 11)
        for start in stride(from: 0, to: data.count, by: 65_535) {
            let block = data[start..<min(start + 65_535, data.count)]
            let length = UInt16(block.count)
            stream.append(block.endIndex == data.count ? 1 : 0)
            for part in [length, ~length] { stream += [UInt8(part & 255), UInt8(part >> 8)] }
            stream += block
        }
        return stream + bigEndian(adler32(data))
    }

    private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
        let content = Array(name.utf8) + data
        return bigEndian(UInt32(data.count)) + content + bigEndian(crc32(content))
    }

    private static func bigEndian(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    package static func adler32(_ data: [UInt8]) -> UInt32 {
        var (a, b): (UInt32, UInt32) = (1, 0)
        for byte in data {
            a = (a + UInt32(byte)) % 65_521
            b = (b + a) % 65_521
        }
        return b << 16 | a
    }

    package static func crc32(_ data: [UInt8]) -> UInt32 {
        ~data.reduce(~0) { crc, byte in crcTable[Int((crc ^ UInt32(byte)) & 255)] ^ crc >> 8 }
    }

    private static let crcTable: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { crc, _ in crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
}
