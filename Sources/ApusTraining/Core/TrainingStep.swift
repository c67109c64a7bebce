public import ApusCPU
public import ApusData
import ApusGraph
public import ApusNN
public import ApusOptimizers
public import ApusTensor
import Synchronization

/// One step of training as one program: forward, loss, backward, update, constraints, metrics.
///
/// The program is compiled for the first batch of each size and type, then replayed; a step of a known size allocates nothing.
public struct TrainingStep: Sendable {
    private let model: any Layer
    private let loss: Loss
    private let metrics: [Metric]
    private let optimizer: Optimizer
    private let precision: NumericPrecision
    private let memory: MemoryUse
    private let compiled = Compiled()

    /// - Throws: `TrainingError` for impossible constants of the optimizer, or a loss that is not one number.
    public init(
        _ model: some Layer, loss: Loss, optimizer: Optimizer, metrics: [Metric] = [],
        precision: NumericPrecision = .float32, memory: MemoryUse = .standard
    ) throws {
        do { try optimizer.validate() } catch { throw TrainingError(error) }
        guard loss.reduction != .none else {
            throw TrainingError(
                "training needs one number to make small, but the loss has the reduction none; use mean or sum")
        }
        self.model = model
        self.loss = loss
        self.metrics = metrics
        self.optimizer = optimizer
        self.precision = precision
        self.memory = memory
    }

    private struct Key: Hashable {
        let batch: BatchType
        /// Whether the variables change, or gradients are only gathered.
        let updates: Bool
    }

    private final class Compiled: Sendable {
        let programs = Mutex<[Key: BoundStep]>([:])
    }

    /// Trains on a batch with the optimizer's own learning rate.
    @discardableResult
    public func callAsFunction(_ state: inout TrainingState, _ batch: Batch) throws -> StepResult {
        try self(&state, batch, learningRate: optimizer.learningRate)
    }

    /// Trains on a batch.
    ///
    /// - Returns: Loss and metrics of the batch before the update.
    /// - Throws: `GraphError` if the model does not fit the batch, `TrainingError` if the state was made for another optimizer or
    ///   model; the state is then as before. `ProgramError` if a label is out of range; the weights are then as before.
    @discardableResult
    public func callAsFunction(
        _ state: inout TrainingState, _ batch: Batch, learningRate: Double
    ) throws -> StepResult {
        if batch.inputs.buffer == nil || batch.targets.buffer == nil { try evaluate(batch.inputs, batch.targets) }
        if let weights = batch.weights, weights.buffer == nil { try evaluate(weights) }
        let bound = try step(for: BatchType(batch), state)
        state.makeUnique()
        let result = try bound.run(state.buffers, batch, seed: state.seed, step: state.step, learningRate: learningRate)
        state.step += 1
        return result
    }

    /// The compiled program for batches like this one: steps, cost, memory.
    public func program(for state: TrainingState, _ batch: Batch) throws -> Program {
        try step(for: BatchType(batch), state).program
    }

    private func step(for type: BatchType, _ state: TrainingState) throws -> BoundStep {
        try compiled.programs.withLock { programs in
            let key = Key(batch: type, updates: (state.step + 1) % optimizer.accumulation == 0)
            if let known = programs[key], known.layout == state.layout { return known }
            guard state.optimizer.allSlots == optimizer.allSlots else {
                throw TrainingError(
                    "the state was made for \(state.optimizer) but the step uses \(optimizer), which keeps other values for each variable; "
                        + "give both the same optimizer")
            }
            guard type.count > 0 else { throw TrainingError("there is nothing to train on: the batch is empty") }
            let (graph, output) = try graph(for: type, state.layout, updates: key.updates)
            let traced = try BoundStep(
                graph: graph, options: CompileOptions(recomputes: memory == .saving), layout: state.layout,
                optimizer: optimizer, metrics: metrics, classes: output.classCount, count: type.count,
                hasWeights: type.hasWeights)
            programs[key] = traced
            return traced
        }
    }

    // MARK: Tracing

