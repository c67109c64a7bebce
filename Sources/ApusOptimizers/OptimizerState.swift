import ApusGraph
public import ApusNN
public import ApusTensor

/// What an optimizer keeps for the variables that it changes: its slots, such as momenta, and the number of steps.
///
/// An optimizer that works by itself, in a training loop of one's own:
///
/// ```swift
/// let net = Sequential { Dense(32, activation: .tanh); Dense(1) }
/// let (x, y) = (Tensor.normal([64, 4], key: RandomKey(seed: 1)), Tensor.zeros([64, 1]))
/// var weights = try net.initialized(input: [4], seed: 7)
/// var adam = Optimizer.adam(learningRate: 1e-3).state(for: weights)
/// for _ in 0..<100 {
///     let (_, gradients) = valueAndGradient(at: weights) { meanSquaredError(net(x, $0), y) }
///     try adam.update(&weights, gradients)
/// }
/// ```
///
/// It is a tree of tensors, so that a function that is compiled can take it, update weights, and return both.
///
/// An optimizer that unfreezes variables is told of epochs: `try adam.beginEpoch(epoch, weights)` before the first update of each.
public struct OptimizerState: Sendable {
    private let plan: OptimizerPlan
    /// The variables that it changes; more of them when an epoch unfreezes some.
    public private(set) var paths: [String]
    /// The number of updates so far: an int64 scalar.
    public private(set) var step: Tensor
    /// The steps when each phase but the first began.
    private var starts: [Tensor] = []
    private var values: [[Tensor]]
    /// Whether it knows in which epoch it is, where that matters.
    private var isInEpoch: Bool

    fileprivate init(_ optimizer: Optimizer, _ variables: Variables) {
        plan = OptimizerPlan(optimizer, variables)
        paths = plan.trained(in: 0)
        step = Tensor([0], shape: [], type: .int64)
        values = paths.map { OptimizerState.startValues(optimizer, variables[$0]!) }
        isInEpoch = optimizer.unfreezing == nil
    }

    /// The optimizer whose state it is.
    public var optimizer: Optimizer { plan.optimizer }

    private static func startValues(_ optimizer: Optimizer, _ variable: Tensor) -> [Tensor] {
        optimizer.allSlots.map { slot in
            slot == Optimizer.averageSlot ? variable : .full(variable.shape, slot.initial)
        }
    }

    /// Begins an epoch: variables that the optimizer unfreezes with it get slots at their start values, and a number of updates of
    /// their own. Where it unfreezes none, nothing changes.
    ///
    /// It belongs outside of functions that are compiled, which have the epoch of their first call in them.
    ///
    /// - Parameters:
    ///   - epoch: Its number, from 1.
    ///   - variables: Those for which the state was made, with their values now.
    /// - Throws: `OptimizerError` if an unfreezing does not fit the variables.
    public mutating func beginEpoch(_ epoch: Int, _ variables: Variables) throws(OptimizerError) {
        try optimizer.validate()
        if optimizer.unfreezing != nil { try plan.check() }
        guard epoch >= 1 else { throw OptimizerError("epochs are counted from 1, received \(epoch)") }
        let phase = max(plan.phase(epoch: epoch), starts.count)
        let (known, trained) = (Dictionary(uniqueKeysWithValues: zip(paths, values)), plan.trained(in: phase))
        let all = try trained.map { path throws(OptimizerError) in
            guard let variable = variables[path] else { throw OptimizerState.missing(path) }
            return known[path] ?? OptimizerState.startValues(optimizer, variable)
        }
        while starts.count < phase { starts.append(step) }
        (paths, values, isInEpoch) = (trained, all, true)
    }

    private static func missing(_ path: String) -> OptimizerError {
        OptimizerError(
            "the optimizer's state was made for other variables: there is no \(path) among those that were given")
    }

    /// The slots by name: `0.dense/kernel/momentum`.
    public var slots: [(path: String, value: Tensor)] {
        zip(paths, values).flatMap { path, values in
            zip(optimizer.slots, values).map { ("\(path)/\($0)", $1) }
        }
    }

    /// The averages of the weights in place of the variables, where the optimizer keeps them; else the variables.
    public func averaged(_ variables: Variables) -> Variables {
        guard optimizer.average != nil else { return variables }
        let averages = Dictionary(uniqueKeysWithValues: zip(paths, values.map { $0[$0.count - 1] }))
        return variables.mapValues { averages[$0] ?? $1 }
    }

