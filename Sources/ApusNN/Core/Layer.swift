public import ApusTensor

/// A value that describes a computation; it holds no weights.
///
/// A layer is called while a graph is traced: it asks the context for its variables by name and returns an expression. The same
/// definition serves shape inference, the summary, training and inference. Layers nest: give each inner layer a context of its own,
/// `inner(x, in: context["name"])`.
public protocol Layer: Sendable, Hashable, Codable {
    func callAsFunction(_ x: Tensor, in context: Context) -> Tensor
}

extension Layer {
    /// The layer's type as experiments and paths spell it: `conv2D`, `dense`.
    public var kind: String { Self.kind }

    /// The type's name with a small first letter.
    public static var kind: String {
        let name = String(describing: Self.self)
        let capitals = name.prefix { $0.isUppercase }
        // `MaxPool2D` → `maxPool2D`, `ReLU` → `reLU`; a name in capitals alone becomes small.
        return capitals.count == name.count ? name.lowercased() : name.prefix(1).lowercased() + name.dropFirst()
    }
}

/// Whether a model learns or predicts: dropout and normalization differ.
public enum Mode: String, Sendable, Hashable, Codable {
    case training, inference
}
