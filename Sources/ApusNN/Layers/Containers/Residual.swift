public import ApusConfiguration
public import ApusTensor

/// A sum of two ways: y = act(body(x) + shortcut(x)); without a shortcut, x itself is added.
///
/// Children are named `body` and `shortcut`. He et al. (2016).
public struct Residual: Layer, Configurable {
    /// The layers of the main way.
    public var body: Sequential
    /// The layers of the direct way; the input itself if `nil`.
    public var shortcut: Sequential?
    /// The function applied to the result.
    public var activation: Activation

    /// Creates the layer; arguments set the properties of their names.
    public init(body: Sequential, shortcut: Sequential? = nil, activation: Activation = .linear) {
        self.body = body
        self.shortcut = shortcut
        self.activation = activation
    }

    /// A body whose shortcut is the input itself.
    public init(activation: Activation = .linear, @SequentialBuilder body: () -> [any Layer]) {
        self.init(body: Sequential(body()), activation: activation)
    }

    public static let schema = Schema(
        Residual(body: Sequential([])), .required("body", \.body), .optional("shortcut", \.shortcut),
        .optional("activation", \.activation))

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let y = body(x, in: context["body"])
        let direct = shortcut?(x, in: context["shortcut"]) ?? x
        var check = Check(kind, y)
        check.expectInput(
            direct.shape == y.shape || !direct.problems.isEmpty,
            "the body yields shape \(y.shape) but the shortcut \(direct.shape); they must be equal: give the shortcut a "
                + "convolution or dense layer that makes them so")
        guard check.passed else { return Tensor.failing(check.failure, direct) }
        return activation(y + direct)
    }
}

extension Residual: Container {
    var label: String { "Residual" }
}
