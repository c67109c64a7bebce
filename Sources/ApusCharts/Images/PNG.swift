import CImages
import Foundation

/// An image file with 8 bits a sample, in the Portable Network Graphics format (ISO/IEC 15948), written by libpng.
package struct PNG: Sendable, Hashable {
    package let bytes: [UInt8]

    /// Samples `[height, width, channels]`: 1 is gray, 2 gray and opacity, 3 RGB, 4 RGB and opacity.
    /// Nothing when the number of samples is another, or a side is not between 1 and 65 535.
    package init?(height: Int, width: Int, channels: Int, samples: [UInt8]) {
        guard (1...4).contains(channels) else { return nil }
        self.init(height: height, width: width, channels: channels, samples: samples, palette: nil)
    }

    /// Pixels `[height, width]` that are indices into at most 256 colors.
    package init?(height: Int, width: Int, indices: [UInt8], palette: [Color]) {
        guard (1...256).contains(palette.count), indices.allSatisfy({ $0 < palette.count }) else { return nil }
        let colors = palette.flatMap { [$0.red, $0.green, $0.blue] }
        self.init(height: height, width: width, channels: 1, samples: indices, palette: colors)
    }

    private init?(height: Int, width: Int, channels: Int, samples: [UInt8], palette: [UInt8]?) {
        let sides = 1...65_535
        guard sides.contains(height), sides.contains(width), samples.count == height * width * channels else {
            return nil
        }
        var file: UnsafeMutablePointer<UInt8>?
        var count = 0
        var error = apus_image_error()
        guard
            apus_png_write(
                samples, UInt32(height), UInt32(width), UInt32(channels), palette, UInt32((palette?.count ?? 0) / 3),
                &file, &count, &error)
        else { return nil }
        defer { free(file) }
        bytes = [UInt8](UnsafeBufferPointer(start: file, count: count))
    }

    /// `data:image/png;base64,…`
    package var dataURI: String { "data:image/png;base64," + Data(bytes).base64EncodedString() }
}
