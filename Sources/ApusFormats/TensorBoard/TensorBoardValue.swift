/// What TensorBoard shows under a tag at a step.
public enum TensorBoardValue: Sendable, Hashable {
    /// A number; the file holds it as float32. Finite numbers beyond its range become its largest ones; NaN and ∞ stay.
    case scalar(Double)
    case histogram(TensorBoardHistogram)
    /// A text in Markdown.
    case text(String)
    case image(TensorBoardImage)
}

/// Counts of values in neighbouring intervals.
public struct TensorBoardHistogram: Sendable, Hashable {
    /// The least value.
    public var minimum: Double
    /// The largest value.
    public var maximum: Double
    /// The number of values, their sum and the sum of their squares.
    public var count: Double
    /// Σ x
    public var sum: Double
    /// Σ x²
    public var sumOfSquares: Double
    /// The upper end of each interval, rising; the first begins at the minimum.
    public var limits: [Double]
    /// The values in each interval.
    public var counts: [Double]

    public init(
        minimum: Double, maximum: Double, count: Double, sum: Double, sumOfSquares: Double, limits: [Double],
        counts: [Double]
    ) {
        self.minimum = minimum
        self.maximum = maximum
        self.count = count
        self.sum = sum
        self.sumOfSquares = sumOfSquares
        self.limits = limits
        self.counts = counts
    }
}

/// A picture as the bytes of a PNG file.
public struct TensorBoardImage: Sendable, Hashable {
    /// The whole file.
    public var png: [UInt8]
    /// In pixels, as in the file.
    public var height: Int
    /// In pixels, as in the file.
    public var width: Int
    /// 1 for gray, 3 for RGB, 4 for RGB with opacity.
    public var channels: Int

    public init(png: [UInt8], height: Int, width: Int, channels: Int) {
        self.png = png
        self.height = height
        self.width = width
        self.channels = channels
    }

    /// - Throws: `FormatError` if the image is too large for PNG.
    public init(_ image: Image) throws(FormatError) {
        self.init(
            png: try image.encodedPNG(), height: image.height, width: image.width, channels: image.channels)
    }
}
