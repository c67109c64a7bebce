/// In which order the axes of images lie in a graph.
///
/// ```swift
/// let net = Zoo.lenet5.model()
/// let weights = try net.initialized(input: [28, 28, 1], seed: 0)
/// try net.write(onnx: "lenet5.onnx", variables: weights, inputs: Signature([28, 28, 1]), images: .channelsLast)
/// ```
public enum ImageLayout: String, Sendable, Hashable, Codable, CaseIterable {
    /// [N, C, H, W], as in PyTorch and in most files.
    case channelsFirst
    /// [N, H, W, C], as in Apus.
    case channelsLast

    /// The axes of an input or output: those of images in this order, others as they are.
    func axes(_ layout: AxisLayout) -> [[Int]] {
        let natural = layout.natural
        guard self == .channelsFirst, natural.count == 4 else { return natural }
        return [natural[0], natural[3], natural[1], natural[2]]
    }
}
