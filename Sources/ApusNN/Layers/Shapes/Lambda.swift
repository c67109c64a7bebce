public import ApusTensor

/// A layer that is a function: `Lambda("square") { x in x * x }`.
///
/// It has no weights. Layers of one name are taken for equal; files don't know it: a struct that conforms to `Layer` has weights, and
/// can be registered.
///
/// ```swift
/// let net = Sequential {
///     Lambda("logarithm") { x in log(1 + x) }
///     Dense(1)
/// }
/// ```
public struct Lambda: Layer {
    /// What the layer is called in messages.
    public let name: String
    private let function: @Sendable (Tensor, Context) -> Tensor

    /// A layer that computes a function of its input x, [N, ...].
    public init(_ name: String, _ function: @escaping @Sendable (_ x: Tensor) -> Tensor) {
        self.init(name) { x, _ in function(x) }
    }

    /// A layer that computes a function of its input and its context, which gives random numbers and says whether the model learns.
    public init(_ name: String, _ function: @escaping @Sendable (_ x: Tensor, _ context: Context) -> Tensor) {
        self.name = name
        self.function = function
    }

    public func output(for x: Tensor, in context: Context) -> Tensor { function(x, context) }

    public static func == (a: Lambda, b: Lambda) -> Bool { a.name == b.name }
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

extension Lambda: CustomStringConvertible {
    public var description: String { "Lambda(\"\(name)\")" }
}
