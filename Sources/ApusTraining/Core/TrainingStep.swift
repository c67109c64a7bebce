public import ApusCPU
public import ApusData
import ApusGraph
public import ApusNN
import ApusTensor
import Synchronization

/// One step of training as one program: forward, loss, backward, update, constraints, metrics.
///
/// The program is compiled for the first batch of each size and type, then replayed; a step of a known size allocates nothing.
public struct TrainingStep: Sendable {
    private let model: any Layer
    private let loss: Loss
    private let metrics: [Metric]
    private let optimizer: Optimizer
    private let compiled = Compiled()

    /// - Throws: `TrainingError` for impossible constants of the optimizer, or too many metrics.
    public init(_ model: some Layer, loss: Loss, optimizer: Optimizer, metrics: [Metric] = []) throws {
        try optimizer.validate()
        guard metrics.count <= StepResult.capacity else {
            throw TrainingError("a step measures at most \(StepResult.capacity) metrics, received \(metrics.count)")
        }
        self.model = model
        self.loss = loss
        self.metrics = metrics
        self.optimizer = optimizer
    }

    private final class Compiled: Sendable {
        let programs = Mutex<[BatchType: BoundStep]>([:])
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
            if let known = programs[type], known.layout == state.layout { return known }
            guard state.optimizer.slots == optimizer.slots else {
                throw TrainingError(
                    "the state was made for \(state.optimizer) but the step uses \(optimizer), which keeps other values for each variable; "
                        + "give both the same optimizer")
            }
            guard type.count > 0 else { throw TrainingError("there is nothing to train on: the batch is empty") }
            let traced = try BoundStep(
                graph: graph(for: type, state.layout), layout: state.layout, metrics: metrics, count: type.count)
            programs[type] = traced
            return traced
        }
    }

    // MARK: Tracing

    /// The graph of a step. Inputs: variables, slots, batch, targets, key, learning rate. Outputs: variables and slots in place,
    /// loss, metrics.
    private func graph(for type: BatchType, _ layout: TrainingState.Layout) throws -> Graph {
        let state = (0..<(layout.variables.count + layout.slots.count)).map { index in
            Node(.input(layout.name(index), layout.type(index)))
        }
        let inputs = Node(.input("batch", type.inputs))
        let targets = Node(.input("targets", type.targets))
        let key = Node(.input("key", TensorType([2], .int64)))
        let rate = Node(.input("learning rate", TensorType([], .float32)))

        var values: [String: Tensor] = [:]
        for (index, variable) in layout.variables.enumerated() { values[variable.path] = Tensor(state[index]) }
        let trace = Trace(mode: .training, key: Tensor(key), values: values)
        let output = trace.context(model, type.normalization(Tensor(inputs)))
        let target = Tensor(targets)
        let dataLoss = loss(output, target)
        var problems = trace.problems(output)
        if problems.isEmpty {
            problems = dataLoss.problems
            problems += metrics.compactMap { metric in
                metric.problem(output, target).map { GraphProblem(scope: [], operation: metric.rawValue, message: $0) }
            }
        }
        for (path, description) in trace.descriptions where values[path] == nil {
            problems.append(
                GraphProblem(
                    scope: [], operation: "parameter",
                    message: "the model asks for the variable \(path) \(description.shape), which the state does not have"))
        }
        guard problems.isEmpty else { throw GraphError(problems) }

        let total = trace.penalties(values).reduce(dataLoss, +)
        let trainable = layout.variables.indices.filter { layout.variables[$0].description.isTrainable }
        let gradients = Node.gradients(of: [total.node], withRespectTo: trainable.map { state[$0] })

        // Steps count from 1 in the rules, from 0 in the key.
        let step = Tensor(key)[1].cast(to: .float64) + 1
        let scale = optimizer.scale(rate: Tensor(rate), step: step)
        // Rules belong to the model as it is now; weights may come from before it was edited.
        let constraints = Dictionary(uniqueKeysWithValues: trace.descriptions.map { ($0.path, $0.description.constraint) })
            .compactMapValues { $0 }
        var results = state
        let slotCount = optimizer.slots.count
        for (position, index) in trainable.enumerated() {
            let first = layout.variables.count + position * slotCount
            let slots = (first..<(first + slotCount)).map { Tensor(state[$0]) }
            var (variable, newSlots) = optimizer.update(
                Tensor(state[index]), gradient: Tensor(gradients[position]), slots: slots, scale: scale)
            if let constraint = constraints[layout.variables[index].path] { variable = constraint(variable) }
            results[index] = variable.node
            for (offset, slot) in newSlots.enumerated() { results[first + offset] = slot.node }
        }
        for (index, variable) in layout.variables.enumerated() {
            if let value = trace.updates[variable.path] { results[index] = value.node }
        }
        let measured = metrics.map { $0.sum(output, target).node }
        return Graph(
            inputs: state + [inputs, targets, key, rate],
            outputs: results.enumerated().map { Graph.Output(name: layout.name($0), node: $1, replaces: $0) }
                + [Graph.Output(name: "loss", node: total.node)]
                + zip(metrics, measured).map { Graph.Output(name: $0.rawValue, node: $1) })
    }
}

extension Trace {
    /// What the regularizers of the model add to the loss.
    func penalties(_ values: [String: Tensor]) -> [Tensor] {
        descriptions.compactMap { path, description in description.regularizer.flatMap { rule in values[path].map { rule($0) } } }
    }
}

extension TrainingState.Layout {
    /// The name of a variable or slot.
    func name(_ index: Int) -> String {
        guard index >= variables.count else { return variables[index].path }
        let slot = slots[index - variables.count]
        return "\(variables[slot.variable].path)/\(slot.name)"
    }
}

/// What a program is compiled for.
struct BatchType: Hashable, Sendable {
    let inputs: TensorType
    let targets: TensorType
    let normalization: Normalization

    init(_ batch: Batch) {
        inputs = TensorType(batch.inputs.shape, batch.inputs.elementType)
        targets = TensorType(batch.targets.shape, batch.targets.elementType)
        normalization = batch.normalization
    }

    var count: Int { inputs.shape.dimensions.first ?? 1 }
}
