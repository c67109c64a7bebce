public import ApusGraph
public import ApusTensor

/// What a layer may know besides its input: its path, the mode, its random stream and its variables.
///
/// A context exists only while a model is being traced.
public struct Context {
    /// Where in the model the layer is: `0.conv2D`, `block1/conv1`; empty for the model itself.
    public let path: String
    let trace: Trace

    /// Whether the model learns or predicts.
    public var mode: Mode { trace.mode }

    /// The context of an inner layer.
    public subscript(name: String) -> Context {
        Context(path: joined(name), trace: trace)
    }

    /// The context of the whole model.
    var root: Context { Context(path: "", trace: trace) }

    private func joined(_ name: String) -> String { path.isEmpty ? name : "\(path)/\(name)" }

    // MARK: Variables

    /// A weight that training adjusts.
    ///
    /// The first trace creates it with the initializer. Asking for one path again gives the same weight (that is how weights are
    /// shared); with another shape it is an error.
    public func parameter(
        _ name: String, shape: Shape, initializer: Initializer, regularizer: Regularizer? = nil,
        constraint: Constraint? = nil
    ) -> Tensor {
        trace.variable(
            joined(name),
            VariableDescription(
                shape: shape, initializer: initializer, isTrainable: true, regularizer: regularizer,
                constraint: constraint))
    }

    /// A value that training carries along without adjusting it, such as a running mean.
    ///
    /// After an `update` in the same step it is the new value, so that a layer that is called twice moves its state twice.
    public func state(_ name: String, shape: Shape, initializer: Initializer) -> Tensor {
        trace.variable(
            joined(name), VariableDescription(shape: shape, initializer: initializer, isTrainable: false))
    }

    /// Gives a state its value after this step, in both modes of a trace; only training steps keep it.
    ///
    /// The state must have been asked for, and the new value must have its shape.
    public func update(_ name: String, to value: Tensor) {
        trace.update(joined(name), value)
    }

    /// Adds a penalty to the loss of training: a scalar.
    public func addLoss(_ penalty: Tensor) { trace.losses.append(penalty) }

    /// A layer's output, with its penalty divided by the size of the batch added to the loss.
    func regularized(_ output: Tensor, _ regularizer: Regularizer?) -> Tensor {
        if let regularizer, output.rank > 0 { addLoss(regularizer(output) / Double(Swift.max(1, output.shape[0]))) }
        return output
    }

    /// Whether no other layer shares weights at this path.
    func isFirst(sharing layer: any Layer) -> Bool {
        trace.sharing.updateValue(AnyLayer(layer), forKey: path).map { $0 == AnyLayer(layer) } ?? true
    }

    // MARK: Randomness

    /// `true` with the given probability, drawn anew in every step from the layer's own stream.
    public func bernoulli(_ shape: Shape, probability: Double) -> Tensor {
        random(.bernoulli(probability: probability), shape, .bool)
    }

    /// Normally distributed numbers, drawn anew in every step from the layer's own stream.
    public func normal(_ shape: Shape, mean: Double = 0, standardDeviation: Double = 1) -> Tensor {
        random(.normal(mean: mean, standardDeviation: standardDeviation), shape, .float32)
    }

    private func random(_ distribution: RandomDistribution, _ shape: Shape, _ type: ElementType) -> Tensor {
        let stream = RandomKey.stream(trace.nextStream(path))
        return Tensor(.random(distribution, stream: stream, TensorType(shape, type)), [trace.key.node])
    }

    // MARK: Layers

    /// Calls a layer in this context, named in error messages and in the summary: `context["conv1"](conv, x)`.
    ///
    /// The layers of the framework name themselves, so `conv(x, in: context["conv1"])` does the same with them.
    public func callAsFunction(_ layer: some Layer, _ x: Tensor) -> Tensor {
        entering(layer, x) { layer(x, in: self) }
    }

    /// Runs a layer's computation under its name, unless the caller does so already.
    func entering<L: Layer>(_ layer: L, _ x: Tensor, _ body: () -> Tensor) -> Tensor {
        if let open = trace.open.last, open.path == path, open.layer as? L == layer { return body() }
        trace.open.append((path, layer))
        let scope = TraceScope.current + ["\(path.isEmpty ? layer.kind : path) (\(layer.label))"]
        let output = TraceScope.$current.withValue(scope, operation: body)
        trace.records.append(
            LayerRecord(path: path, layer: layer, input: x, depth: trace.open.count, output: output))
        trace.open.removeLast()
        return output
    }
}

/// What is known of a variable before it has a value.
public struct VariableDescription: Hashable, Sendable {
    /// The shape of the value, which is float32.
    public var shape: Shape
    /// The start values.
    public var initializer: Initializer
    /// Whether training adjusts it: a parameter, not a state.
    public var isTrainable: Bool
    /// A penalty on the weights.
    public var regularizer: Regularizer?
    /// A set that the weights are kept in.
    public var constraint: Constraint?

    init(
        shape: Shape, initializer: Initializer, isTrainable: Bool, regularizer: Regularizer? = nil,
        constraint: Constraint? = nil
    ) {
        self.shape = shape
        self.initializer = initializer
        self.isTrainable = isTrainable
        self.regularizer = regularizer
        self.constraint = constraint
    }
}

/// One call of a layer during a trace.
package struct LayerRecord {
    package let path: String
    package let layer: any Layer
    package let input: Tensor
    /// How many layers are around this one, itself included.
    package let depth: Int
    package let output: Tensor
}
