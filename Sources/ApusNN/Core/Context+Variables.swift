public import ApusGraph
public import ApusTensor

extension Context {
    /// A weight that training adjusts.
    ///
    /// The first trace creates it with the initializer. A second one of this path is an error, unless the layer is called in a
    /// `shared` context: then it is the same weight, and must have the same shape.
    public func parameter(
        _ name: String, shape: Shape, initializer: Initializer, regularizer: Regularizer? = nil,
        constraint: Constraint? = nil
    ) -> Tensor {
        variable(
            name,
            VariableDescription(
                shape: shape, initializer: initializer, isTrainable: true, regularizer: regularizer,
                constraint: constraint))
    }

    /// A value that training carries along without adjusting it, such as a running mean.
    ///
    /// In the second call of a shared layer it is the value that the first call gave it with `update`.
    public func state(_ name: String, shape: Shape, initializer: Initializer) -> Tensor {
        variable(name, VariableDescription(shape: shape, initializer: initializer, isTrainable: false))
    }

    private func variable(_ name: String, _ description: VariableDescription) -> Tensor {
        if description.regularizer != nil { trace.note(.penalizes, at: path) }
        let path = joined(name)
        let isFree = trace.contents.variablePaths.insert(path).inserted
        if case .shared = use { return trace.variable(path, description) }
        guard isFree else {
            return trace.misuse(
                "there is a variable \(path) already; give this one another name, give the inner layer a context of its own, "
                    + "context[\"name\"], or share the weights on purpose with context.shared(\"name\")")
        }
        return trace.variable(path, description)
    }

    /// Gives a state its value after this step, in both modes of a trace; only training steps keep it.
    ///
    /// The state must have been asked for, and the new value must have its shape. A state that is frozen keeps its value.
    public func update(_ name: String, to value: Tensor) {
        trace.note(.updates, at: path)
        trace.update(joined(name), value)
    }

    /// Whether a variable of the layer keeps its value in training, because the optimizer freezes its path.
    ///
    /// What a layer does otherwise in training because its states move, it does as at inference where they are frozen.
    public func isFrozen(_ name: String) -> Bool { trace.isFrozen(joined(name)) }

    /// Adds a penalty to the loss of training: a scalar.
    public func addLoss(_ penalty: Tensor) {
        trace.note(.penalizes, at: path)
        trace.contents.losses.append(penalty)
    }

    /// A layer's output, with its penalty divided by the size of the batch added to the loss.
    func regularized(_ output: Tensor, _ regularizer: Regularizer?) -> Tensor {
        if let regularizer, output.rank > 0 { addLoss(regularizer(output) / Double(Swift.max(1, output.shape[0]))) }
        return output
    }

    /// Whether no other layer shares weights at this path.
    func isFirst(sharing layer: any Layer) -> Bool {
        trace.contents.sharing.updateValue(AnyLayer(layer), forKey: path).map { $0 == AnyLayer(layer) } ?? true
    }
}

/// What is known of a variable before it has a value.
///
/// ```swift
/// let net = Sequential { Dense(8, kernelRegularizer: .l2(1e-4)); BatchNorm() }
/// let variables = try net.initialized(input: [4], seed: 7)
/// for path in variables.paths {
///     guard let description = variables.variable(path)?.description else { continue }
///     print(path, description.shape, description.isTrainable)
/// }
/// ```
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
    /// What the variable is used for; known once a whole model was traced.
    package var form = VariableForm.plain
    /// The kind of the layer whose variable it is; known as well.
    package var layerKind = ""
    /// Where it stands in recurrent layers and attention; known as well.
    package var place: VariablePlace?

    package init(
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
