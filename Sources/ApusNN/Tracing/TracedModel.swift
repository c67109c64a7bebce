package import ApusGraph
package import ApusTensor

/// One pass through a model: what it yields for an input, and all that its layers asked for and reported on the way.
///
/// Every program that contains a model begins here: training, inference, summaries, probes, gradient checks.
package struct TracedModel {
    /// The key of random numbers: int64 [2], seed and step.
    package let key: Tensor
    /// What the model yields; bfloat16 becomes float32, so that losses and metrics do not round.
    package let outputs: Values
    let trace: Trace
    private let given: Set<String>

    /// - Parameters:
    ///   - key: int64 [2], seed and step.
    ///   - variables: The variables that exist; for others placeholders are made.
    ///   - precision: In which the products of the model are computed.
    ///   - isFrozen: Which variables keep their values in training, by path: states among them are not updated.
    ///   - memory: How sequences are read token by token; whole ones are read if `nil`.
    package init(
        _ model: some Model, _ inputs: Values, mode: Mode, key: Tensor, variables: [String: Tensor] = [:],
        precision: NumericPrecision = .float32, isFrozen: @escaping (String) -> Bool = { _ in false },
        memory: TokenMemory? = nil
    ) {
        self.init(
            mode: mode, key: RandomKey(key, stream: 0), variables: variables, precision: precision, isFrozen: isFrozen,
            memory: memory
        ) {
            model(inputs, in: $0)
        }
    }

    /// A pass through whatever a function does in the context of a model.
    package init(
        mode: Mode, key: RandomKey, variables: [String: Tensor] = [:], precision: NumericPrecision = .float32,
        isFrozen: @escaping (String) -> Bool = { _ in false }, memory: TokenMemory? = nil,
        _ body: (Context) -> Values
    ) {
        self.key = key.tensor
        given = Set(variables.keys)
        let trace = Trace(mode: mode, key: key, values: variables, isFrozen: isFrozen, memory: memory)
        let outputs = TraceProblems.$current.withValue(trace.outside) { precision { body(trace.context) } }
        self.outputs = outputs.mapValues { $0.elementType == .bfloat16 ? $0.cast(to: .float32) : $0 }
        self.trace = trace
    }

    /// The model's output; of several the first.
    package var output: Tensor { outputs.first }

    /// In what way layers are others in training than at inference.
    var differences: [(path: String, what: TrainingDifference)] { trace.contents.differences }

    /// The calls of layers in the order in which they ended: inner layers before the layer around them.
    package var records: [LayerRecord] { trace.records }

    /// Every variable that was asked for, in order.
    package var descriptions: [(path: String, description: VariableDescription)] { trace.descriptions }

    /// The variables that were asked for but not given.
    package var missing: [(path: String, description: VariableDescription)] {
        descriptions.filter { !given.contains($0.path) }
    }

    /// The tensor that stands for a variable that was asked for.
    package func variable(_ path: String) -> Tensor { trace.value(path) }

    /// The values of states after the step.
    package var updates: [String: Tensor] { trace.updates }

    /// What layers add to the loss besides the penalties of weights.
    package var losses: [Tensor] { trace.losses }

    /// What regularizers of weights and layers add to the loss.
    package var penalties: [Tensor] {
        descriptions.compactMap { path, description in description.regularizer.map { $0(trace.value(path)) } } + losses
    }

    /// Everything that is wrong with the model for this input, in the order of its layers, each problem once.
    package var problems: [GraphProblem] { trace.problems(outputs) }

    /// Throws what is wrong with the model for this input.
    package func validate() throws(GraphError) {
        let problems = problems
        if !problems.isEmpty { throw GraphError(problems) }
    }
}

extension Model {
    /// One pass through the model with placeholders.
    ///
    /// - Throws: `GraphError` with every problem found on the way.
    package func traced(_ inputs: Signature, batch: Int, mode: Mode) throws(GraphError) -> TracedModel {
        let traced = placeholderTrace(inputs, batch: batch, mode: mode)
        try traced.validate()
        return traced
    }

    /// One pass through the model with placeholders, whatever is wrong with it.
    ///
    /// - Parameter isFrozen: Which variables keep their values in training, by path.
    func placeholderTrace(
        _ inputs: Signature, batch: Int, mode: Mode, _ isFrozen: @escaping (String) -> Bool = { _ in false }
    ) -> TracedModel {
        let values = Values(
            inputs.map { name, type in
                let batchType = TensorType(Shape([batch] + type.shape.dimensions), type.elementType)
                return (name, Tensor(Node(.input(name.isEmpty ? "input" : name, batchType))))
            })
        let key = Tensor(Node(.input("key", TensorType([2], .int64))))
        return TracedModel(self, values, mode: mode, key: key, isFrozen: isFrozen)
    }

    /// One pass through a model of one tensor.
    ///
    /// - Throws: `GraphError` with every problem found on the way.
    package func traced(
        input: Shape, batch: Int, mode: Mode, type: ElementType = .float32
    ) throws(GraphError) -> TracedModel {
        try traced(Signature(input, type), batch: batch, mode: mode)
    }
}
