import ApusCPU
public import ApusData
import ApusGraph
public import ApusNN
public import ApusTensor
import Synchronization

/// Looks into a model: for a state and a batch, how weights, gradients and the outputs of layers are spread.
///
/// The model is traced as the next training step would see the batch, dropout included. The program is kept until a
/// batch of another size or a state of another model comes. The state is read where it is and stays as it is: watching changes nothing.
public struct ModelHistograms: Sendable {
    private let model: any Layer
    private let loss: Loss
    private let precision: NumericPrecision
    private let bins: Int
    private let compiled = Compiled()

    private final class Compiled: Sendable {
        /// The program that was used last, and what for: states of one training share their layout.
        let program = Mutex<(type: BatchType, program: ObservingProgram)?>(nil)
    }

    /// - Parameter bins: The number of intervals of each histogram.
    /// - Throws: `TrainingError` if there are no bins, or the loss is not one number.
    public init(
        _ model: some Layer, loss: Loss, precision: NumericPrecision = .float32, bins: Int = 64
    ) throws {
        guard bins > 0 else { throw TrainingError("a histogram needs at least one bin, received \(bins)") }
        guard loss.reduction != .none else {
            throw TrainingError(
                "gradients are those of one number, but the loss has the reduction none; use mean or sum")
        }
        self.model = model
        self.loss = loss
        self.precision = precision
        self.bins = bins
    }

    /// Looks at a trainer's model with its loss.
    public init(_ trainer: Trainer, bins: Int = 64) throws {
        try self.init(trainer.model, loss: trainer.loss, precision: trainer.precision, bins: bins)
    }

    /// Looks at the model with a state's weights and a batch.
    ///
    /// - Throws: `GraphError` if the model does not fit the batch or the state, `ProgramError` if a label is out of range.
    public func callAsFunction(_ state: TrainingState, _ batch: Batch) throws -> ModelObservation {
        try evaluate([batch.inputs, batch.targets] + (batch.weights.map { [$0] } ?? []))
        let type = BatchType(batch)
        return try compiled.program.withLock { known in
            if let known, known.type == type, known.program.layout == state.layout {
                return try known.program.observe(state, batch, bins: bins)
            }
            let program = try ObservingProgram(model, loss, precision, type, state.layout)
            known = (type, program)
            return try program.observe(state, batch, bins: bins)
        }
    }
}

/// The program that computes what is looked at, with memory for its results.
private final class ObservingProgram: Sendable {
    let layout: TrainingState.Layout
    private let program: Program
    private let results: [Buffer]
    /// The place of each layer's output among the results, the loss included.
    private let activations: [(path: String, result: Int)]

    init(
        _ model: some Layer, _ loss: Loss, _ precision: NumericPrecision, _ type: BatchType,
        _ layout: TrainingState.Layout
    ) throws {
        self.layout = layout
        let variables = layout.variables.indices.map { Node(.input(layout.name($0), layout.type($0))) }
        let inputs = Node(.input("batch", type.inputs))
        let targets = Node(.input("targets", type.targets))
        let weights = type.hasWeights ? Node(.input("weights", TensorType([type.count], .float32))) : nil
        let key = Node(.input("key", TensorType([2], .int64)))

        var values: [String: Tensor] = [:]
        for (index, variable) in layout.variables.enumerated() { values[variable.path] = Tensor(variables[index]) }
        let trace = Trace(mode: .training, key: Tensor(key), values: values)
        let output = trace.output(of: model, type.normalization(Tensor(inputs)), precision)
        let dataLoss = loss(output, Tensor(targets), weights: weights.map { Tensor($0) })
        var problems = trace.problems(output)
        if problems.isEmpty { problems = dataLoss.problems }
        for (path, description) in trace.descriptions where values[path] == nil {
            problems.append(
                GraphProblem(
                    scope: [], operation: "parameter",
                    message:
                        "the model asks for the variable \(path) \(description.shape), which the state does not have"))
        }
        guard problems.isEmpty else { throw GraphError(problems) }
        let total = trace.penalties(values).reduce(dataLoss, +)
        let gradients = Node.gradients(of: [total.node], withRespectTo: layout.trained.map { variables[$0] })

        var outputs = [total.node] + gradients
        var activations: [(path: String, result: Int)] = []
        var positions: [Node: Int] = [:]
        var calls: [String: Int] = [:]
        for record in trace.records {
            let node = record.output.node
            // A list of layers yields what its last layer yields, which has been seen.
            guard positions[node] == nil else { continue }
            positions[node] = outputs.count
            calls[record.path, default: 0] += 1
            let path = record.path.isEmpty ? "model" : record.path
            let call = calls[record.path]!
            activations.append((call == 1 ? path : "\(path) (\(call))", outputs.count))
            outputs.append(record.output.cast(to: .float32).node)
        }
        self.activations = activations
        let graph = Graph(
            inputs: variables + [inputs, targets] + (weights.map { [$0] } ?? []) + [key],
            outputs: outputs.enumerated().map { Graph.Output(name: "observed \($0)", node: $1) })
        program = try CPU.compile(graph)
        results = program.outputTypes.map { Buffer(byteCount: $0.byteCount) }
    }

    func observe(_ state: TrainingState, _ batch: Batch, bins: Int) throws -> ModelObservation {
        let key = Buffer(byteCount: 16)
        key.pointer.storeBytes(of: state.seed, toByteOffset: 0, as: UInt64.self)
        key.pointer.storeBytes(of: Int64(state.step), toByteOffset: 8, as: Int64.self)
        let variables = Array(state.buffers.prefix(layout.variables.count))
        try program.run(
            variables + [batch.inputs.elements(), batch.targets.elements()]
                + (batch.weights.map { [$0.elements()] } ?? []) + [key], into: results)

        func histogram(_ buffer: Buffer) -> ValueHistogram {
            ValueHistogram(buffer.bytes.bindMemory(to: Float.self), bins: bins)
        }
        func entry(_ path: String, _ buffer: Buffer) -> ModelObservation.Entry {
            ModelObservation.Entry(path: path, histogram: histogram(buffer))
        }
        return ModelObservation(
            step: state.step, loss: Double(results[0].pointer.load(as: Float.self)),
            weights: layout.variables.indices.filter { layout.variables[$0].description.isTrainable }.map {
                entry(layout.variables[$0].path, variables[$0])
            },
            gradients: layout.trained.enumerated().map { entry(layout.variables[$1].path, results[1 + $0]) },
            activations: activations.map { entry($0.path, results[$0.result]) })
    }
}