    /// Changes variables by gradients: what a training step does after the backward pass, clipping, decay, constraints and averages
    /// included.
    ///
    /// In a function that is being compiled it adds to the function's graph; outside, it runs as one program.
    ///
    /// - Parameters:
    ///   - variables: Those for which the state was made, with their values now.
    ///   - gradients: At least one for each variable that the optimizer changes; others are ignored.
    ///   - learningRate: That of this step, a scalar; the optimizer's own without it.
    /// - Throws: `OptimizerError` if a variable or a gradient is missing or has another shape; `GraphError` and `ProgramError` of the
    ///   gradients. Nothing changes then.
    public mutating func update(
        _ variables: inout Variables, _ gradients: Variables, learningRate: Tensor? = nil
    ) throws {
        try optimizer.validate()
        guard isInEpoch else {
            throw OptimizerError(
                "the optimizer unfreezes variables by epochs but was not told of one; call beginEpoch(1, weights) of its state before the "
                    + "first update, and again with each epoch")
        }
        let (trained, slopes) = try matched(variables, gradients)
        let places = StepNumbers(plan, of: paths)
        let first = Tensor([0], shape: [], type: .int64)
        let updates = ([first] + starts).map { self.updates(step) - self.updates($0) + 1 }
        var numbers: [Tensor] = []
        places.forEach(
            update: { updates[$0] },
            learningRate: learningRate.map { StepTensor($0) } ?? StepTensor(optimizer.learningRate)
        ) { numbers.append($1.tensor.cast(to: .float32)) }
        let pipeline = OptimizerPipeline(optimizer, places, numbers: numbers)
        var changes = pipeline.updated(trained, gradients: slopes, slots: values)
        if optimizer.accumulation > 1 {
            let isUpdate = (step + 1) % Tensor(optimizer.accumulation).cast(to: .int64) .== 0
            let gathered = pipeline.gathered(trained, gradients: slopes, slots: values)
            changes = zip(changes, gathered).map { updated, gathered in
                (
                    select(isUpdate, updated.variable, gathered.variable),
                    zip(updated.slots, gathered.slots).map { select(isUpdate, $0, $1) }
                )
            }
        }
        let next = step + 1
        let pending = changes.flatMap { [$0.variable] + $0.slots } + [next]
        if !TraceProblems.areCollected { try evaluate(pending) }
        let changed = Dictionary(uniqueKeysWithValues: zip(paths, changes.map(\.variable)))
        variables = variables.mapValues { changed[$0] ?? $1 }
        values = changes.map(\.slots)
        step = next
    }

    /// The updates that a number of steps has made.
    private func updates(_ step: Tensor) -> StepTensor {
        let done = StepTensor(step)
        return optimizer.accumulation == 1
            ? done : StepTensor(floor((done / StepTensor(Double(optimizer.accumulation))).tensor))
    }

    /// The variables that change, with their gradients.
    private func matched(
        _ variables: Variables, _ gradients: Variables
    ) throws(OptimizerError) -> ([OptimizerPipeline.Variable], [Tensor]) {
        var (trained, slopes): ([OptimizerPipeline.Variable], [Tensor]) = ([], [])
        for path in paths {
            guard let variable = variables.variable(path) else { throw OptimizerState.missing(path) }
            guard let gradient = gradients[path] else {
                throw OptimizerError(
                    "there is no gradient for the variable \(path); take gradients with respect to all variables that the optimizer "
                        + "changes, or freeze it: optimizer.freezing(\"\(path)\")")
            }
            let shape = variable.value.shape
            guard gradient.shape == shape || !gradient.problems.isEmpty else {
                throw OptimizerError(
                    "the gradient for \(path) has the shape \(gradient.shape) but the variable has \(shape)")
            }
            trained.append(
                OptimizerPipeline.Variable(
                    path: path, value: variable.value, constraint: variable.description.constraint))
            slopes.append(gradient)
        }
        return (trained, slopes)
    }
}

extension Optimizer {
    /// The start of an optimization of variables: no steps, slots at their start values, averages equal to the variables.
    public func state(for variables: Variables) -> OptimizerState { OptimizerState(self, variables) }
}

extension OptimizerState: TensorTree {
    /// The optimizer and the variables that it changes.
    public struct Structure: Hashable, Sendable {
        fileprivate let plan: OptimizerPlan
        fileprivate let paths: [String]
        fileprivate let phase: Int
        fileprivate let isInEpoch: Bool
    }

    public var structure: Structure {
        Structure(plan: plan, paths: paths, phase: starts.count, isInEpoch: isInEpoch)
    }

    public var leaves: [Tensor] { [step] + starts + values.flatMap { $0 } }

    public init(structure: Structure, leaves: inout ArraySlice<Tensor>) {
        plan = structure.plan
        paths = structure.paths
        isInEpoch = structure.isInEpoch
        step = leaves.removeFirst()
        for _ in 0..<structure.phase { starts.append(leaves.removeFirst()) }
        let count = plan.optimizer.allSlots.count
        values = []
        for _ in paths { values.append((0..<count).map { _ in leaves.removeFirst() }) }
    }
}
