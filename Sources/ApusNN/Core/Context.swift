import ApusGraph
public import ApusTensor

/// What a layer may know besides its input: its path, the mode, its random stream and its variables.
///
/// A context exists only while a model is being traced.
///
/// ```swift
/// struct Scale: Layer {
///     func output(for x: Tensor, in context: Context) -> Tensor {
///         guard context.expect(x.rank == 2, "expected [N, C] but received \(x.shape)") else { return x }
///         let factor = context.parameter("factor", shape: [x.shape[-1]], initializer: .ones)
///         return Dense(x.shape[-1])(x * factor, in: context["inner"])
///     }
/// }
/// ```
public struct Context {
    /// Where in the model the layer is: `0.conv2D`, `block1/conv1`; empty for the model itself.
    public let path: String
    let trace: Trace
    let use: Use
    /// Which entries of the sequences around count, bool [N, T]: see `mask(for:)`.
    var mask: Tensor?

    /// Which layers may be called in a context.
    enum Use {
        /// Those inside the layer that is being called, which is number `call` of the open ones; several of them are numbered.
        case own(call: Int)
        /// One.
        case single
        /// As many as there are calls, all with the same weights.
        case shared
        /// Those of a part without a name of its own: it stands where the layer around it does.
        case nameless
    }

    /// Whether the model learns or predicts.
    ///
    /// A model that asks can't be called without saying it: see `applied(to:with:mode:key:)`.
    public var mode: Mode {
        trace.note(.asksForTheMode, at: path)
        return trace.mode
    }

    /// The context of one inner layer.
    ///
    /// A second layer in it is an error: give it a name of its own, or share the weights with `shared`.
    public subscript(name: String) -> Context {
        if case .shared = use { return shared(name) }
        return Context(path: joined(name), trace: trace, use: .single, mask: mask)
    }

    /// A context in which layers may be called again, with the same weights: `let tower = context.shared("tower")`.
    public func shared(_ name: String) -> Context {
        Context(path: joined(name), trace: trace, use: .shared, mask: mask)
    }

    /// The context of a part that has no name of its own: its layers stand directly below the layer around it.
    var nameless: Context { Context(path: path, trace: trace, use: .nameless, mask: mask) }

    /// The context of a part of a layer: one of a single named layer bears that name in place of the usual one.
    func part(_ name: String, _ layers: Sequential) -> Context {
        layers.bearsItsOwnName ? nameless : self[name]
    }

    /// The context of the whole model.
    var root: Context { Context(path: "", trace: trace, use: .single, mask: mask) }

    /// The path of something in this context.
    func joined(_ name: String) -> String { path.isEmpty ? name : "\(path)/\(name)" }

    /// Which entries of a sequence [N, T, ...] count, bool [N, T]; `nil` where all do.
    ///
    /// Inside of a `Sequential`, an `Embedding` with `padding` says it to the layers behind it, as long as the two axes stay: recurrent layers pass
    /// over the others, attention does not see them, pooling leaves them out.
    public func mask(for x: Tensor) -> Tensor? {
        guard let mask, x.rank >= 3, mask.shape.dimensions == Array(x.shape.dimensions[..<2]) else { return nil }
        return mask
    }

    // MARK: Problems

    /// Reports a problem of the layer unless the condition holds; the rest of the model is checked all the same.
    ///
    /// The layer's output is of no use then, but its computation continues unless it returns.
    ///
    /// - Returns: Whether the condition holds.
    @discardableResult
    public func expect(_ condition: Bool, _ message: @autoclosure () -> String) -> Bool {
        if !condition { trace.report(message()) }
        return condition
    }
}

extension Tensor {
    /// A tensor in place of one that can't be computed: it carries a problem that names the layers around it.
    public static func invalid(_ message: String) -> Tensor {
        Tensor(Node(problem: message, operation: "invalid"))
    }
}
