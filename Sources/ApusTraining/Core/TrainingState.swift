package import ApusBackend
public import ApusGraph
public import ApusNN
public import ApusOptimizers
public import ApusTensor

/// Everything that a training step changes: variables, the optimizer's slots, and the position.
///
/// A state is a value: a copy is a fork, and both continue independently. Steps update a state that has no copy in place.
///
/// ```swift
/// let net = Sequential { Dense(8, activation: .relu); Dense(2) }
/// var state = try TrainingState(net, optimizer: .sgd(momentum: 0.9), input: [4], seed: 7)
/// let fork = state                             // continues by itself
/// print(state.variables.paths, fork.step)
/// ```
public struct TrainingState: Sendable {
    /// What the state holds, in order; shared by all states of one model and optimizer.
    final class Layout: Sendable, Equatable {
        let variables: [(path: String, description: VariableDescription)]
        /// The optimizer's slots: of which variable, called what.
        let slots: [(variable: Int, slot: OptimizerSlot)]
        /// Which variables the optimizer changes, and when.
        let plan: OptimizerPlan
        /// How often variables were unfrozen.
        let phase: Int
        /// The variables that the optimizer changes now.
        let trained: [Int]
        /// Of which variables averages are kept, and where they lie among variables and slots.
        let averages: [(variable: Int, index: Int)]

        convenience init(_ variables: Variables, optimizer: Optimizer) {
            self.init(
                variables.paths.map { ($0, variables.variable($0)!.description) },
                OptimizerPlan(optimizer, variables), phase: 0)
        }

        private init(
            _ entries: [(path: String, description: VariableDescription)], _ plan: OptimizerPlan, phase: Int
        ) {
            variables = entries
            self.plan = plan
            self.phase = phase
            let optimizer = plan.optimizer
            let trained = entries.indices.filter {
                entries[$0].description.isTrainable && !plan.freezes(entries[$0].path, phase: phase)
            }
            self.trained = trained
            let each = optimizer.allSlots
            slots = trained.flatMap { index in each.map { (index, $0) } }
            roles =
                entries.map { .variable($0.path) } + slots.map { .slot(entries[$0.variable].path, $0.slot.name) }
            index = Dictionary(uniqueKeysWithValues: roles.enumerated().map { ($1, $0) })
            // The last slot of a variable.
            averages =
                optimizer.average == nil
                ? [] : trained.indices.map { (trained[$0], entries.count + ($0 + 1) * each.count - 1) }
        }

        static func == (a: Layout, b: Layout) -> Bool {
            // All states of one training share their layout; only states that were made apart are compared in full.
            a === b
                || (a.variables.elementsEqual(b.variables, by: ==) && a.slots.elementsEqual(b.slots, by: ==)
                    && a.phase == b.phase && a.trained == b.trained && a.plan.trainsAsMuch(as: b.plan))
        }

        /// What a state of the same training holds in a later phase.
        func entering(_ phase: Int) -> Layout {
            phase == self.phase ? self : Layout(variables, plan, phase: phase)
        }

        /// What each variable and slot is in a step's program.
        let roles: [StepRole]

        /// The place of each of `roles`.
        let index: [StepRole: Int]

        /// The paths of the variables that the optimizer changes.
        var trainedPaths: [String] { trained.map { variables[$0].path } }

        /// Path and type of each variable.
        var variableTypes: [(path: String, type: TensorType)] {
            variables.indices.map { (variables[$0].path, type($0)) }
        }

        func type(_ index: Int) -> TensorType {
            let variable = index < variables.count ? index : slots[index - variables.count].variable
            return TensorType(variables[variable].description.shape, .float32)
        }
    }

    /// The memory of variables and slots; copied before it changes if another state shares it.
    final class Memory: @unchecked Sendable {
        var buffers: [Buffer]
        init(_ buffers: [Buffer]) { self.buffers = buffers }
    }

    private(set) var layout: Layout
    private var memory: Memory
    /// The steps that were done when each phase of unfreezing began; 0 for the first, which begins with the training.
    private(set) var phaseStarts = [0]
    /// Whose slots the state holds.
    public let optimizer: Optimizer
    /// Where every random number of the training comes from.
    public let seed: UInt64
    /// The steps done.
    public var step = 0
    /// The epochs finished; with the first step of the next one begins to train what the optimizer unfreezes in it.
    public var epoch = 0
    /// The batches of the current epoch that are done.
    public var batch = 0

    /// A fresh state: start values drawn from the seed, averages equal to them, other slots with their `initial` value.
    ///
    /// - Parameters:
    ///   - model: The network.
    ///   - optimizer: What changes the weights.
    ///   - input: The shape of one sample, without the batch.
    ///   - seed: The seed of start values, the order of samples and dropout.
    /// - Throws: `GraphError` that names every layer that does not fit; `TrainingError` for impossible hyperparameters.
    public init(_ model: some Model, optimizer: Optimizer, input: Shape, seed: UInt64) throws {
        try self.init(model, optimizer: optimizer, inputs: Signature(input), seed: seed)
    }

    /// A fresh state of a model with several inputs: `inputs: ["left": [4], "right": [4]]`.
    ///
    /// - Throws: `GraphError` that names every layer that does not fit; `TrainingError` for impossible hyperparameters.
    public init(_ model: some Model, optimizer: Optimizer, inputs: Signature, seed: UInt64) throws {
        self.init(try model.initialized(inputs: inputs, seed: seed), optimizer: optimizer, seed: seed)
        try checkGroups()
    }

