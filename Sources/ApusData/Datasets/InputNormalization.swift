public import ApusTensor

/// How samples are scaled before a model sees them: y = x · scale + offset.
///
/// A data set only remembers it; the training and inference steps apply it, so that images travel as bytes.
public struct InputNormalization: Sendable, Hashable, Codable {
    public var scale: Double
    public var offset: Double

    public init(scale: Double, offset: Double) {
        self.scale = scale
        self.offset = offset
    }

    /// Samples as they are: y = x.
    public static let identity = InputNormalization(scale: 1, offset: 0)

    /// Bytes to the unit range: y = x / 255.
    public static let unitRange = InputNormalization(scale: 1 / 255, offset: 0)

    /// Mean 0 and variance 1: y = (x − mean) / standardDeviation.
    ///
    /// Mean and deviation are those of the samples as stored, 0…255 for images of bytes.
    public static func standardizing(mean: Double, standardDeviation: Double) -> InputNormalization {
        precondition(
            standardDeviation > 0 && standardDeviation.isFinite && mean.isFinite,
            "standardizing needs a finite mean and a positive standard deviation, received \(mean) and "
                + "\(standardDeviation)")
        return InputNormalization(scale: 1 / standardDeviation, offset: -mean / standardDeviation)
    }

    /// Applies the normalization to samples of any shape and element type.
    ///
    /// - Returns: y = x · scale + offset as `float32`, shape as before.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        var y = x.cast(to: .float32)
        if scale != 1 { y = y * scale }
        if offset != 0 { y = y + offset }
        return y
    }
}
