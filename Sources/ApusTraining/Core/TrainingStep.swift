public import ApusBackend
public import ApusData
public import ApusGraph
public import ApusNN
public import ApusOptimizers
public import ApusTensor

/// One step of training as one program: forward, loss, backward, update, constraints, metrics.
///
/// The program is compiled for the first batch of each size and type, then replayed; a step of a known size allocates nothing.
///
/// ```swift
/// let net = Sequential { Dense(16, activation: .relu); Dense(2) }
/// let step = try TrainingStep(net, loss: .softmaxCrossEntropy, optimizer: .adam())
/// var state = try step.initialState(input: [2], seed: 7)
/// for batch in Dataset.moons(seed: 1).batches(of: 50, epoch: 0, seed: 7) { try step(&state, batch) }
/// print(state.step)   // 10
/// ```
public struct TrainingStep: Sendable {
    private let model: any Model
    /// What the step minimizes, and what it measures besides.
    public let objective: Objective
    /// How the step changes the variables.
    public let optimizer: Optimizer
    /// The factor on the optimizer's learning rate, step by step.
    public let schedule: Schedule
    /// The steps of the whole training, where the schedule needs them.
    private let totalSteps: Int?
    private let precision: NumericPrecision
    private let memory: MemoryUse
    private let device: Device
    /// Every how many steps one is watched; never if `nil`.
    private let watchEvery: Int?
    private let steps = Programs<Key, BoundStep>()
    private let cuts = Programs<Key, CutStep>()
    private let watches = Programs<Key, StepWatch>()

    /// The step of a model of one output.
    ///
    /// - Parameters:
    ///   - model: The network.
    ///   - loss: What training minimizes.
    ///   - optimizer: What changes the weights.
    ///   - metrics: What is measured besides the loss.
    ///   - precision: The element type of convolutions, matrix products and what follows them.
    ///   - memory: Whether what the backward pass needs is kept, or computed again in it.
    ///   - schedule: The factor on the optimizer's learning rate, step by step.
    ///   - totalSteps: The steps of the whole training, for schedules that depend on them, such as a cosine.
    ///   - device: Where the steps are computed.
    ///   - watchEvery: Every how many steps the result has an `observation`; never if `nil`. A watched step changes the weights
    ///     as any other does, bit for bit.
    /// - Throws: `TrainingError` for impossible hyperparameters of the optimizer, or a loss that is not one number.
    public init(
        _ model: some Model, loss: Loss, optimizer: Optimizer, metrics: [Metric] = [], schedule: Schedule = .constant,
        totalSteps: Int? = nil, precision: NumericPrecision = .float32, memory: MemoryUse = .standard,
        device: Device = .cpu, watchEvery: Int? = nil
    ) throws {
        try self.init(
            model, objective: Objective(loss: loss, metrics: metrics), optimizer: optimizer, schedule: schedule,
            totalSteps: totalSteps, precision: precision, memory: memory, device: device, watchEvery: watchEvery)
    }

    /// The step of a model with an objective, which may have several outputs.
    ///
    /// - Throws: `TrainingError` for impossible hyperparameters of the optimizer, or an objective that is not one number.
    public init(
        _ model: some Model, objective: Objective, optimizer: Optimizer, schedule: Schedule = .constant,
        totalSteps: Int? = nil, precision: NumericPrecision = .float32, memory: MemoryUse = .standard,
        device: Device = .cpu, watchEvery: Int? = nil
    ) throws {
        guard watchEvery ?? 1 > 0 else {
            throw TrainingError("watchEvery must be at least 1, received \(watchEvery ?? 0)")
        }
        do {
            try optimizer.validate()
            try schedule.validate()
        } catch { throw TrainingError(error) }
        if let problem = objective.problem { throw TrainingError(problem) }
        self.model = model
        self.objective = objective
        self.optimizer = optimizer
        self.schedule = schedule
        self.totalSteps = totalSteps
        self.precision = precision
        self.memory = memory
        self.device = device
        self.watchEvery = watchEvery
    }

    /// A fresh state for the step: start values drawn from the seed, and the optimizer's slots.
    ///
    /// - Parameters:
    ///   - input: The shape of one sample, without the batch.
    ///   - seed: Where every random number of the training comes from.
    /// - Throws: `GraphError` that names every layer that does not fit; `TrainingError` for impossible hyperparameters.
    public func initialState(input: Shape, seed: UInt64 = 0) throws -> TrainingState {
        try initialState(inputs: Signature(input), seed: seed)
    }

