import CKernels

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
        // The part of the target that shows the image.
        func shown(_ start: Int, _ side: Int) -> Range<Int> {
            min(side, max(0, -start))..<max(0, min(side, side - start))
        }
        let (rows, columns) = (shown(top, size.height), shown(left, size.width))
        switch mode {
        case .zeros:
            target.update(repeating: .zero, count: size.count)
            guard !rows.isEmpty, !columns.isEmpty else { return }
            copy(rows, columns, from: source, at: (top, left), to: target)
        case .reflect:
            for row in 0..<size.height {
                let line = source + PixelChanges.reflected(row + top, size.height) * size.rowCount
                let to = target + row * size.rowCount
                for column in 0..<size.width {
                    let from = PixelChanges.reflected(column + left, size.width)
                    (to + column * size.channels).update(from: line + from * size.channels, count: size.channels)
                }
            }
        }
    }

    /// Copies a rectangle, of which the source has pixel (0, 0) at another place.
    private func copy(
        _ rows: Range<Int>, _ columns: Range<Int>, from source: UnsafePointer<P>, at origin: (row: Int, column: Int),
        to target: UnsafeMutablePointer<P>
    ) {
        func start(_ row: Int, _ column: Int) -> Int { row * size.rowCount + column * size.channels }
        let (bytes, stride) = (MemoryLayout<P>.stride, size.rowCount * MemoryLayout<P>.stride)
        apus_copy_rows(
            target + start(rows.lowerBound, columns.lowerBound),
            source + start(rows.lowerBound + origin.row, columns.lowerBound + origin.column),
            columns.count * size.channels * bytes, rows.count, stride, stride)
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
        if let other { return copy(region.rows, region.columns, from: other, at: (0, 0), to: target) }
        for row in region.rows {
            (target + row * size.rowCount + region.columns.lowerBound * size.channels).update(
                repeating: .zero, count: region.columns.count * size.channels)
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
