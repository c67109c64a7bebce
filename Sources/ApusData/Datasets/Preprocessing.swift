import ApusGraph
public import ApusTensor

/// How samples are scaled before a model sees them: y = x · scale + offset.
///
/// There is one factor and offset for all elements, or one for each place of the last axis: the channels of images, the
/// features of tables. A data set only remembers it; the training and inference steps apply it, so that images travel
/// as bytes. Files hold a number, or a list of them.
public struct Preprocessing: Sendable, Hashable {
    /// One factor, or one for each channel.
    public let scales: [Double]
    /// As many offsets.
    public let offsets: [Double]

    /// The same for all elements.
    public init(scale: Double, offset: Double) {
        scales = [scale]
        offsets = [offset]
    }

    /// A factor and an offset for each channel, or one for all.
    public init(scales: [Double], offsets: [Double]) {
        demand(
            scales.count == offsets.count && !scales.isEmpty,
            "a normalization needs as many offsets as factors, received \(offsets.count) and \(scales.count)")
        self.scales = scales
        self.offsets = offsets
    }

    /// Samples as they are: y = x.
    public static let identity = Preprocessing(scale: 1, offset: 0)

    /// Bytes to the unit range: y = x / 255.
    public static let unitRange = Preprocessing(scale: 1 / 255, offset: 0)

    /// Mean 0 and variance 1: y = (x − mean) / standardDeviation.
    ///
    /// Mean and deviation are those of the samples as stored, 0…255 for images of bytes.
    public static func standardizing(mean: Double, standardDeviation: Double) -> Preprocessing {
        demand(
            standardDeviation > 0 && standardDeviation.isFinite && mean.isFinite,
            "standardizing needs a finite mean and a positive standard deviation, received \(mean) and "
                + "\(standardDeviation)")
        return Preprocessing(scale: 1 / standardDeviation, offset: -mean / standardDeviation)
    }

    /// Applies the normalization to samples of any shape and element type.
    ///
    /// - Returns: y = x · scale + offset as `float32`, shape as before. Samples whose last axis has another length than
    ///   there are factors make a tensor that carries the error.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        // What needs more digits than float32 has is scaled before it is rounded.
        let type: ElementType = x.elementType == .float64 ? .float64 : .float32
        var y = x.cast(to: type)
        if scales.count == 1 {
            if scales[0] != 1 { y = y * scales[0] }
            if offsets[0] != 0 { y = y + offsets[0] }
            return y.cast(to: .float32)
        }
        guard x.rank > 0, x.shape[-1] == scales.count else {
            return Tensor(
                Node(
                    problem: "the normalization has \(scales.count) channels but the samples have the shape \(x.shape)",
                    operation: "normalization"))
        }
        func row(_ numbers: [Double]) -> Tensor { Tensor.concatenated(numbers.map { .full([1], $0, type: type) }) }
        if scales.contains(where: { $0 != 1 }) { y = y * row(scales) }
        if offsets.contains(where: { $0 != 0 }) { y = y + row(offsets) }
        return y.cast(to: .float32)
    }
}

extension Preprocessing: Codable {
    private enum CodingKeys: String, CodingKey { case scale, offset }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let scales = try container.decode(ChannelNumbers.self, forKey: .scale).numbers
        let offsets = try container.decode(ChannelNumbers.self, forKey: .offset).numbers
        guard scales.count == offsets.count, !scales.isEmpty else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath,
                    debugDescription: "expected as many offsets as factors, received \(offsets.count) and "
                        + "\(scales.count)"))
        }
        self.init(scales: scales, offsets: offsets)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(ChannelNumbers(scales), forKey: .scale)
        try container.encode(ChannelNumbers(offsets), forKey: .offset)
    }
}