    /// A fresh state for the step of a model with several inputs: `inputs: ["left": [4], "right": [4]]`.
    ///
    /// - Throws: `GraphError` that names every layer that does not fit; `TrainingError` for impossible hyperparameters.
    public func initialState(inputs: Signature, seed: UInt64 = 0) throws -> TrainingState {
        try TrainingState(model, optimizer: optimizer, inputs: inputs, seed: seed)
    }

    /// Trains on a batch with the optimizer's learning rate times the schedule's factor.
    ///
    /// - Throws: What the step with a given learning rate throws; `TrainingError` where the schedule needs `totalSteps`.
    @discardableResult
    public func callAsFunction(_ state: inout TrainingState, _ batch: Batch) throws -> StepResult {
        if totalSteps == nil, schedule.needsTotal {
            throw TrainingError(
                "the schedule \(schedule) depends on the steps of the whole training; give TrainingStep totalSteps, "
                    + "or train in a TrainingSession, which counts them")
        }
        let factor = schedule.factor(step: state.step, total: totalSteps ?? 1)
        return try self(&state, batch, learningRate: optimizer.learningRate * factor)
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
        try batch.evaluated()
        state.unfreeze()
        let type = BatchType(batch)
        let bound = try step(for: type, state)
        let watch = watchEvery.map { state.step % $0 == 0 } == true ? try watch(for: type, state) : nil
        let before = try watch?.before(state, batch)
        state.makeUnique()
        var result = try bound.run(state, batch, learningRate: learningRate)
        state.step += 1
        if let watch, let before { result.observation = try watch.observation(before, result.loss, state, batch) }
        return result
    }

    /// What the compiled program for batches like this one does and takes.
    public func report(for state: TrainingState, _ batch: Batch) throws -> ProgramReport {
        try program(for: state, batch).report
    }

    /// The compiled program for batches like this one.
    package func program(for state: TrainingState, _ batch: Batch) throws -> any Executable {
        try step(for: BatchType(batch), state).program.executable
    }

    private func watch(for type: BatchType, _ state: TrainingState) throws -> StepWatch {
        try watches(key(type, state), where: { $0.layout == state.layout }) {
            let plan = try checkedPlan(state, type)
            var first = ProgramBuilder<StepRole>()
            let (model, measured) = try forward(type, state.layout, plan, in: &first)
            for (path, gradient) in zip(state.layout.trainedPaths, model.gradients(of: measured, state.layout)) {
                first.output(.gradient(path), gradient)
            }
            var second = ProgramBuilder<StepRole>()
            let (changed, after) = try forward(type, state.layout, plan, in: &second)
            second.output(.loss, changed.total(after))
            return try StepWatch(
                gradients: compiled(first), changed, layout: state.layout, builder: second, compiled: compiled)
        }
    }

    private func step(for type: BatchType, _ state: TrainingState) throws -> BoundStep {
        try steps(key(type, state), where: { $0.layout == state.layout }) {
            let whole = try whole(type, state, updates: updates(state))
            let program = try compiled(whole.builder)
            return BoundStep(
                program, layout: state.layout, whole.places,
                metrics: MetricLayout(objective, program, classes: whole.classes), type: type)
        }
    }

    /// A step before it is compiled.
    private struct Whole {
        var builder = ProgramBuilder<StepRole>()
        let places: StepNumbers
        /// The number of outputs a sample of each term.
        let classes: [Int]
    }

    /// - Parameter updates: Whether the variables change, or gradients are only gathered.
    private func whole(_ type: BatchType, _ state: TrainingState, updates: Bool) throws -> Whole {
        let plan = try checkedPlan(state, type)
        var builder = ProgramBuilder<StepRole>()
        let (model, measured) = try forward(type, state.layout, plan, in: &builder)
        let places = StepNumbers(plan, of: state.layout.trainedPaths)
        let update = StepUpdate(optimizer, state.layout, places, in: &builder)
        var changes = update.changes(
            of: model.variables, model.gradients(of: measured, state.layout), model.constraints, updates: updates)
        for (path, value) in model.traced.updates { changes[.variable(path)] = value }
        for role in state.layout.roles {
            builder.output(
                role, changes[role] ?? update.slots[role] ?? model.variables["\(role)"]!, replacing: role)
        }
        model.addMeasurements(measured, to: &builder)
        return Whole(builder: builder, places: places, classes: measured.classes)
    }

