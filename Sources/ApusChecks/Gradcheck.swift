import ApusBackend
public import ApusGraph
public import ApusNN
public import ApusTensor

/// Checks the gradient of a function of tensors: `gradcheck(at: [w, b]) { p in meanSquaredError(x.matmul(p[0]) + p[1], y) }`.
///
/// A result that is not a scalar is multiplied with random numbers and summed.
///
/// - Parameters:
///   - points: Where the gradient is checked.
///   - tolerance: The largest relative difference that passes.
///   - elementLimit: The most elements that are all compared; larger tensors are compared along random directions.
///   - function: What is differentiated; it receives the points.
/// - Throws: `GraphError` for a function that does not fit its arguments.
public func gradcheck(
    at points: [Tensor], tolerance: Double = 1e-6, elementLimit: Int = 256, _ function: ([Tensor]) throws -> Tensor
) throws -> GradientCheck {
    try evaluate(points)
    let inputs = points.enumerated().map { Node(.input("argument \($0)", TensorType($1.shape, .float64))) }
    let result = try function(inputs.map { Tensor($0) })
    let value = result.projected.node
    guard value.isValid else { throw GraphError(value.problems) }
    var values = Node.heldValues([value])
    for (input, point) in zip(inputs, points) {
        values[input] = ReferenceValue(
            shape: point.shape, elementType: .float64, values: point.scalars(as: Double.self))
    }
    let checker = GradientChecker(value: value, inputs: values, elementLimit: elementLimit, directions: 4)
    let entries = zip(points.indices, try checker.errors(inputs)).map { index, error in
        GradientCheck.Entry(
            path: "argument \(index)", shape: points[index].shape, relativeError: error.error, count: error.count,
            isProjected: error.isProjected)
    }
    return GradientCheck(entries: entries, wrongLayers: [], tolerance: tolerance)
}

/// Checks the gradients of a model for random inputs: of every parameter, of the input, and where one is wrong of every layer.
///
/// - Parameters:
///   - model: The layer or network.
///   - input: The shape of one sample, without the batch.
///   - batch: How many samples, where `samples` is `nil`.
///   - samples: What goes in, [batch, ...]; normal numbers if `nil`. Give whole numbers to a model that begins with an embedding.
///   - loss: What is differentiated; the outputs times random numbers if `nil`. Targets are random classes or numbers.
///   - mode: Whether the model is checked as it trains or as it predicts.
///   - seed: The seed of weights, inputs and targets.
///   - tolerance: The largest relative difference that passes.
///   - elementLimit: The most elements that are all compared; larger tensors are compared along random directions.
/// - Throws: `GraphError` that names every layer that does not fit.
public func gradcheck(
    _ model: some Model, input: Shape, batch: Int = 2, samples: Tensor? = nil, loss: Loss? = nil,
    mode: Mode = .training, seed: UInt64 = 1,
    tolerance: Double = 1e-6, elementLimit: Int = 64
) throws -> GradientCheck {
    try gradcheck(
        model, inputs: Signature(input), batch: batch, samples: samples.map { Values($0) }, loss: loss, mode: mode,
        seed: seed,
        tolerance: tolerance, elementLimit: elementLimit)
}

