import ApusCPU
import ApusData
import ApusGraph
import ApusNN
import ApusTensor
import Synchronization

/// A model at inference as compiled programs: predictions, and loss and metrics where targets are given.
struct InferenceStep: Sendable {
    private let model: any Layer
    private let loss: Loss
    private let metrics: [Metric]
    private let precision: NumericPrecision
    private let compiled = Compiled()
    /// The number of sizes and types of batches whose programs are kept.
    private static let capacity = 16

    private struct Key: Hashable {
        let inputs: TensorType
        let targets: TensorType?
        var hasWeights = false
        let normalization: InputNormalization
    }

    private struct Entry {
        let program: Program
        let paths: [String]
        let metrics: MetricLayout
    }

    private final class Compiled: Sendable {
        let programs = Mutex<[Key: Entry]>([:])
    }

    init(_ model: some Layer, loss: Loss, metrics: [Metric], precision: NumericPrecision) {
        self.model = model
        self.loss = loss
        self.metrics = metrics
        self.precision = precision
    }

    /// The model's output for a batch of inputs.
    func predict(_ variables: Variables, _ inputs: Tensor, _ normalization: InputNormalization) throws -> Tensor {
        let key = Key(inputs: inputs.node.type, targets: nil, normalization: normalization)
        let entry = try entry(key, variables)
        let results = try entry.program.run(try buffers(entry, variables) + [inputs.elements()])
        return Tensor(results[0], entry.program.outputTypes[0])
    }

    /// The compiled prediction of inputs of a type.
    func program(_ variables: Variables, _ inputs: TensorType, _ normalization: InputNormalization) throws -> Program {
        try entry(Key(inputs: inputs, targets: nil, normalization: normalization), variables).program
    }

    /// The compiled measurement of batches like this one.
    func program(_ variables: Variables, measuring batch: Batch) throws -> Program {
        try entry(key(measuring: batch), variables).program
    }

    private func key(measuring batch: Batch) -> Key {
        Key(
            inputs: batch.inputs.node.type, targets: batch.targets.node.type, hasWeights: batch.weights != nil,
            normalization: batch.normalization)
    }

    /// The loss and the metrics of a batch.
    func measure(_ variables: Variables, _ batch: Batch) throws -> StepResult {
        let entry = try entry(key(measuring: batch), variables)
        let results = try entry.program.run(
            try buffers(entry, variables) + [batch.inputs.elements(), batch.targets.elements()]
                + (batch.weights.map { [$0.elements()] } ?? []))
        var result = StepResult(
            loss: Double(results[0].pointer.load(as: Float.self)), count: batch.count, entry.metrics)
        for index in metrics.indices {
            result.contributions.add(index, results[index + 1].pointer.assumingMemoryBound(to: Float.self))
        }
        return result
    }

    private func buffers(_ entry: Entry, _ variables: Variables) throws -> [Buffer] {
        try zip(entry.paths, entry.program.inputTypes).map { path, type in
            guard let value = variables[path] else {
                throw TrainingError("the weights lack the variable \(path); they belong to another model")
            }
            guard value.shape == type.shape else {
                throw TrainingError(
                    "the variable \(path) has the shape \(value.shape) but the model expects \(type.shape); "
                        + "the weights belong to another model or input size")
            }
            return value.elements()
        }
    }

    private func entry(_ key: Key, _ variables: Variables) throws -> Entry {
        try compiled.programs.withLock { programs in
            if let known = programs[key] { return known }
            let inputs = Node(.input("batch", key.inputs))
            var nodes: [(path: String, node: Node)] = []
            var values: [String: Tensor] = [:]
            for path in variables.paths {
                let node = Node(.input(path, variables[path]!.node.type))
                nodes.append((path, node))
                values[path] = Tensor(node)
            }
            let random = Node(.input("key", TensorType([2], .int64)))
            let trace = Trace(mode: .inference, key: Tensor(random), values: values)
            let output = trace.output(of: model, key.normalization(Tensor(inputs)), precision)
            if let (path, _) = trace.descriptions.first(where: { values[$0.path] == nil }) {
                throw TrainingError("the weights lack the variable \(path); they belong to another model")
            }
            let problems = trace.problems(output)
            guard problems.isEmpty else { throw GraphError(problems) }
            var outputs = [Graph.Output(name: "output", node: output.node)]
            var extra: [Node] = []
            if let type = key.targets {
                let targets = Node(.input("targets", type))
                let weights = key.hasWeights ? Node(.input("weights", TensorType([type.shape[0]], .float32))) : nil
                extra = [targets] + (weights.map { [$0] } ?? [])
                let target = Tensor(targets)
                let sampleWeights = weights.map { Tensor($0) }
                let problems = metrics.problems(output, target)
                guard problems.isEmpty else { throw GraphError(problems) }
                // As in training, and as in Keras: with penalties, so that both curves show the same quantity.
                let total = trace.penalties(values).reduce(loss(output, target, weights: sampleWeights), +)
                outputs = [Graph.Output(name: "loss", node: total.node)]
                let measured = metrics.contributions(output, target, weights: sampleWeights)
                outputs += zip(metrics, measured).map { Graph.Output(name: $0.name, node: $1.node) }
            }
            let graph = Graph(inputs: nodes.map(\.node) + [inputs] + extra, outputs: outputs)
            let program = try CPU.compile(graph, options: CompileOptions(constantInputs: Set(nodes.indices)))
            let entry = Entry(
                program: program, paths: nodes.map(\.path),
                metrics: MetricLayout(
                    key.targets == nil ? [] : metrics, contributions: program.outputTypes.dropFirst().map(\.shape),
                    classes: output.shape.classCount))
            // Each program has memory of its own; whoever predicts with many sizes shall not run out of it.
            if programs.count >= InferenceStep.capacity { programs.removeAll() }
            programs[key] = entry
            return entry
        }
    }
}
