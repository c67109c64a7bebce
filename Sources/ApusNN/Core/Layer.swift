public import ApusTensor

/// A model of one tensor, what stands in a `Sequential`; it holds no weights.
///
/// A layer is called while a graph is traced: it asks the context for its variables by name and returns an expression. The same
/// definition serves shape inference, the summary, training and inference. A custom layer implements `output(for:in:)` and calls
/// the layers inside it like functions, each in a context of its own: `inner(x, in: context["name"])`.
/// Several that are called in the layer's own context are numbered as in a `Sequential`, `0.dense`, `1.dense`; a single one has the
/// layer's path.
///
/// ```swift
/// struct Highway: Layer {
///     func output(for x: Tensor, in context: Context) -> Tensor {
///         let gate = Dense(x.shape[-1], activation: .sigmoid)(x, in: context["gate"])
///         return gate * Dense(x.shape[-1], activation: .relu)(x, in: context["h"]) + (1 - gate) * x
///     }
/// }
/// let net = Sequential { Highway(); Dense(2) }
/// ```
public protocol Layer: Model {
    /// The output for a batch x, [N, ...]; what does not fit makes a tensor that carries the error.
    ///
    /// Layers are called with `layer(x, in: context)`, which names the layer in error messages and notes the call for the summary.
    func output(for x: Tensor, in context: Context) -> Tensor
}

extension Layer {
    /// The one output for the one input.
    public func outputs(for inputs: Values, in context: Context) -> Values {
        Values(output(for: inputs.only, in: context))
    }

    /// Calls the layer for a batch x, [N, ...].
    ///
    /// Errors name the layer, and the summary has a row for it. A layer whose input is broken already is not run, unless it is a
    /// container, whose other layers may have problems of their own.
    public func callAsFunction(_ x: Tensor, in context: Context) -> Tensor { context.call(self, Values(x)).only }
}

/// A layer whose configuration and input are checked before it computes its output.
protocol CheckedLayer: Layer {
    /// Collects what is wrong with the layer and its input x.
    func check(_ check: inout Check, _ x: Tensor)
}

/// A layer that holds others, which say more of themselves than it does of them.
protocol Container {
    /// What messages and tables call it.
    var label: String { get }
}

/// Whether a model learns or predicts: dropout and normalization differ.
///
/// ```swift
/// let net = Sequential { Dropout(0.5) }
/// let weights = try net.initialized(input: [6], seed: 0)
/// let x = Tensor.ones([1, 6])
/// // [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
/// print(net.applied(to: x, with: weights, mode: .inference).output.scalars)
/// let trained = net.applied(to: x, with: weights, mode: .training, key: RandomKey(seed: 1)).output
/// print(trained.scalars)  // some are 0, the others 2
/// ```
public enum Mode: String, Sendable, Hashable, Codable {
    /// The model learns.
    case training
    /// The model predicts.
    case inference
}
