public import ApusTensor

/// A layer under a name of its own in place of number and kind: `Conv2D(…).named("stem")`.
///
/// In files the name stands beside the kind: `{name: stem, conv2D: {…}}`. With the empty name, a layer that holds others puts
/// them directly below the layer around it.
///
/// ```swift
/// let net = Sequential {
///     Conv2D(filters: 8, kernelSize: 3).named("stem")
///     Flatten()
///     Dense(10).named("head")
/// }
/// print(try net.initialized(input: [8, 8, 1], seed: 0).paths)
/// // ["stem/kernel", "stem/bias", "head/kernel", "head/bias"]
/// ```
public struct Named: Layer {
    /// The name in paths.
    public var name: String
    /// Whether all layers of this name share their weights, wherever in the model they are.
    public var isShared: Bool
    private var content: AnyLayer
    /// The layer that bears the name.
    public var layer: any Layer {
        get { content.layer }
        set { content = AnyLayer(newValue) }
    }

    init(_ name: String, _ layer: any Layer, isShared: Bool) {
        self.name = name
        self.isShared = isShared
        content = AnyLayer(layer)
    }

    public func output(for x: Tensor, in context: Context) -> Tensor {
        let context = isShared ? context.root.shared(name) : context
        var check = Check("name", x)
        check.expect(
            !name.contains("/") && !(isShared && name.isEmpty),
            "a layer's name must have \(isShared ? "letters and " : "")no slash, received \"\(name)\"")
        check.expect(
            !isShared || context.isFirst(sharing: layer),
            "the layers that share the name \(name) differ; shared weights need equal layers")
        guard check.passed else { return check.failure }
        return layer(x, in: context)
    }
}

extension Named: Container {
    var label: String { layer.label }
}

extension Named: CustomStringConvertible {
    public var description: String { "\(layer).\(isShared ? "shared" : "named")(\"\(name)\")" }
}

extension Layer {
    /// The layer under a name of its own: its weights are `name/kernel` in place of `3.conv2D/kernel`.
    ///
    /// With the empty name they stand where those of the layer around it do: `Sequential { … }.named("")` only holds together.
    public func named(_ name: String) -> Named { Named(name, self, isShared: false) }

    /// The layer with weights that all layers shared under this name have in common; the layers must be equal.
    public func shared(_ name: String) -> Named { Named(name, self, isShared: true) }
}
