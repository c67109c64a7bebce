import CKernels

/// Samples images at transformed places, bilinearly; beyond the image everything is 0.
///
/// Pixels are points: at whole coordinates the sample is the pixel itself, between them it is interpolated, between the
/// outermost pixels and one pixel further it fades to 0. That is `grid_sample` of PyTorch with `zeros` padding, with
/// which torchvision rotates tensors.
struct AffineSampler<P: Pixel> {
    /// The longest side of an image that can be sampled.
    static var longestSide: Int { Int(APUS_SAMPLE_SIDE) }

    private let size: ImageSize
    /// The image between zeros, so that no neighbour lies outside.
    private let frame: UnsafeMutablePointer<P>

    init(_ size: ImageSize) {
        self.size = size
        let (rows, columns) = (size.height + Int(APUS_FRAME_ROWS), size.width + Int(APUS_FRAME_COLUMNS))
        let count = rows * columns * size.channels + Int(APUS_FRAME_SLACK)
        frame = .allocate(capacity: count)
        frame.initialize(repeating: .zero, count: count)
    }

    func deallocate() {
        frame.deallocate()
    }

    func sample(_ map: AffineMap, from source: UnsafePointer<P>, to target: UnsafeMutablePointer<P>) {
        let (middleX, middleY) = (Double(size.width - 1) / 2, Double(size.height - 1) / 2)
        let step = Double(APUS_SAMPLE_STEP)
        // In coordinates of the frame, which begins one pixel before the image.
        let places = apus_places(
            x: fixed(map.x0 - map.xx * middleX - map.xy * middleY + middleX + 1),
            y: fixed(map.y0 - map.yx * middleX - map.yy * middleY + middleY + 1), dx: fixed(map.xx, limit: step),
            dy: fixed(map.yx, limit: step), down_x: fixed(map.xy, limit: step), down_y: fixed(map.yy, limit: step))
        withUnsafePointer(to: places) {
            P.kernels.sample(
                target, source, frame, Int32(size.height), Int32(size.width), Int32(size.channels), $0)
        }
    }
}

/// The nearest number with 32 binary digits after the point; places far beyond any image stay there.
@inline(__always) private func fixed(_ value: Double, limit: Double = 1e6) -> Int64 {
    Int64((min(max(value, -limit), limit) * 0x1p32).rounded())
}
