/// Samples images at transformed places, bilinearly; beyond the image everything is 0.
///
/// Pixels are points: at whole coordinates the sample is the pixel itself, between them it is interpolated, between the
/// outermost pixels and one pixel further it fades to 0. That is `grid_sample` of PyTorch with `zeros` padding, with
/// which torchvision rotates tensors.
///
/// Places are fixed-point numbers of 32 binary digits, so that the next one is one addition away.
struct AffineSampler<P: Pixel> {
    private let size: ImageSize
    /// The image with one row and column of zeros before and two after, so that no neighbour lies outside, and what is loaded with
    /// neighbours neither.
    private let framed: UnsafeMutablePointer<P>
    private let frame: ImageSize
    /// From the first pixel of a row to each: to the right, then down.
    private let distances: UnsafeMutablePointer<Int>

    init(_ size: ImageSize) {
        self.size = size
        frame = ImageSize(height: size.height + 3, width: size.width + 3, channels: size.channels)
        framed = .allocate(capacity: frame.count)
        framed.initialize(repeating: .zero, count: frame.count)
        distances = .allocate(capacity: 2 * size.width)
    }

    func deallocate() {
        framed.deallocate()
        distances.deallocate()
    }

    func sample(_ map: AffineMap, from source: UnsafePointer<P>, to target: UnsafeMutablePointer<P>) {
        for row in 0..<size.height {
            (framed + (row + 1) * frame.rowCount + size.channels).update(
                from: source + row * size.rowCount, count: size.rowCount)
        }
        let (middleX, middleY) = (Double(size.width - 1) / 2, Double(size.height - 1) / 2)
        let (dx, dy) = (Fixed.number(map.xx), Fixed.number(map.yx))
        let (nextX, nextY) = (Fixed.number(map.xy), Fixed.number(map.yy))
        for column in 0..<size.width {
            distances[column] = column &* dx
            distances[size.width &+ column] = column &* dy
        }
        // In coordinates of the frame, which begins one pixel before the image.
        var line = Line(
            x: Fixed.number(map.x0 - map.xx * middleX - map.xy * middleY + middleX + 1) &+ P.placeRounding,
            y: Fixed.number(map.y0 - map.yx * middleX - map.yy * middleY + middleY + 1) &+ P.placeRounding,
            dx: dx, dy: dy)
        for row in 0..<size.height {
            defer {
                line.x &+= nextX
                line.y &+= nextY
            }
            let to = target + row * size.rowCount
            let inside = Fixed.steps(line.x, line.dx, below: size.width + 1, count: size.width)
                .clamped(to: Fixed.steps(line.y, line.dy, below: size.height + 1, count: size.width))
            to.update(repeating: .zero, count: inside.lowerBound * size.channels)
            switch size.channels {
            case 1: sample(line, inside, channels: 1, to: to)
            case 3: sample(line, inside, channels: 3, to: to)
            default: sample(line, inside, channels: size.channels, to: to)
            }
            (to + inside.upperBound * size.channels).update(
                repeating: .zero, count: (size.width - inside.upperBound) * size.channels)
        }
    }

    /// Where the pixels of a row come from: the first, and how far it is to the next.
    private struct Line {
        var (x, y): (Int, Int)
        let (dx, dy): (Int, Int)
    }

    @inline(__always) private func sample(
        _ line: Line, _ columns: Range<Int>, channels: Int, to target: UnsafeMutablePointer<P>
    ) {
        let framed = UnsafePointer(framed)
        let next = frame.width &* channels
        if channels == 1,
            P.sampleRow(
                target + columns.lowerBound, framed, stride: next, x: line.x, y: line.y,
                dx: distances + columns.lowerBound, dy: distances + size.width + columns.lowerBound,
                count: columns.count)
        {
            return
        }
        var x = line.x &+ columns.lowerBound &* line.dx
        var y = line.y &+ columns.lowerBound &* line.dy
        var target = target + columns.lowerBound &* channels
        for _ in columns {
            let corner = framed + ((y >> Fixed.digits) &* next &+ (x >> Fixed.digits) &* channels)
            for channel in 0..<channels {
                target[channel] = P.interpolated(
                    corner[channel], corner[channel &+ channels], corner[channel &+ next],
                    corner[channel &+ next &+ channels], x: x, y: y)
            }
            target += channels
            x &+= line.dx
            y &+= line.dy
        }
    }
}

/// Numbers with 32 binary digits after the point.
enum Fixed {
    static let digits = 32

    /// The nearest number; places far beyond any image stay there.
    static func number(_ value: Double) -> Int { Int((min(max(value, -1e6), 1e6) * 0x1p32).rounded()) }

    /// The numbers n of 0..<count for which 0 ≤ start + n · step < limit.
    static func steps(_ start: Int, _ step: Int, below limit: Int, count: Int) -> Range<Int> {
        let limit = limit << digits
        // Most rows lie inside as a whole.
        let last = start &+ (count &- 1) &* step
        if start >= 0, last >= 0, start < limit, last < limit { return 0..<count }
        if step == 0 { return (0..<limit).contains(start) ? 0..<count : 0..<0 }
        if step < 0 {
            // The same steps in the other direction.
            let mirrored = steps(start + (count - 1) * step, -step, below: limit >> digits, count: count)
            return mirrored.isEmpty ? 0..<0 : count - mirrored.upperBound..<count - mirrored.lowerBound
        }
        func reaching(_ distance: Int) -> Int { distance <= 0 ? 0 : min(count, (distance - 1) / step + 1) }
        let first = reaching(-start)
        return first..<max(first, reaching(limit - start))
    }
}
