import CImages

extension Image {
    /// The image in another size, by bilinear interpolation; where it shrinks, each pixel is the mean of those it covers
    /// (antialiasing).
    ///
    /// The same numbers as Pillow's `resize(…, BILINEAR)`: output pixel i lies at (i + ½) · s − ½ for the scale s = old / new,
    /// its weights are the triangle max(0, 1 − |x| / max(s, 1)) around it, and rows, then columns, are rounded to 8 bits.
    ///
    /// - Throws: for sizes less than 1 or of more pixels than `ImageFile.usualPixelLimit`.
    public func resized(height: Int, width: Int) throws(FormatError) -> Image {
        guard height > 0, width > 0, let count = Extent.count([height, width]), count <= ImageFile.usualPixelLimit,
            let rows = Extent.count([self.height, width]), rows <= 2 * ImageFile.usualPixelLimit
        else {
            throw FormatError(
                .mismatch, path: "", "images can't be resized to this size",
                expected: "1 to \(ImageFile.usualPixelLimit) pixels", received: "\(height) × \(width) (height × width)",
                remedy: "Ask for another size.")
        }
        var result = self
        if width != self.width {
            let resampling = Resampling(from: self.width, to: width)
            result = Image(
                checked: resampling.applied(to: pixels, lines: self.height, channels), self.height, width, channels)
        }
        if height != self.height {
            // A row of all its samples is one element of a column.
            let resampling = Resampling(from: self.height, to: height)
            result = Image(
                checked: resampling.applied(toColumns: result.pixels, width * channels), height, width, channels)
        }
        return result
    }

    /// The image in the size in which its shorter side has a length; the other keeps the proportion, rounded down (as in
    /// torchvision).
    public func resized(shorterSide length: Int) throws(FormatError) -> Image {
        let (long, overflow) = max(height, width).multipliedReportingOverflow(by: max(1, length))
        let other = overflow ? Int.max : long / min(height, width)
        return try height < width
            ? resized(height: length, width: other) : resized(height: other, width: length)
    }
}

/// The weights with which pixels of a line make those of a line of another length.
private struct Resampling {
    private let starts: [Int32]
    private let counts: [Int32]
    /// `stride` weights for each pixel, in fixed point; they add up to 1.
    private let weights: [Int32]
    private let stride: Int

    init(from old: Int, to new: Int) {
        let scale = Double(old) / Double(new)
        let support = max(scale, 1)
        stride = 2 * Int(support.rounded(.up)) + 1
        var starts = [Int32]()
        var counts = [Int32]()
        var weights = [Int32](repeating: 0, count: stride * new)
        for index in 0..<new {
            let center = (Double(index) + 0.5) * scale
            let start = max(0, Int(center - support + 0.5))
            let count = min(old, Int(center + support + 0.5)) - start
            let triangle = (0..<count).map { max(0, 1 - abs(Double(start + $0) - center + 0.5) / support) }
            let sum = triangle.reduce(0, +)
            for (place, weight) in triangle.enumerated() {
                weights[index * stride + place] = Int32(
                    (weight / sum * Double(1 << APUS_RESAMPLE_PRECISION)).rounded())
            }
            starts.append(Int32(start))
            counts.append(Int32(count))
        }
        (self.starts, self.counts, self.weights) = (starts, counts, weights)
    }

    /// Resamples lines whose pixels have some channels.
    func applied(to pixels: [UInt8], lines: Int, _ channels: Int) -> [UInt8] {
        // As many registers of eight numbers for each pixel as its weights need.
        let registers = channels == 3 ? (stride + 1) / 2 : (stride + 7) / 8
        return withUnsafeTemporaryAllocation(byteCount: 32 * registers * starts.count, alignment: 32) { memory in
            let spread = memory.bindMemory(to: Int32.self).baseAddress
            return applied(spread, count: lines * starts.count * channels) { weights, target in
                if let spread { apus_resample_spread(weights, channels, spread) }
                apus_resample_lines(pixels, lines, pixels.count / lines, channels, weights, target)
            }
        }
    }

    /// Resamples along columns; a line has `width` samples.
    func applied(toColumns pixels: [UInt8], _ width: Int) -> [UInt8] {
        applied(nil, count: starts.count * width) { apus_resample_columns(pixels, width, $0, $1) }
    }

    /// The bytes that a loop in C writes.
    private func applied(
        _ spread: UnsafeMutablePointer<Int32>?, count: Int,
        _ write: (UnsafePointer<apus_resampling>, UnsafeMutablePointer<UInt8>) -> Void
    ) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            starts.withUnsafeBufferPointer { starts in
                counts.withUnsafeBufferPointer { counts in
                    weights.withUnsafeBufferPointer { weights in
                        var resampling = apus_resampling(
                            count: starts.count, stride: stride, starts: starts.baseAddress,
                            counts: counts.baseAddress, weights: weights.baseAddress, spread: spread)
                        if let target = target.baseAddress { write(&resampling, target) }
                    }
                }
            }
            initialized = count
        }
    }
}
