import ApusGraph
public import ApusTensor
import Foundation

/// Histograms of oriented gradients of images: how strongly edges of each direction run through each cell.
///
/// A cell's histogram is the mean length of the gradients of its pixels whose direction, from 0° to 180°, is in each bin; of several
/// channels the one with the longest gradient counts. Blocks of cells overlap; each is divided by its norm, cut at 0.2, and divided again
/// (L2-Hys). Dalal and Triggs, *Histograms of Oriented Gradients for Human Detection* (2005); numbers as in scikit-image's `hog`.
///
/// ```swift
/// let images = Tensor.uniform([10, 28, 28, 1], key: RandomKey(seed: 1))
/// let hog = HOG(cell: 4, block: 2)
/// print(try hog(images).shape)   // [10, 1296]: 6 · 6 blocks of 2 · 2 cells with 9 directions
/// ```
public struct HOG: Sendable, Hashable {
    /// The number of bins of directions.
    public var orientations: Int
    /// The pixels of a cell in each direction.
    public var cell: Int
    /// The cells of a block in each direction.
    public var block: Int

    /// Creates a value; arguments set the properties of their names.
    public init(orientations: Int = 9, cell: Int = 8, block: Int = 3) {
        self.orientations = orientations
        self.cell = cell
        self.block = block
    }

    /// The numbers of an image of so many pixels.
    ///
    /// - Throws: `DatasetError` for settings below 1, and for images that have no whole block.
    public func count(height: Int, width: Int) throws(DatasetError) -> Int {
        guard orientations >= 1, cell >= 1, block >= 1 else {
            throw DatasetError(
                .impossible, "histograms of gradients can't be taken with these settings",
                expected: "at least 1 direction, and 1 pixel a cell and cell a block",
                received: "orientations \(orientations), cell \(cell), block \(block)", remedy: "Give numbers above 0.")
        }
        let rows = height / cell - block + 1
        let columns = width / cell - block + 1
        guard rows >= 1, columns >= 1 else {
            throw DatasetError(
                .impossible, "no block of histograms of gradients fits into the images",
                expected: "images of at least \(block * cell) · \(block * cell) pixels",
                received: "\(height) · \(width)", remedy: "Take smaller cells or blocks.")
        }
        return rows * columns * block * block * orientations
    }

    /// The histograms of images [N, H, W, C] of any numbers, one row an image: [N, features].
    ///
    /// - Throws: `DatasetError` for tensors that are no images, and images that have no whole block.
    public func callAsFunction(_ images: Tensor) throws -> Tensor {
        try images.evaluated()
        guard images.rank == 4 else {
            throw DatasetError(
                .impossible, "histograms of gradients are taken of images", expected: "a tensor [N, H, W, C]",
                received: "the shape \(images.shape)", remedy: "Reshape it.")
        }
        let shape = images.shape
        let count = try count(height: shape[1], width: shape[2])
        let pixels = images.cast(to: .float32).scalars
        let size = shape[1] * shape[2] * shape[3]
        var features: [Float] = []
        features.reserveCapacity(shape[0] * count)
        for image in 0..<shape[0] {
            features += histograms(
                Array(pixels[(image * size)..<((image + 1) * size)]), height: shape[1], width: shape[2],
                channels: shape[3])
        }
        return Tensor(features).reshaped(to: [shape[0], count])
    }

    // MARK: One image

    private func histograms(_ pixels: [Float], height: Int, width: Int, channels: Int) -> [Float] {
        let (rows, columns) = (height / cell, width / cell)
        let cells = cells(pixels, height: height, width: width, channels: channels)
        var features: [Float] = []
        for row in 0...(rows - block) {
            for column in 0...(columns - block) {
                var values: [Double] = []
                for inner in row..<(row + block) {
                    let first = (inner * columns + column) * orientations
                    values += cells[first..<(first + block * orientations)]
                }
                features += HOG.normalized(values).map { Float($0) }
            }
        }
        return features
    }

    /// The histogram of each cell, row by row.
    private func cells(_ pixels: [Float], height: Int, width: Int, channels: Int) -> [Double] {
        let (rows, columns) = (height / cell, width / cell)
        var cells = [Double](repeating: 0, count: rows * columns * orientations)
        for y in 0..<(rows * cell) {
            for x in 0..<(columns * cell) {
                let (dx, dy) = gradient(pixels, x, y, height: height, width: width, channels: channels)
                let length = hypot(dx, dy)
                guard length > 0 else { continue }
                var degrees = atan2(dy, dx) * (180 / Double.pi)
                if degrees < 0 { degrees += 180 }
                if degrees >= 180 { degrees -= 180 }
                let bin = min(orientations - 1, Int(degrees / (180 / Double(orientations))))
                cells[((y / cell) * columns + x / cell) * orientations + bin] += length
            }
        }
        return cells.map { $0 / Double(cell * cell) }
    }

    /// The difference of the neighbours on both sides, 0 at the border; that of the channel where it is longest.
    private func gradient(
        _ pixels: [Float], _ x: Int, _ y: Int, height: Int, width: Int, channels: Int
    ) -> (dx: Double, dy: Double) {
        var longest: (dx: Double, dy: Double) = (0, 0)
        for channel in 0..<channels {
            func pixel(_ x: Int, _ y: Int) -> Double { Double(pixels[(y * width + x) * channels + channel]) }
            let dx = x > 0 && x < width - 1 ? pixel(x + 1, y) - pixel(x - 1, y) : 0
            let dy = y > 0 && y < height - 1 ? pixel(x, y + 1) - pixel(x, y - 1) : 0
            if dx * dx + dy * dy > longest.dx * longest.dx + longest.dy * longest.dy { longest = (dx, dy) }
        }
        return longest
    }

    /// v / √(‖v‖² + ε²), cut at 0.2, and that once more without the cut.
    private static func normalized(_ values: [Double]) -> [Double] {
        func divided(_ values: [Double]) -> [Double] {
            let norm = (values.reduce(0) { $0 + $1 * $1 } + 1e-10).squareRoot()
            return values.map { $0 / norm }
        }
        return divided(divided(values).map { min($0, 0.2) })
    }
}

extension Dataset {
    /// The same samples with histograms of oriented gradients, [features], in place of their images.
    ///
    /// They are computed at once, from the images as they are stored: what scaled them does not scale the histograms.
    ///
    /// - Throws: `DatasetError` for data that are no images, and images that have no whole block; the error of a sample that can't be read.
    public func histogramsOfGradients(_ hog: HOG = HOG()) throws -> Dataset {
        guard sampleShape.rank == 3 else {
            throw DatasetError(
                .impossible, "histograms of gradients are taken of images", expected: "samples of the shape [H, W, C]",
                received: "\(sampleShape)", remedy: "Take a data set of images.")
        }
        _ = try hog.count(height: sampleShape[0], width: sampleShape[1])
        let shape = Shape([1] + sampleShape.dimensions)
        var features = try inMemory().map { sample in
            let image = sample.inputs.only.reshaped(to: shape)
            let name = sample.inputs.names[0]
            return Sample(
                inputs: Values([(name, try hog(image).reshaped(to: [-1]))]), targets: sample.targets)
        }
        features.preprocessing = .identity
        return features
    }
}
