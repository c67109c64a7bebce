import ApusGraph
public import ApusNN
public import ApusTensor

extension ONNXModel {
    /// The outputs for the inputs of a batch, by the names of the file; what does not fit makes tensors that carry the error.
    public func outputs(for inputs: Values, in context: Context) -> Values {
        var run = Run(graph: storage.graph, context: context)
        do {
            try run.take(inputs, of: self)
            try run.callNodes()
            return try run.outputs()
        } catch let problem as ONNXProblem {
            return Values(failing: .invalid(problem.description))
        } catch let error as GraphError {
            return Values(failing: Tensor(Node(problems: error.problems)))
        } catch {
            return Values(failing: .invalid("\(error)"))
        }
    }
}

extension ONNXModel {
    /// The shapes of all values, in the order of the file, for one sample of each input.
    func shapes(_ signature: Signature) throws -> [String: [Int]] {
        let inputs = Values(
            signature.map { name, input in
                let type = TensorType(Shape([1] + input.shape.dimensions), input.elementType)
                return (name, Tensor(Node(.input(name, type))))
            })
        var result: Result<[String: [Int]], any Error> = .success([:])
        _ = TracedModel(mode: .inference, key: RandomKey(seed: 0)) { context in
            result = Result {
                var run = Run(graph: storage.graph, context: context)
                try run.take(inputs, of: self)
                try run.callNodes()
                return run.shapes
            }
            return Values()
        }
        return try result.get()
    }
}

/// One pass through a graph.
private struct Run {
    let graph: ONNXGraph
    let context: Context
    private var values: [String: ONNXValue] = [:]
    private var weights: [String: ONNXWeight] = [:]
    private var batch: (declared: Int?, actual: Int?) = (nil, nil)

    init(graph: ONNXGraph, context: Context) {
        self.graph = graph
        self.context = context
    }

    // MARK: Values from outside

    /// Takes the inputs, the constants and the variables.
    mutating func take(_ inputs: Values, of model: ONNXModel) throws {
        for port in graph.inputs {
            let tensor = graph.inputs.count == 1 && !inputs.contains(port.name) ? inputs.only : inputs[port.name]
            guard tensor.problems.isEmpty else { throw GraphError(tensor.problems) }
            let isLast = model.takesChannelsLast(port)
            guard let type = port.type.elementType else { continue }
            let value = ONNXValue(
                tensor.elementType == type ? tensor : tensor.cast(to: type), port.type,
                order: isLast && tensor.rank >= 3 ? ONNXValue.channelsLast(tensor.rank) : nil)
            try check(value, port, isLast)
            values[port.name] = value
        }
        if let first = graph.inputs.first, let extent = first.shape?.first {
            batch = (extent, values[first.name]?.shape.first)
        }
        for (name, constant) in graph.constants { values[name] = constant.value }
        for weight in graph.weights {
            weights[weight.name] = weight
            let initializer = weight.initializer
            let variable =
                weight.isTrainable
                ? context.parameter(weight.name, shape: weight.variableShape, initializer: initializer)
                : context.state(weight.name, shape: weight.variableShape, initializer: initializer)
            let type = weight.type.elementType ?? .float32
            // Weights stay float32 beside images of bfloat16.
            let value = type == .float64 ? variable.cast(to: .float64) : variable
            values[weight.name] = ONNXValue(value, weight.type, order: weight.order)
        }
    }

    /// A batch may have any number of samples; all other extents are those of the file.
    private func check(_ value: ONNXValue, _ port: ONNXGraph.Port, _ isLast: Bool) throws {
        let shape = value.shape
        _ = try ONNXCall.checked(shape)
        guard let declared = port.shape else { return }
        let fits =
            shape.count == declared.count
            && zip(shape, declared).enumerated().allSatisfy { axis, pair in
                pair.1 == nil || pair.1 == pair.0 || axis == 0 && shape.count > 1
            }
        guard !fits else { return }
        let expected =
            isLast && declared.count >= 3
            ? ONNXValue.channelsLast(declared.count).map { declared[$0] } : declared
        throw ONNXProblem(
            "the input \(port.name) takes [\(expected.map { $0.map(String.init) ?? "any" }.joined(separator: ", "))], "
                + "but received \(value.tensor.shape)")
    }

    // MARK: Nodes

    mutating func callNodes() throws {
        for node in graph.nodes { try call(node) }
    }

    private mutating func call(_ node: ONNXNode) throws {
        let name = node.domain.isEmpty ? node.kind : "\(node.domain).\(node.kind)"
        guard let run = ONNXOperators.table[name] else { throw ONNXProblem("the operator \(name) is not known") }
        let call = ONNXCall(
            node: node, inputs: node.inputs.map { values[$0] }, version: graph.versions[node.domain] ?? 1,
            context: context, batch: batch, weights: node.inputs.map { weights[$0] })
        do {
            let results = try TraceScope.$current.withValue(TraceScope.current + [node.label]) { try run(call) }
            for (name, result) in zip(node.outputs, results) where !name.isEmpty {
                guard result.tensor.problems.isEmpty else { throw GraphError(result.tensor.problems) }
                _ = try ONNXCall.checked(result.shape)
                values[name] = result
            }
            for name in node.outputs.dropFirst(results.count) where !name.isEmpty {
                throw ONNXProblem("the output \(name) is not computed")
            }
        } catch let problem as ONNXProblem {
            throw ONNXProblem("\(node.label): \(problem)")
        }
    }

    var shapes: [String: [Int]] { values.mapValues(\.shape) }

    func outputs() throws -> Values {
        Values(
            try graph.outputs.map { port in
                guard let value = values[port.name] else { throw ONNXProblem("nothing yields the output \(port.name)") }
                return (port.name, value.plain)
            })
    }
}

extension ONNXWeight {
    /// What gives the variable its start values: those of the file.
    var initializer: Initializer {
        guard let start else { return .zeros }
        return .custom("weights of the file: \(name)") { _, _ in start }
    }
}
