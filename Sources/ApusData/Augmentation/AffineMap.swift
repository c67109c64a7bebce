import Foundation

import ApusBackend
import ApusGraph
package import ApusTensor

/// Where each pixel of a transformed image comes from: x′ = xx · x + xy · y + x₀, y′ = yx · x + yy · y + y₀.
///
/// Coordinates are in pixels from the middle of the image, x to the right and y down; the middle of an image of even
/// width lies between two pixels.
package struct AffineMap {
    var (xx, xy, x0): (Double, Double, Double)
    var (yx, yy, y0): (Double, Double, Double)

    package static let identity = AffineMap(xx: 1, xy: 0, x0: 0, yx: 0, yy: 1, y0: 0)

    /// Turns the image counter-clockwise, as torchvision does.
    package static func rotation(degrees: Double) -> AffineMap {
        let angle = degrees * Double.pi / 180
        return AffineMap(xx: cos(angle), xy: -sin(angle), x0: 0, yx: sin(angle), yy: cos(angle), y0: 0)
    }

    /// Moves the image to the right and down, by pixels.
    package static func translation(x: Double, y: Double) -> AffineMap {
        AffineMap(xx: 1, xy: 0, x0: -x, yx: 0, yy: 1, y0: -y)
    }

    /// Enlarges the image.
    package static func zoom(_ factor: Double) -> AffineMap {
        AffineMap(xx: 1 / factor, xy: 0, x0: 0, yx: 0, yy: 1 / factor, y0: 0)
    }

    /// Where a place comes from.
    package func source(x: Double, y: Double) -> (x: Double, y: Double) {
        (xx * x + xy * y + x0, yx * x + yy * y + y0)
    }

    /// The map of two transformations, this one first.
    package func then(_ next: AffineMap) -> AffineMap {
        AffineMap(
            xx: xx * next.xx + xy * next.yx, xy: xx * next.xy + xy * next.yy, x0: xx * next.x0 + xy * next.y0 + x0,
            yx: yx * next.xx + yy * next.yx, yy: yx * next.xy + yy * next.yy, y0: yx * next.x0 + yy * next.y0 + y0)
    }
}

extension AffineMap {
    /// An image `[height, width, channels]` of bytes or `float32`, transformed.
    package func callAsFunction(_ image: Tensor) -> Tensor {
        let type = TensorType(image.shape, image.elementType)
        let size = ImageSize(height: image.shape[0], width: image.shape[1], channels: image.shape[2])
        let (source, target) = (image.elements(), Buffer(byteCount: type.byteCount))
        func sample<P: Pixel>(_ type: P.Type) {
            let sampler = AffineSampler<P>(size)
            defer { sampler.deallocate() }
            sampler.sample(
                self, from: UnsafePointer(source.start.assumingMemoryBound(to: P.self)),
                to: target.start.assumingMemoryBound(to: P.self))
        }
        if type.elementType == .uint8 { sample(UInt8.self) } else { sample(Float.self) }
        return Tensor(target, type)
    }
}
