public import ApusConfiguration
public import ApusTensor

/// A value that describes a computation; it holds no weights.
///
/// A layer is called while a graph is traced: it asks the context for its variables by name and returns an expression. The same
/// definition serves shape inference, the summary, training and inference. Layers nest: give each inner layer a context of its own,
/// `inner(x, in: context["name"])`.
public protocol Layer: Sendable, Hashable, Codable {
    /// The output for a batch x, [N, ...]; what does not fit makes a tensor that carries the error.
    func callAsFunction(_ x: Tensor, in context: Context) -> Tensor

    /// The name of the type in files and paths: `conv2D`, `dense`.
    static var kind: String { get }

    /// The layer with every layer inside it, and then itself, rewritten.
    ///
    /// Names stay: `transform` receives the layer that a `Named` holds, never the `Named`.
    func mapLayers(_ transform: (any Layer) throws -> any Layer) rethrows -> any Layer
}

extension Layer {
    /// The type's name with small first letters: `Conv2D` → `conv2D`, `RMSNorm` → `rmsNorm`.
    public static var kind: String { Names.kind(of: Self.self) }

    /// The layer's type as experiments and paths spell it.
    public var kind: String { Self.kind }

    /// For a layer that holds no others: itself rewritten.
    public func mapLayers(_ transform: (any Layer) throws -> any Layer) rethrows -> any Layer { try transform(self) }
}

extension Layer where Self: Configurable {
    // Both protocols know the name.
    public static var kind: String { Names.kind(of: Self.self) }
}

/// A layer that holds others, which say more of themselves than it does of them.
protocol Container {
    /// What messages and tables call it.
    var label: String { get }
}

extension Layer {
    /// The layer in messages and tables.
    package var label: String { (self as? any Container)?.label ?? "\(self)" }
}

/// Whether a model learns or predicts: dropout and normalization differ.
public enum Mode: String, Sendable, Hashable, Codable {
    case training, inference
}