    /// The step of several trainings that differ in their seeds.
    ///
    /// - Parameters:
    ///   - type: A batch of one training.
    ///   - state: The state of one training.
    func seedStep(for type: BatchType, _ state: TrainingState, trainings: Int, updates: Bool) throws -> SeedStep {
        let whole = try whole(type, state, updates: updates)
        let program = try whole.builder.compiled(
            on: device, options, stacking: trainings
        ) { role in
            if case .number = role { false } else { true }
        }
        let measured = objective.measured
        let shapes = measured.indices.map {
            Shape(Array(program.type(ofOutput: .metric($0)).shape.dimensions.dropFirst()))
        }
        return SeedStep(
            program, layout: state.layout, whole.places,
            metrics: MetricLayout(measured, contributions: shapes, classes: whole.classes), type: type,
            trainings: trainings)
    }

    private struct Key: Hashable {
        let batch: BatchType
        /// Whether the variables change, or gradients are only gathered.
        let updates: Bool
    }

    private func key(_ type: BatchType, _ state: TrainingState) -> Key { Key(batch: type, updates: updates(state)) }

    private func updates(_ state: TrainingState) -> Bool { updates(afterSteps: state.step) }

    /// Whether the variables change in the step that follows so many.
    func updates(afterSteps steps: Int) -> Bool { (steps + 1) % optimizer.accumulation == 0 }

    /// What the step's optimizer does with the variables of a state that was made for it.
    private func checkedPlan(_ state: TrainingState, _ type: BatchType) throws -> OptimizerPlan {
        guard state.optimizer.allSlots == optimizer.allSlots else {
            throw TrainingError(
                "the state was made for \(state.optimizer) but the step uses \(optimizer), which keeps other values for each variable; "
                    + "give both the same optimizer")
        }
        guard type.count > 0 else { throw TrainingError("there is nothing to train on: the batch is empty") }
        let plan = state.layout.plan.optimizer == optimizer ? state.layout.plan : state.layout.plan.with(optimizer)
        guard plan.phases.map(\.epoch) == state.layout.plan.phases.map(\.epoch) else {
            throw TrainingError(
                "the state was made for \(state.optimizer) but the step uses \(optimizer), which unfreezes variables in other epochs; "
                    + "give both the same optimizer")
        }
        return plan
    }

    /// The model in training, with the variables of a state.
    private func forward(
        _ type: BatchType, _ layout: TrainingState.Layout, _ plan: OptimizerPlan,
        in builder: inout ProgramBuilder<StepRole>
    ) throws -> (StepModel, MeasuredObjective) {
        let model = StepModel(
            model, type, variables: layout.variableTypes, mode: .training, precision: precision,
            isFrozen: { plan.freezes($0, phase: layout.phase) }, in: &builder)
        let measured = model.measured(objective)
        try model.validate(measured)
        return (model, measured)
    }

    private func compiled(_ builder: consuming ProgramBuilder<StepRole>) throws -> BoundProgram<StepRole> {
        try builder.compiled(on: device, options)
    }

    private var options: CompileOptions { CompileOptions(recomputes: memory == .saving) }

    // MARK: Cut at the gradients

    /// The gradients of a batch; running values of the state move as in a whole step, nothing else changes.
    ///
    /// With `update` it is a step of training: between both, gradients may be looked at, changed, or added to those of others.
    public func gradients(_ state: inout TrainingState, _ batch: Batch) throws -> StepGradients {
        try batch.evaluated()
        state.unfreeze()
        let type = BatchType(batch)
        let cut = try cut(for: type, state)
        state.makeUnique()
        let key = Buffer.key(seed: state.seed, step: state.step)
        let results = try cut.gradients.run { state.buffer(of: $0) ?? batch.buffer(of: $0) ?? key }
        return StepGradients(
            result: StepResult(results, count: type.count, cut.metrics),
            values: state.layout.trainedPaths.map { ($0, results[.gradient($0)]) }, type: type)
    }

    /// Changes the variables by gradients, as the second half of a step.
    ///
    /// - Throws: `TrainingError` if there is not one gradient of its shape for each trained variable, `GraphError` or `ProgramError` if
    ///   one can't be computed; the state is then as before.
    public func update(_ state: inout TrainingState, _ gradients: StepGradients, learningRate: Double? = nil) throws {
        state.unfreeze()
        let cut = try cut(for: gradients.type, state)
        let buffers = try gradients.buffers(for: state.layout)
        var numbers: [Buffer] = []
        cut.places.forEach(
            step: state.step, starts: state.phaseStarts, learningRate: learningRate ?? optimizer.learningRate
        ) { numbers.append(Buffer(scalar: .floating($1), .float32)) }
        state.makeUnique()
        _ = try cut.update.run { role in
            switch role {
            case .gradient(let path): buffers[path]!
            case .number(let index): numbers[index]
            default: state.buffer(of: role)!
            }
        }
        state.step += 1
    }

