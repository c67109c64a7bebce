import ApusGraph
public import ApusTensor

/// How samples are scaled before a model sees them: y = x · scale + offset.
///
/// There is one factor and offset for all elements, or one for each place of the last axis: the channels of images, the
/// features of tables. A data set only remembers it; the training and inference steps apply it, so that images travel
/// as bytes. Files hold a number, or a list of them.
///
/// Samples of several inputs have a part for each, by name: `Preprocessing(named: ["image": .unitRange])`.
///
/// ```swift
/// let bytes = Preprocessing.unitRange   // x / 255
/// let standard = Preprocessing.standardizing(mean: 2, standardDeviation: 4)
/// print(standard(Values(Tensor([[2.0], [6.0]]))).only.scalars)   // [0.0, 1.0]
/// ```
public struct Preprocessing: Sendable, Hashable {
    /// One factor, or one for each channel.
    public let scales: [Double]
    /// One offset, or one for each channel: as many as factors.
    public let offsets: [Double]
    /// The normalizations of several inputs by their names; empty for that of one.
    public let named: [String: Preprocessing]

    /// One factor and one offset for all elements.
    public init(scale: Double, offset: Double) {
        scales = [scale]
        offsets = [offset]
        named = [:]
    }

    /// A factor and an offset for each channel, or one for all.
    public init(scales: [Double], offsets: [Double]) {
        demand(
            scales.count == offsets.count && !scales.isEmpty,
            "a normalization needs as many offsets as factors, received \(offsets.count) and \(scales.count)")
        self.scales = scales
        self.offsets = offsets
        named = [:]
    }

    /// A normalization for each input by its name; inputs without one stay as they are.
    public init(named parts: [String: Preprocessing]) {
        demand(
            parts.values.allSatisfy(\.named.isEmpty), "the normalization of an input can't have parts of its own")
        scales = [1]
        offsets = [0]
        named = parts
    }

    /// The normalization of an input: its part, or all of it where there are no parts.
    public subscript(input: String) -> Preprocessing { named.isEmpty ? self : named[input] ?? .identity }

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

extension Preprocessing {
    /// Applies to each input its normalization.
    ///
    /// - Returns: `float32` of the same names and shapes. Parts whose names no input has, and one normalization for several
    ///   inputs, make tensors that carry the error.
    public func callAsFunction(_ inputs: Values) -> Values {
        if let problem = problem(for: inputs.names) {
            return inputs.mapValues { _ in Tensor(Node(problem: problem, operation: "normalization")) }
        }
        return Values(inputs.map { ($0.name, self[$0.name]($0.tensor)) })
    }

    /// Why it is no normalization of inputs with these names, if it is none.
    package func problem(for inputs: [String]) -> String? {
        if let unknown = named.keys.sorted().first(where: { !inputs.contains($0) }) {
            return "the normalization has a part for the input \"\(unknown)\", but there are \(inputs.asNames)"
        }
        if named.isEmpty, inputs.count > 1, self != .identity {
            return "the normalization is that of one input, but there are \(inputs.asNames)"
        }
        return nil
    }
}

extension Preprocessing: Codable {
    private enum CodingKeys: String, CodingKey { case scale, offset, inputs }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        if let parts = try container.decodeIfPresent([String: Preprocessing].self, forKey: .inputs) {
            guard parts.values.allSatisfy(\.named.isEmpty) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .inputs, in: container, debugDescription: "expected a scale and an offset for each input")
            }
            self.init(named: parts)
            return
        }
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
        guard named.isEmpty else { return try container.encode(named, forKey: .inputs) }
        try container.encode(ChannelNumbers(scales), forKey: .scale)
        try container.encode(ChannelNumbers(offsets), forKey: .offset)
    }
}