    /// Finds groups of the optimizer that no variable belongs to, and what it can't unfreeze.
    func checkGroups() throws {
        do { try layout.plan.check() } catch { throw TrainingError(error) }
    }

    /// A state that starts from given variables.
    public init(_ variables: Variables, optimizer: Optimizer, seed: UInt64) {
        let layout = Layout(variables, optimizer: optimizer)
        self.layout = layout
        self.optimizer = optimizer
        self.seed = seed
        memory = Memory(layout.filled(variables.paths.map { variables[$0]!.elements().copy() }) { _ in nil })
    }

    package var buffers: [Buffer] { memory.buffers }

    /// The memory of a variable or slot; `nil` for other roles.
    func buffer(of role: StepRole) -> Buffer? { layout.index[role].map { memory.buffers[$0] } }

    /// Whether both have the same values because they lie in the same place.
    func sharesMemory(with other: TrainingState) -> Bool { memory === other.memory }

    /// The same training with other variables and slots, further on.
    func replacing(_ buffers: [Buffer], step: Int, epoch: Int) -> TrainingState {
        var state = self
        state.memory = Memory(buffers)
        (state.step, state.epoch, state.batch) = (step, epoch, 0)
        return state
    }

    /// Makes sure that no other state shares the memory, so that a step may overwrite it.
    mutating func makeUnique() {
        if !isKnownUniquelyReferenced(&memory) { memory = Memory(memory.buffers.map { $0.copy() }) }
    }

    /// Goes on to a later phase of unfreezing.
    ///
    /// - Parameter starts: The steps that were done when each phase began, at most one for each that there is.
    mutating func enter(_ starts: [Int]) {
        makeUnique()
        let (before, old) = (layout, memory.buffers)
        layout = before.entering(starts.count - 1)
        phaseStarts = starts
        memory = Memory(layout.filled(Array(old.prefix(before.variables.count))) { before.index[$0].map { old[$0] } })
    }

    // MARK: Variables

    /// The variables' values now, a copy.
    public package(set) var variables: Variables {
        get { values(copied: true, averaged: false) }
        set {
            makeUnique()
            for (index, entry) in layout.variables.enumerated() {
                if let value = newValue[entry.path] { memory.buffers[index] = value.elements().copy() }
            }
            // Averages of what is gone say nothing.
            for (variable, index) in layout.averages where newValue[layout.variables[variable].path] != nil {
                memory.buffers[index] = memory.buffers[variable].copy()
            }
        }
    }

    /// The variables with which the model is evaluated, a copy: their averages where the optimizer keeps them.
    public var evaluatedVariables: Variables { values(copied: true, averaged: true) }

    /// The variables in the state's own memory: for use before the next step overwrites it.
    var borrowedVariables: Variables { values(copied: false, averaged: false) }

    /// Those with which the model is evaluated, in the state's own memory.
    var borrowedEvaluatedVariables: Variables { values(copied: false, averaged: true) }

    private func values(copied: Bool, averaged: Bool) -> Variables {
        var variables = Variables()
        func set(_ variable: Int, from index: Int) {
            let (path, description) = layout.variables[variable]
            let buffer = copied ? memory.buffers[index].copy() : memory.buffers[index]
            variables.set(
                path, Variables.Variable(value: Tensor(buffer, layout.type(index)), description: description))
        }
        for index in layout.variables.indices { set(index, from: index) }
        if averaged { for (variable, index) in layout.averages { set(variable, from: index) } }
        return variables
    }

    /// Puts other values in place of the variables'. Averages begin anew with them; other slots stay.
    ///
    /// - Throws: `TrainingError` that lists every variable that is missing, left over, or of another shape. Nothing changes then.
    public mutating func load(_ variables: Variables) throws {
        let known = Dictionary(uniqueKeysWithValues: layout.variables.map { ($0.path, $0.description.shape) })
        var problems = layout.variables.compactMap { path, description -> String? in
            guard let value = variables[path] else { return "\(path) is missing" }
            return value.shape == description.shape
                ? nil : "\(path) has shape \(value.shape), the model expects \(description.shape)"
        }
        problems += variables.paths.filter { known[$0] == nil }.map { "\($0) is not a variable of the model" }
        guard problems.isEmpty else {
            throw TrainingError("the weights do not belong to this model: \(problems.joined(separator: "; "))")
        }
        self.variables = variables
    }

    /// The optimizer's slots by name: `0.conv2D/kernel/momentum`.
    public var slots: [(path: String, value: Tensor)] {
        layout.slots.enumerated().map { index, slot in
            let position = layout.variables.count + index
            return (
                "\(layout.variables[slot.variable].path)/\(slot.slot.name)",
                Tensor(memory.buffers[position].copy(), layout.type(position))
            )
        }
    }

    /// The paths of the variables that the optimizer freezes now.
    package var frozenPaths: Set<String> { frozenPaths(phase: layout.phase) }

    /// Those that it freezes in an epoch, from 1.
    package func frozenPaths(inEpoch epoch: Int) -> Set<String> { frozenPaths(phase: layout.plan.phase(epoch: epoch)) }

    private func frozenPaths(phase: Int) -> Set<String> {
        Set(layout.variables.lazy.map(\.path).filter { layout.plan.freezes($0, phase: phase) })
    }

    /// The paths of variables that hold a value which is not finite.
    var nonFiniteVariables: [String] {
        layout.variables.indices.filter { index in
            memory.buffers[index].elements(as: Float.self).contains { !$0.isFinite }
        }.map { layout.variables[$0].path }
    }
}