    private func cut(for type: BatchType, _ state: TrainingState) throws -> CutStep {
        try cuts(key(type, state), where: { $0.layout == state.layout }) {
            let plan = try checkedPlan(state, type)
            var first = ProgramBuilder<StepRole>()
            let (model, measured) = try forward(type, state.layout, plan, in: &first)
            for (path, gradient) in zip(state.layout.trainedPaths, model.gradients(of: measured, state.layout)) {
                first.output(.gradient(path), gradient)
            }
            for (path, value) in model.traced.updates {
                first.output(.variable(path), value, replacing: .variable(path))
            }
            model.addMeasurements(measured, to: &first)

            var second = ProgramBuilder<StepRole>()
            let paths = state.layout.trainedPaths
            var variables: [String: Tensor] = [:]
            for (path, type) in state.layout.variableTypes { variables[path] = second.input(.variable(path), type) }
            let gradients = paths.map { second.input(.gradient($0), variables[$0]!.node.type) }
            let places = StepNumbers(plan, of: paths)
            let update = StepUpdate(optimizer, state.layout, places, in: &second)
            let changes = update.changes(of: variables, gradients, model.constraints, updates: updates(state))
            for role in state.layout.roles {
                if let value = changes[role] { second.output(role, value, replacing: role) }
            }
            let program = try compiled(first)
            return CutStep(
                gradients: program, update: try compiled(second), layout: state.layout, places: places,
                metrics: MetricLayout(objective, program, classes: measured.classes))
        }
    }
}

/// A step that is cut at the gradients: two programs.
private struct CutStep: StoredProgram {
    let gradients: BoundProgram<StepRole>
    let update: BoundProgram<StepRole>
    let layout: TrainingState.Layout
    let places: StepNumbers
    let metrics: MetricLayout

    var byteCount: Int { gradients.byteCount + update.byteCount }
}

/// The first half of a step: what was measured, and the gradients of the loss with all penalties.
///
/// ```swift
/// let net = Sequential { Dense(2) }
/// let step = try TrainingStep(net, loss: .softmaxCrossEntropy, optimizer: .adam())
/// var state = try step.initialState(input: [2], seed: 7)
/// for batch in Dataset.moons(seed: 1).batches(of: 50, epoch: 0, seed: 7) {
///     let gradients = try step.gradients(&state, batch)
///     for (path, gradient) in gradients.values { print(path, sqrt(square(gradient).sum()).item()) }
///     try step.update(&state, gradients)
/// }
/// ```
public struct StepGradients: Sendable {
    /// Loss and metrics of the batch.
    public let result: StepResult
    /// The gradient with respect to each trained variable, by path.
    public var values: [(path: String, value: Tensor)]
    let type: BatchType

    /// The memory of the gradients, by path: they may have been changed since they were computed.
    fileprivate func buffers(for layout: TrainingState.Layout) throws -> [String: Buffer] {
        let given = Dictionary(values.map { ($0.path, $0.value) }) { $1 }
        let types = Dictionary(uniqueKeysWithValues: layout.variableTypes.map { ($0.path, $0.type) })
        var buffers: [String: Buffer] = [:]
        for path in layout.trainedPaths {
            guard let value = given[path] else { throw TrainingError("there is no gradient for the variable \(path)") }
            try value.evaluated()
            guard value.node.type == types[path]! else {
                throw TrainingError(
                    "the gradient for \(path) is \(value.node.type) but the variable is \(types[path]!); "
                        + "give one of its shape and type")
            }
            buffers[path] = value.elements()
        }
        return buffers
    }
}

/// How much memory a training step takes.
///
/// ```swift
/// let trainer = Trainer(
///     // Slower, smaller
///     Zoo.resnet18.model(), loss: .softmaxCrossEntropy, optimizer: .sgd(momentum: 0.9),
///     memory: .saving)
/// ```
public enum MemoryUse: String, Sendable, Hashable, Codable, CaseIterable {
    /// What the backward pass needs is kept.
    case standard
    /// Results of normalizations and activations, which are cheap, are computed again where the backward pass needs them.
    case saving
}
