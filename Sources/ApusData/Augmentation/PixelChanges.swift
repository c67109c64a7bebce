/// Changes of one image, from one place in memory to another.
struct PixelChanges<P: Pixel> {
    let size: ImageSize

    func copy(from source: UnsafePointer<P>, to target: UnsafeMutablePointer<P>) {
        target.update(from: source, count: size.count)
    }

    // MARK: Places

    func flip(
        _ direction: Augmentation.Direction, from source: UnsafePointer<P>, to target: UnsafeMutablePointer<P>
    ) {
        for row in 0..<size.height {
            let to = target + row * size.rowCount
            switch direction {
            case .vertical:
                to.update(from: source + (size.height - 1 - row) * size.rowCount, count: size.rowCount)
            case .horizontal:
                let end = source + (row + 1) * size.rowCount
                if size.channels == 1 {
                    for column in 0..<size.width { to[column] = end[-1 &- column] }
                    continue
                }
                for column in 0..<size.width {
                    (to + column * size.channels).update(
                        from: end - (column + 1) * size.channels, count: size.channels)
                }
            }
        }
    }

    /// The window whose first pixel is `(top, left)` of the image; both may be negative.
    func crop(
        top: Int, left: Int, _ mode: Augmentation.Padding, from source: UnsafePointer<P>,
        to target: UnsafeMutablePointer<P>
    ) {
        // The columns of the target that show the image.
        let inner = min(size.width, max(0, -left))..<max(0, min(size.width, size.width - left))
        let channels = size.channels
        for row in 0..<size.height {
            let to = target + row * size.rowCount
            var from = row + top
            if !(0..<size.height).contains(from) {
                guard mode == .reflect else {
                    to.update(repeating: .zero, count: size.rowCount)
                    continue
                }
                from = PixelChanges.reflected(from, size.height)
            }
            let line = source + from * size.rowCount
            guard mode == .reflect || !inner.isEmpty else {
                to.update(repeating: .zero, count: size.rowCount)
                continue
            }
            (to + inner.lowerBound * channels).update(
                from: line + (inner.lowerBound + left) * channels, count: inner.count * channels)
            switch mode {
            case .zeros:
                to.update(repeating: .zero, count: inner.lowerBound * channels)
                (to + inner.upperBound * channels).update(
                    repeating: .zero, count: (size.width - inner.upperBound) * channels)
            case .reflect:
                for columns in [0..<inner.lowerBound, inner.upperBound..<size.width] {
                    for column in columns {
                        (to + column * channels).update(
                            from: line + PixelChanges.reflected(column + left, size.width) * channels, count: channels)
                    }
                }
            }
        }
    }

    /// The place that a place beyond the edge shows.
    private static func reflected(_ place: Int, _ count: Int) -> Int {
        place < 0 ? -place : place >= count ? 2 * (count - 1) - place : place
    }

    /// Copies, but for a rectangle that is cut off at the edges.
    func replace(
        _ region: Region, by other: UnsafePointer<P>?, from source: UnsafePointer<P>,
        to target: UnsafeMutablePointer<P>
    ) {
        copy(from: source, to: target)
        for row in region.rows {
            let offset = row * size.rowCount + region.columns.lowerBound * size.channels
            let count = region.columns.count * size.channels
            if let other {
                (target + offset).update(from: other + offset, count: count)
            } else {
                (target + offset).update(repeating: .zero, count: count)
            }
        }
    }
}

/// A rectangle of an image.
struct Region {
    let rows: Range<Int>
    let columns: Range<Int>

    /// A rectangle around a pixel, without what lies outside of the image.
    init(height: Int, width: Int, around middle: (row: Int, column: Int), in size: ImageSize) {
        func cut(_ middle: Int, _ extent: Int, _ limit: Int) -> Range<Int> {
            let start = middle - extent / 2
            return max(0, start)..<max(0, min(limit, start + extent))
        }
        rows = cut(middle.row, height, size.height)
        columns = cut(middle.column, width, size.width)
    }

    /// The rectangle's part of the image.
    func share(of size: ImageSize) -> Double {
        Double(rows.count * columns.count) / Double(size.height * size.width)
    }
}
