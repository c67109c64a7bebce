extension Image {
    /// The image with 1 or 3 channels.
    ///
    /// Gray is 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601, as Pillow and Keras have it), in fixed point, rounded.
    ///
    /// - Throws: for other numbers of channels.
    public func converted(channels count: Int) throws(FormatError) -> Image {
        switch (channels, count) {
        case (1, 1), (3, 3): self
        case (3, 1): gray
        case (1, 3): Image(checked: pixels.flatMap { [$0, $0, $0] }, height, width, 3)
        default: throw Image.wrongChannels(count)
        }
    }

    private var gray: Image {
        let count = height * width
        let gray = [UInt8](unsafeUninitializedCapacity: count) { gray, initialized in
            pixels.withUnsafeBufferPointer { pixels in
                for index in 0..<count {
                    let red = 19595 * UInt32(pixels[3 * index])
                    let green = 38470 * UInt32(pixels[3 * index + 1])
                    let blue = 7471 * UInt32(pixels[3 * index + 2])
                    gray[index] = UInt8(truncatingIfNeeded: (red + green + blue + 0x8000) >> 16)
                }
            }
            initialized = count
        }
        return Image(checked: gray, height, width, 1)
    }
}

/// What transparent pixels become; images for networks have no transparency.
public enum Transparency: Hashable, Sendable {
    /// The image is laid over white, as it is mostly looked at.
    case overWhite
    /// The color is taken as it is stored, as Pillow, Keras and torchvision do; where nothing is to be seen, it is often
    /// black, or arbitrary.
    case dropped
}

/// Samples as a library decodes them, and the way to 1 or 3 channels.
struct DecodedPixels {
    enum Sort {
        case gray, grayAlpha, rgb, rgbAlpha, cmyk

        var channels: Int {
            switch self {
            case .gray: 1
            case .grayAlpha: 2
            case .rgb: 3
            case .rgbAlpha, .cmyk: 4
            }
        }
    }

    var sort: Sort
    var bytes: [UInt8]

    /// Leaves gray or RGB.
    func simplified(_ transparency: Transparency) -> [UInt8] {
        switch sort {
        case .gray, .rgb: return bytes
        case .grayAlpha: return withoutAlpha(1, transparency)
        case .rgbAlpha: return withoutAlpha(3, transparency)
        // 255 is no ink.
        case .cmyk: return merged(3) { pixel, channel in DecodedPixels.product(pixel[channel], pixel[3]) }
        }
    }

    private func withoutAlpha(_ channels: Int, _ transparency: Transparency) -> [UInt8] {
        switch transparency {
        case .dropped: merged(channels) { pixel, channel in pixel[channel] }
        case .overWhite:
            merged(channels) { pixel, channel in 255 - DecodedPixels.product(255 - pixel[channel], pixel[channels]) }
        }
    }

    /// Makes a pixel of `channels` samples of each pixel.
    @inline(__always)
    private func merged(
        _ channels: Int, _ sample: (_ pixel: UnsafePointer<UInt8>, _ channel: Int) -> UInt8
    ) -> [UInt8] {
        let count = bytes.count / sort.channels
        return [UInt8](unsafeUninitializedCapacity: count * channels) { target, initialized in
            bytes.withUnsafeBufferPointer { source in
                guard let base = source.baseAddress else { return }
                for index in 0..<count {
                    for channel in 0..<channels {
                        target[index * channels + channel] = sample(base + index * sort.channels, channel)
                    }
                }
                initialized = count * channels
            }
        }
    }

    /// The rounded product of two fractions of 255.
    @inline(__always)
    private static func product(_ a: UInt8, _ b: UInt8) -> UInt8 {
        let product = UInt32(a) * UInt32(b) + 128
        return UInt8(truncatingIfNeeded: (product + product >> 8) >> 8)
    }
}
