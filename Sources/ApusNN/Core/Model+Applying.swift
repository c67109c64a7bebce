import ApusGraph
public import ApusTensor

/// What one pass through a model yields.
///
/// ```swift
/// let net = Sequential { Dense(4, kernelRegularizer: .l2(0.01)); BatchNorm() }
/// let weights = try net.initialized(input: [3], seed: 0)
/// let result = net.applied(to: Tensor.ones([8, 3]), with: weights, mode: .training)
/// print(result.output.shape, result.penalty.item(), result.states.paths)
/// ```
public struct ModelResult: Sendable {
    /// What the model yields, by name.
    public var outputs: Values
    /// The states after the pass, such as running means, by path: `weights.merge(result.states)`. Empty at inference.
    public var states: Variables
    /// What regularizers and layers add to the loss: a scalar.
    public var penalty: Tensor

    /// The output of a model of one tensor.
    public var output: Tensor { outputs.only }
}

extension ModelResult: TensorTree {
    /// The names of outputs and states.
    public struct Structure: Hashable, Sendable {
        fileprivate let outputs: Values.Structure
        fileprivate let states: Variables.Structure
    }

    public var structure: Structure { Structure(outputs: outputs.structure, states: states.structure) }
    public var leaves: [Tensor] { outputs.leaves + states.leaves + [penalty] }

    public init(structure: Structure, leaves: inout ArraySlice<Tensor>) {
        outputs = Values(structure: structure.outputs, leaves: &leaves)
        states = Variables(structure: structure.states, leaves: &leaves)
        penalty = leaves.removeFirst()
    }
}

// A model as a function of its variables: tensors in, tensors out, in any expression, in `compile` and in `valueAndGradient`.

extension Model {
    /// One pass through the model with given variables.
    ///
    /// - Parameters:
    ///   - inputs: By name, each [N, ...]; with the shapes for which the variables were made.
    ///   - variables: The weights and running values, as `initialized` or training gave them.
    ///   - mode: Whether the model learns or predicts.
    ///   - key: The source of the pass's random numbers. A model that draws some, such as one with dropout in training, needs
    ///     one, and another one for each pass.
    /// - Returns: Outputs, states and penalty; tensors that carry the error where the model does not fit inputs and variables.
    public func applied(
        to inputs: Values, with variables: Variables, mode: Mode, key: RandomKey? = nil
    ) -> ModelResult {
        let traced = TracedModel(self, inputs, variables, mode, key)
        var problems = traced.problems(lacking: variables)
        if key == nil, let place = traced.differences.first(where: { $0.what == .draws }) {
            problems.append(
                traced.problem(
                    place, "give applied(to:with:mode:key:) a key, and another one for each pass: keys.next()"))
        }
        guard problems.isEmpty else {
            let failure = Tensor(Node(problems: problems))
            return ModelResult(outputs: Values(failing: failure), states: Variables(), penalty: failure)
        }
        var states = Variables()
        for (path, value) in traced.updates.sorted(by: { $0.key < $1.key }) where mode == .training {
            states.set(path, Variables.Variable(value: value, description: variables.variable(path)!.description))
        }
        return ModelResult(
            outputs: traced.outputs, states: states, penalty: traced.penalties.reduce(Tensor.zeros([]), +))
    }

    /// The outputs of a model that is the same in training and at inference.
    ///
    /// Where a layer is not, as dropout, normalizations with running values and regularized weights, the outputs carry an error that
    /// names it: `applied(to:with:mode:key:)` says what is meant.
    public func callAsFunction(_ inputs: Values, _ variables: Variables) -> Values {
        let traced = TracedModel(self, inputs, variables, .inference, nil)
        let problems =
            traced.problems(lacking: variables)
            + traced.differences.prefix(1).map {
                traced.problem(
                    $0, "call applied(to:with:mode:key:) instead of the model, which says whether it learns or predicts"
                )
            }
        return problems.isEmpty ? traced.outputs : Values(failing: Tensor(Node(problems: problems)))
    }
}

extension Layer {
    /// One pass through the layer with given variables.
    ///
    /// - Parameters:
    ///   - x: [N, ...], with the shape for which the variables were made.
    ///   - variables: The weights and running values, as `initialized` or training gave them.
    ///   - mode: Whether the layer learns or predicts.
    ///   - key: The source of the pass's random numbers. A layer that draws some, such as dropout in training, needs one, and
    ///     another one for each pass.
    /// - Returns: Output, states and penalty; tensors that carry the error where the layer does not fit input and variables.
    public func applied(to x: Tensor, with variables: Variables, mode: Mode, key: RandomKey? = nil) -> ModelResult {
        applied(to: Values(x), with: variables, mode: mode, key: key)
    }

    /// The output of a layer that is the same in training and at inference: `net(x, weights)`.
    ///
    /// Where a layer is not, as dropout, normalizations with running values and regularized weights, the output carries an error that
    /// names it: `applied(to:with:mode:key:)` says what is meant.
    public func callAsFunction(_ x: Tensor, _ variables: Variables) -> Tensor { self(Values(x), variables).only }
}

extension TracedModel {
    /// A pass that predicts, and its failure where the model does not fit inputs and variables.
    static func predicting(
        _ model: some Model, _ inputs: Values, _ variables: Variables
    ) -> (traced: TracedModel, failure: Tensor?) {
        let traced = TracedModel(model, inputs, variables, .inference, nil)
        let problems = traced.problems(lacking: variables)
        return (traced, problems.isEmpty ? nil : Tensor(Node(problems: problems)))
    }

    fileprivate init(
        _ model: some Model, _ inputs: Values, _ variables: Variables, _ mode: Mode, _ key: RandomKey?
    ) {
        let values = Dictionary(uniqueKeysWithValues: variables.paths.map { ($0, variables[$0]!) })
        self.init(
            mode: mode, key: key ?? RandomKey(seed: 0), variables: values, precision: NumericPrecision.current
        ) {
            model(inputs, in: $0)
        }
    }

    /// What is wrong with the pass, and with the variables.
    fileprivate func problems(lacking variables: Variables) -> [GraphProblem] {
        problems
            + missing.map { path, description in
                GraphProblem(
                    scope: [], operation: "parameter",
                    message: "the model asks for the variable \(path) \(description.shape), which it was not given")
            }
    }

    /// A problem of a place that is another one in training.
    fileprivate func problem(_ difference: (path: String, what: TrainingDifference), _ remedy: String) -> GraphProblem {
        let record = records.first { $0.path == difference.path }
        let name = difference.path.isEmpty ? "the model" : difference.path
        return GraphProblem(
            scope: [], operation: record?.layer.kind ?? "model",
            message: "\(name)\(record.map { " (\($0.layer.label))" } ?? "") \(difference.what.rawValue); \(remedy)")
    }
}
