import ApusCharts
import CImages
import Foundation
import Testing

@Suite struct PNGTests {
    @Test(arguments: [(1, 1, 1), (3, 5, 3), (28, 28, 1), (300, 90, 3), (2, 2, 4), (2, 3, 2)])
    func samplesSurvive(height: Int, width: Int, channels: Int) throws {
        let samples = (0..<height * width * channels).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 251) }
        let png = try #require(PNG(height: height, width: width, channels: channels, samples: samples))
        let image = try DecodedPNG(png.bytes)
        #expect(image.shape == [height, width, channels])
        #expect(image.samples == samples)
    }

    /// One color and all that an index can name.
    @Test(arguments: [1, 2, 5, 17, 256]) func palettes(count: Int) throws {
        let palette = (0..<UInt32(count)).map { Color(0x010203 &* $0 &+ 0x102030) }
        let indices = (0..<6 * 50).map { UInt8($0 * 7 % count) }
        let png = try #require(PNG(height: 6, width: 50, indices: indices, palette: palette))
        let image = try DecodedPNG(png.bytes)
        #expect(image.shape == [6, 50, 3])
        #expect(
            image.samples == indices.flatMap { [palette[Int($0)].red, palette[Int($0)].green, palette[Int($0)].blue] })
    }

    @Test func samplesAreCompressed() throws {
        let png = try #require(
            PNG(
                height: 64, width: 240, indices: Array(repeating: 3, count: 64 * 240),
                palette: [Color](repeating: Color(0), count: 200)))
        #expect(png.bytes.count < 64 * 240 / 10)
    }

    @Test func refusesWhatIsNoImage() {
        #expect(PNG(height: 2, width: 2, channels: 1, samples: [1, 2, 3]) == nil)
        #expect(PNG(height: 0, width: 2, channels: 1, samples: []) == nil)
        #expect(PNG(height: -1, width: -1, channels: 1, samples: [1]) == nil)
        #expect(PNG(height: 1, width: 1, channels: 5, samples: [1, 2, 3, 4, 5]) == nil)
        #expect(PNG(height: 1, width: 70_000, channels: 1, samples: [UInt8](repeating: 0, count: 70_000)) == nil)
        #expect(PNG(height: 1, width: 1, indices: [1], palette: [Color(0)]) == nil)
        #expect(PNG(height: 1, width: 1, indices: [0], palette: []) == nil)
    }

    @Test func base64() throws {
        let png = try #require(PNG(height: 1, width: 5, channels: 1, samples: [7, 7, 7, 7, 7]))
        #expect(png.dataURI.hasPrefix("data:image/png;base64,iVBORw0KGgo"))
        #expect(Data(base64Encoded: String(png.dataURI.dropFirst(22))) == Data(png.bytes))
    }
}

/// An image as libpng reads it.
struct DecodedPNG {
    struct Problem: Error {}

    /// Height, width, channels.
    let shape: [Int]
    let samples: [UInt8]

    /// The channels of a pixel.
    func pixel(_ row: Int, _ column: Int) -> [UInt8] {
        let start = (row * shape[1] + column) * shape[2]
        return Array(samples[start..<start + shape[2]])
    }

    init(_ bytes: [UInt8]) throws {
        (shape, samples) = try bytes.withUnsafeBufferPointer { bytes in
            var header = apus_image_header()
            var error = apus_image_error()
            guard let png = apus_png_open(bytes.baseAddress, bytes.count, &header, &error) else { throw Problem() }
            defer { apus_png_close(png) }
            let shape = [Int(header.height), Int(header.width), Int(header.channels)]
            var samples = [UInt8](repeating: 0, count: shape.reduce(1, *))
            guard apus_png_read(png, &samples, &error) else { throw Problem() }
            return (shape, samples)
        }
    }
}
