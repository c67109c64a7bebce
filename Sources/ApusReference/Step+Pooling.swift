import ApusBackend
import ApusGraph

/// One position of a pooling window.
private struct Window {
    /// Where the result is in [N, H', W', C].
    var output: Int
    /// The cells inside the image, as positions in [N, H, W, C], row by row.
    var cells: [Int]
    /// The number of cells inside the image and its padding.
    var paddedCount: Int
}

extension Step {
    /// Every window over an image x whose results form y.
    private func windows(_ geometry: PoolGeometry, _ x: Shape, _ y: Shape) -> [Window] {
        let (window, strides, padding) = (geometry.window, geometry.strides, geometry.padding)
        return y.allIndices.enumerated().map { output, index in
            let top = index[1] * strides.height - padding.top
            let left = index[2] * strides.width - padding.left
            var cells: [Int] = []
            var paddedCount = 0
            for row in top..<(top + window.height) where row < x[1] + padding.bottom {
                for column in left..<(left + window.width) where column < x[2] + padding.right {
                    paddedCount += 1
                    if (0..<x[1]).contains(row), (0..<x[2]).contains(column) {
                        cells.append(((index[0] * x[1] + row) * x[2] + column) * x[3] + index[3])
                    }
                }
            }
            return Window(output: output, cells: cells, paddedCount: paddedCount)
        }
    }

    /// The cell of the first maximum; NaN is greater than any number. `nil` for a window without cells.
    private func firstMaximum(_ cells: [Int], of x: [Double]) -> Int? {
        var best: Int?
        for cell in cells {
            guard let current = best else {
                best = cell
                continue
            }
            if !x[current].isNaN, x[cell].isNaN || x[cell] > x[current] { best = cell }
        }
        return best
    }

    func maxPool(_ geometry: PoolGeometry) -> [Double] {
        let x = operands[0]
        return windows(geometry, x.shape, shape).map { window in
            firstMaximum(window.cells, of: x.values).map { x.values[$0] } ?? -.infinity
        }
    }

    func maxPoolGradient(_ geometry: PoolGeometry) -> [Double] {
        let (x, gradient) = (operands[0], operands[1])
        var result = Array(repeating: 0.0, count: shape.count)
        for window in windows(geometry, x.shape, gradient.shape) {
            if let cell = firstMaximum(window.cells, of: x.values) { result[cell] += gradient.values[window.output] }
        }
        return result
    }

    func maxPoolSelect(_ geometry: PoolGeometry) -> [Double] {
        let (x, values) = (operands[0], operands[1].values)
        return windows(geometry, x.shape, shape).map { window in
            firstMaximum(window.cells, of: x.values).map { values[$0] } ?? 0
        }
    }

    /// What a window's sum is divided by: its cells inside the image, or also those in the padding; never the cells
    /// that only rounding up adds.
    private func divisor(_ geometry: PoolGeometry, _ window: Window) -> Double {
        Double(geometry.countsPadding ? window.paddedCount : window.cells.count)
    }

    func averagePool(_ geometry: PoolGeometry) -> [Double] {
        let x = operands[0]
        return windows(geometry, x.shape, shape).map { window in
            window.cells.reduce(0) { $0 + x.values[$1] } / divisor(geometry, window)
        }
    }

    func averagePoolGradient(_ geometry: PoolGeometry) -> [Double] {
        let gradient = operands[0]
        var result = Array(repeating: 0.0, count: shape.count)
        for window in windows(geometry, shape, gradient.shape) {
            let share = gradient.values[window.output] / divisor(geometry, window)
            for cell in window.cells { result[cell] += share }
        }
        return result
    }
}