/// Checks the gradients of a model of several inputs or outputs for random inputs.
///
/// - Parameters:
///   - inputs: The shapes of one sample, without the batch.
///   - samples: What goes in, each [batch, ...]; normal numbers if `nil`.
///   - loss: What is differentiated, of every output; the outputs times random numbers if `nil`.
/// - Throws: `GraphError` that names every layer that does not fit.
public func gradcheck(
    _ model: some Model, inputs: Signature, batch: Int = 2, samples: Values? = nil, loss: Loss? = nil,
    mode: Mode = .training, seed: UInt64 = 1, tolerance: Double = 1e-6, elementLimit: Int = 64
) throws -> GradientCheck {
    try evaluate(samples?.leaves ?? [])
    let types = Signature(
        inputs.map { ($0, Signature.Input($1.shape, samples?[$0].elementType ?? $1.elementType)) })
    let trace = try model.traced(types, batch: samples?.first.shape.dimensions.first ?? batch, mode: mode)
    guard let whole = trace.records.last else { throw GraphError([]) }
    let terms = try trace.outputs.leaves.map { output in
        try loss.map { try $0.withRandomTarget(output, seed: seed) } ?? output.projected
    }
    let total = (terms.dropFirst() + trace.losses).reduce(terms.first ?? trace.output.projected, +).node
    guard total.isValid else { throw GraphError(total.problems) }

    var values = Node.heldValues([total] + trace.records.flatMap { $0.outputs.leaves.map(\.node) })
    for (index, (name, tensor)) in whole.inputs.enumerated() {
        let x = tensor.node
        values[x] =
            samples?[name].referenceValue
            ?? ReferenceValue(
                shape: x.shape, elementType: x.elementType,
                values: GradientChecker.numbers(x.shape.count, seed: seed &+ UInt64(index)))
    }
    values[trace.key.node] = ReferenceValue(shape: [2], elementType: .int64, values: [Double(seed), 0])
    var parameters: [(path: String, node: Node)] = []
    let key = RandomKey(seed: seed)
    for (path, description) in trace.descriptions {
        let node = trace.variable(path).node
        var start = description.initializer.tensor(description.shape, key: key.child(path))
        // Constants would hide errors behind zeros: every weight gets a little noise. States keep theirs, a variance stays positive.
        if description.isTrainable {
            start =
                start + Tensor.normal(description.shape, standardDeviation: 0.1, key: key.child(path).child("noise"))
            parameters.append((path, node))
        }
        values[node] = try start.evaluated().referenceValue
    }
    var targets = parameters
    for (name, tensor) in whole.inputs where tensor.elementType.isFloatingPoint {
        targets.append((name.isEmpty ? "input" : "input \(name)", tensor.node))
    }
    let checker = GradientChecker(value: total, inputs: values, elementLimit: elementLimit, directions: 4)
    let entries = zip(targets, try checker.errors(targets.map(\.node))).map { target, error in
        GradientCheck.Entry(
            path: target.path, shape: target.node.shape, relativeError: error.error, count: error.count,
            isProjected: error.isProjected)
    }
    var check = GradientCheck(entries: entries, wrongLayers: [], tolerance: tolerance)
    if !check.passed {
        check.wrongLayers = try trace.wrongLayers(values, parameters, tolerance: tolerance, elementLimit: elementLimit)
    }
    return check
}

extension TracedModel {
    /// The innermost layers whose gradients are wrong, each by itself: its output as a function of its input and its weights.
    fileprivate func wrongLayers(
        _ values: [Node: ReferenceValue], _ parameters: [(path: String, node: Node)], tolerance: Double,
        elementLimit: Int
    ) throws -> [String] {
        var wrong: [(path: String, label: String)] = []
        for record in records {
            // Of a layer around a wrong one nothing is known.
            let prefix = record.path.isEmpty ? "" : record.path + "/"
            guard !wrong.contains(where: { $0.path == record.path || $0.path.hasPrefix(prefix) }) else { continue }
            let value = record.output.projected.node
            var known = values.merging(Node.heldValues([value])) { known, _ in known }
            let input = record.input.node
            if known[input] == nil { known[input] = try Device.exactEvaluator.run([input], inputs: values)[0] }
            let own = parameters.filter { $0.path.hasPrefix(prefix) }.map(\.node)
            let checker = GradientChecker(value: value, inputs: known, elementLimit: elementLimit, directions: 4)
            let targets = (input.elementType.isFloatingPoint ? [input] : []) + own
            if try checker.errors(targets).contains(where: { !($0.error <= tolerance) }) {
                wrong.append(
                    (record.path, "\(record.path.isEmpty ? "the model" : record.path) (\(record.layer.label))"))
            }
        }
        return wrong.map(\.label)
    }
}

extension Tensor {
    /// The tensor times fixed random numbers, summed: a scalar in which every element counts.
    fileprivate var projected: Tensor {
        guard problems.isEmpty, rank > 0 else { return self }
        let numbers = Tensor(GradientChecker.numbers(count, seed: 99), shape: shape, type: .float64)
        return (cast(to: .float64) * numbers).sum()
    }
}

extension Loss {
    /// The loss of outputs for targets that fit: classes where the rule takes them, numbers in 0…1 otherwise.
    fileprivate func withRandomTarget(_ output: Tensor, seed: UInt64) throws -> Tensor {
        let key = RandomKey(seed: seed).child("target")
        let classes = output.rank > 1 ? output.shape[-1] : 1
        let positions = Shape(Array(output.shape.dimensions.dropLast()))
        let labels = (Tensor.uniform(positions, key: key) * Double(classes)).cast(to: .int32)
        if output.rank > 1, rule.problem(output, labels) == nil {
            return reduced(.mean)(output, try labels.evaluated())
        }
        return reduced(.mean)(output, try Tensor.uniform(output.shape, key: key).evaluated())
    }
}
