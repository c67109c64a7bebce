import CKernels

/// An element of an image, a byte or a number, with the kernels for its type; `apus_images.h` describes them.
protocol Pixel: BitwiseCopyable {
    /// The distance from black to white.
    static var range: Float { get }
    static var zero: Self { get }
    /// Samples an image at other places.
    static func sample(
        _ image: UnsafePointer<Self>, _ size: ImageSize, frame: UnsafeMutablePointer<Self>, _ places: apus_places,
        to target: UnsafeMutablePointer<Self>)
    /// factor · x + offset
    static func scale(
        _ source: UnsafePointer<Self>, by factor: Float, plus offset: Float, to target: UnsafeMutablePointer<Self>,
        count: Int)
    /// (x − m) · factor + m, with m the mean of each channel
    static func changeContrast(
        _ source: UnsafePointer<Self>, by factor: Float, to target: UnsafeMutablePointer<Self>, _ size: ImageSize)
    /// share · x + (1 − share) · other
    static func blend(
        _ source: UnsafePointer<Self>, with other: UnsafePointer<Self>, share: Float,
        to target: UnsafeMutablePointer<Self>, count: Int)
    /// x + ε, with ε of N(0, deviation²)
    static func addNoise(
        _ source: UnsafePointer<Self>, key: UInt64, deviation: Float, to target: UnsafeMutablePointer<Self>,
        count: Int)
}

extension UInt8: Pixel {
    static var range: Float { 255 }

    static func sample(
        _ image: UnsafePointer<UInt8>, _ size: ImageSize, frame: UnsafeMutablePointer<UInt8>, _ places: apus_places,
        to target: UnsafeMutablePointer<UInt8>
    ) {
        withUnsafePointer(to: places) {
            apus_sample_u8(target, image, frame, Int32(size.height), Int32(size.width), Int32(size.channels), $0)
        }
    }

    static func scale(
        _ source: UnsafePointer<UInt8>, by factor: Float, plus offset: Float, to target: UnsafeMutablePointer<UInt8>,
        count: Int
    ) {
        apus_pixels_scale_u8(target, source, factor, offset, count)
    }

    static func changeContrast(
        _ source: UnsafePointer<UInt8>, by factor: Float, to target: UnsafeMutablePointer<UInt8>, _ size: ImageSize
    ) {
        apus_pixels_contrast_u8(target, source, factor, size.height * size.width, size.channels)
    }

    static func blend(
        _ source: UnsafePointer<UInt8>, with other: UnsafePointer<UInt8>, share: Float,
        to target: UnsafeMutablePointer<UInt8>, count: Int
    ) {
        apus_pixels_blend_u8(target, source, other, share, count)
    }

    static func addNoise(
        _ source: UnsafePointer<UInt8>, key: UInt64, deviation: Float, to target: UnsafeMutablePointer<UInt8>,
        count: Int
    ) {
        apus_pixels_noise_u8(target, source, key, deviation, count)
    }
}

extension Float: Pixel {
    static var range: Float { 1 }

    static func sample(
        _ image: UnsafePointer<Float>, _ size: ImageSize, frame: UnsafeMutablePointer<Float>, _ places: apus_places,
        to target: UnsafeMutablePointer<Float>
    ) {
        withUnsafePointer(to: places) {
            apus_sample_f32(target, image, frame, Int32(size.height), Int32(size.width), Int32(size.channels), $0)
        }
    }

    static func scale(
        _ source: UnsafePointer<Float>, by factor: Float, plus offset: Float, to target: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        apus_pixels_scale_f32(target, source, factor, offset, count)
    }

    static func changeContrast(
        _ source: UnsafePointer<Float>, by factor: Float, to target: UnsafeMutablePointer<Float>, _ size: ImageSize
    ) {
        apus_pixels_contrast_f32(target, source, factor, size.height * size.width, size.channels)
    }

    static func blend(
        _ source: UnsafePointer<Float>, with other: UnsafePointer<Float>, share: Float,
        to target: UnsafeMutablePointer<Float>, count: Int
    ) {
        apus_pixels_blend_f32(target, source, other, share, count)
    }

    static func addNoise(
        _ source: UnsafePointer<Float>, key: UInt64, deviation: Float, to target: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        apus_pixels_noise_f32(target, source, key, deviation, count)
    }
}

/// The extent of an image; the elements of a pixel are neighbours in memory, rows follow each other.
struct ImageSize {
    let height: Int
    let width: Int
    let channels: Int

    var rowCount: Int { width * channels }
    var count: Int { height * rowCount }
}