    /// The graph of a step. Inputs: variables, slots, batch, targets, weights of samples if there are any, key, numbers of the
    /// optimizer. Outputs: variables and slots in place, loss, metrics.
    private func graph(for type: BatchType, _ layout: TrainingState.Layout, updates: Bool) throws -> (
        graph: Graph, output: Shape
    ) {
        let state = (0..<(layout.variables.count + layout.slots.count)).map { index in
            Node(.input(layout.name(index), layout.type(index)))
        }
        let inputs = Node(.input("batch", type.inputs))
        let targets = Node(.input("targets", type.targets))
        let weights = type.hasWeights ? Node(.input("weights", TensorType([type.count], .float32))) : nil
        let key = Node(.input("key", TensorType([2], .int64)))
        let numbers = optimizer.numberNames.map { Node(.input($0, TensorType([], .float32))) }

        var values: [String: Tensor] = [:]
        for (index, variable) in layout.variables.enumerated() { values[variable.path] = Tensor(state[index]) }
        let trace = Trace(mode: .training, key: Tensor(key), values: values)
        let output = trace.output(of: model, type.normalization(Tensor(inputs)), precision)
        let target = Tensor(targets)
        let sampleWeights = weights.map { Tensor($0) }
        let dataLoss = loss(output, target, weights: sampleWeights)
        var problems = trace.problems(output)
        if problems.isEmpty { problems = dataLoss.problems + metrics.problems(output, target) }
        for (path, description) in trace.descriptions where values[path] == nil {
            problems.append(
                GraphProblem(
                    scope: [], operation: "parameter",
                    message:
                        "the model asks for the variable \(path) \(description.shape), which the state does not have"))
        }
        guard problems.isEmpty else { throw GraphError(problems) }

        let total = trace.penalties(values).reduce(dataLoss, +)
        let gradients = Node.gradients(of: [total.node], withRespectTo: layout.trained.map { state[$0] }).map {
            Tensor($0)
        }
        // Rules belong to the model as it is now; weights may come from before it was edited.
        let constraints = Dictionary(
            uniqueKeysWithValues: trace.descriptions.map { ($0.path, $0.description.constraint) }
        )
        .compactMapValues { $0 }
        let variables = layout.trained.map { index in
            OptimizerPipeline.Variable(
                path: layout.variables[index].path, value: Tensor(state[index]),
                constraint: constraints[layout.variables[index].path])
        }
        let slotCount = optimizer.allSlots.count
        let slots = layout.trained.indices.map { position in
            let first = layout.variables.count + position * slotCount
            return state[first..<(first + slotCount)].map { Tensor($0) }
        }
        let pipeline = OptimizerPipeline(optimizer, numbers: numbers.map { Tensor($0) })
        let changed =
            updates
            ? pipeline.updated(variables, gradients: gradients, slots: slots)
            : pipeline.gathered(variables, gradients: gradients, slots: slots)
        var results = state
        for (position, index) in layout.trained.enumerated() {
            results[index] = changed[position].variable.node
            for (offset, slot) in changed[position].slots.enumerated() {
                results[layout.variables.count + position * slotCount + offset] = slot.node
            }
        }
        for (index, variable) in layout.variables.enumerated() {
            if let value = trace.updates[variable.path] { results[index] = value.node }
        }
        let measured = metrics.contributions(output, target, weights: sampleWeights)
        let graph = Graph(
            inputs: state + [inputs, targets] + (weights.map { [$0] } ?? []) + [key] + numbers,
            outputs: results.enumerated().map { Graph.Output(name: layout.name($0), node: $1, replaces: $0) }
                + [Graph.Output(name: "loss", node: total.node)]
                + zip(metrics, measured).map { Graph.Output(name: $0.name, node: $1.node) })
        return (graph, output.shape)
    }
}

extension Shape {
    /// The number of outputs a sample: the last axis, 1 for a vector.
    var classCount: Int { rank > 1 ? self[-1] : 1 }
}

/// How much memory a training step takes.
public enum MemoryUse: String, Sendable, Hashable, Codable, CaseIterable {
    /// What the backward pass needs is kept.
    case standard
    /// Results of normalizations and activations, which are cheap, are computed again where the backward pass needs them.
    case saving
}

extension Trace {
    /// The output of a model for a batch, in float32: losses and metrics do not round.
    func output(of model: some Layer, _ inputs: Tensor, _ precision: NumericPrecision) -> Tensor {
        let output = precision { model(inputs, in: context) }
        return output.elementType == .bfloat16 ? output.cast(to: .float32) : output
    }

    /// What the regularizers of the model add to the loss.
    func penalties(_ values: [String: Tensor]) -> [Tensor] {
        descriptions.compactMap { path, description in
            description.regularizer.flatMap { rule in values[path].map { rule($0) } }
        }
            + losses
    }
}

extension TrainingState.Layout {
    /// The name of a variable or slot.
    func name(_ index: Int) -> String {
        guard index >= variables.count else { return variables[index].path }
        let slot = slots[index - variables.count]
        return "\(variables[slot.variable].path)/\(slot.slot.name)"
    }
}

/// What a program is compiled for.
struct BatchType: Hashable, Sendable {
    let inputs: TensorType
    let targets: TensorType
    let hasWeights: Bool
    let normalization: InputNormalization

    init(_ batch: Batch) {
        inputs = TensorType(batch.inputs.shape, batch.inputs.elementType)
        targets = TensorType(batch.targets.shape, batch.targets.elementType)
        hasWeights = batch.weights != nil
        normalization = batch.normalization
    }

    var count: Int { inputs.shape.dimensions.first ?? 1 }
}
