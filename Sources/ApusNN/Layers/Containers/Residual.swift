public import ApusConfiguration
public import ApusTensor

/// A sum of two ways: y = act(body(x) + shortcut(x)); without a shortcut, x itself is added.
///
/// Children are named `body` and `shortcut`; one of a single named layer bears that layer's name. He et al. (2016).
///
/// ```swift
/// let block = Residual(
///     body: Sequential {
///         Conv2D(filters: 32, kernelSize: 3, strides: 2, padding: .same, activation: .relu)
///         Conv2D(filters: 32, kernelSize: 3, padding: .same)
///     },
///     shortcut: Sequential { Conv2D(filters: 32, kernelSize: 1, strides: 2) },
///     activation: .relu)   // [16, 16, 16] → [8, 8, 32]
/// ```
public struct Residual: Layer, Configurable {
    /// The layers of the main way.
    public var body: Sequential
    /// The layers of the direct way; the input itself if `nil`.
    public var shortcut: Sequential?
    /// The function applied to the result.
    public var activation: Activation

    /// The sum of two ways through the network: y = act(body(x) + shortcut(x)).
    ///
    /// - Parameters:
    ///   - body: The layers of the main way.
    ///   - shortcut: The layers of the direct way, where the body changes the shape; the input itself if `nil`.
    ///   - activation: The function applied to the result; none unless given.
    public init(body: Sequential, shortcut: Sequential? = nil, activation: Activation = .linear) {
        self.body = body
        self.shortcut = shortcut
        self.activation = activation
    }

    /// A body whose result is added to the input: y = act(body(x) + x). Both have one shape.
    ///
    /// - Parameters:
    ///   - activation: The function applied to the result; none unless given.
    ///   - body: The layers of the main way, one below the other.
    public init(activation: Activation = .linear, @SequentialBuilder body: () -> [any Layer]) {
        self.init(body: Sequential(body()), activation: activation)
    }

    public static let schema = Schema(
        Residual(body: Sequential([])), .required("body", \.body), .optional("shortcut", \.shortcut),
        .optional("activation", \.activation))

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let y = body(x, in: context.part("body", body))
        let direct = shortcut.map { $0(x, in: context.part("shortcut", $0)) } ?? x
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
