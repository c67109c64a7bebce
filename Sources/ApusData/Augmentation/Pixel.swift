import CKernels

/// An element of an image: a byte or a number.
protocol Pixel: BitwiseCopyable {
    /// The distance from black to white.
    static var range: Float { get }
    static var zero: Self { get }
    static var kernels: PixelKernels<Self> { get }
}

/// The C functions for images of one element type; `apus_images.h` describes them.
struct PixelKernels<P>: Sendable {
    typealias Source = UnsafePointer<P>
    typealias Target = UnsafeMutablePointer<P>

    /// Target, image, frame, height, width, channels, places.
    let sample: @Sendable (Target, Source, Target, Int32, Int32, Int32, UnsafePointer<apus_places>) -> Void
    /// Target, source, factor, offset, count.
    let scale: @Sendable (Target, Source, Float, Float, Int) -> Void
    /// Target, source, factor, pixels, channels.
    let contrast: @Sendable (Target, Source, Float, Int, Int) -> Void
    /// Target, source, other, share, count.
    let blend: @Sendable (Target, Source, Source, Float, Int) -> Void
    /// Target, source, key, deviation, count.
    let noise: @Sendable (Target, Source, UInt64, Float, Int) -> Void
}

extension UInt8: Pixel {
    static var range: Float { 255 }
    static let kernels = PixelKernels<UInt8>(
        sample: { apus_sample_u8($0, $1, $2, $3, $4, $5, $6) }, scale: { apus_pixels_scale_u8($0, $1, $2, $3, $4) },
        contrast: { apus_pixels_contrast_u8($0, $1, $2, $3, $4) },
        blend: { apus_pixels_blend_u8($0, $1, $2, $3, $4) }, noise: { apus_pixels_noise_u8($0, $1, $2, $3, $4) })
}

extension Float: Pixel {
    static var range: Float { 1 }
    static let kernels = PixelKernels<Float>(
        sample: { apus_sample_f32($0, $1, $2, $3, $4, $5, $6) }, scale: { apus_pixels_scale_f32($0, $1, $2, $3, $4) },
        contrast: { apus_pixels_contrast_f32($0, $1, $2, $3, $4) },
        blend: { apus_pixels_blend_f32($0, $1, $2, $3, $4) }, noise: { apus_pixels_noise_f32($0, $1, $2, $3, $4) })
}

/// The extent of an image; the elements of a pixel are neighbours in memory, rows follow each other.
struct ImageSize {
    let height: Int
    let width: Int
    let channels: Int

    var rowCount: Int { width * channels }
    var count: Int { height * rowCount }
}
