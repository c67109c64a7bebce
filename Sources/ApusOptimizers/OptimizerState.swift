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
public struct OptimizerState: Sendable {
    /// The optimizer whose state it is.
    public let optimizer: Optimizer
    /// The variables that it changes.
    public let paths: [String]
    /// The number of updates so far: an int64 scalar.
    public private(set) var step: Tensor
    private var values: [[Tensor]]

    fileprivate init(_ optimizer: Optimizer, _ variables: Variables) {
        self.optimizer = optimizer
        paths = variables.paths.filter { variables.variable($0)!.description.isTrainable && !optimizer.freezes($0) }
        step = Tensor([0], shape: [], type: .int64)
        values = paths.map { path in
            optimizer.allSlots.map { slot in
                slot == Optimizer.averageSlot
                    ? variables[path]! : .full(variables[path]!.shape, slot.initial)
            }
        }
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
        let (trained, slopes) = try matched(variables, gradients)
        let accumulation = Double(optimizer.accumulation)
        var numbers: [Tensor] = []
        let done = StepTensor(step)
        let updates = accumulation == 1 ? done : StepTensor(floor((done / StepTensor(accumulation)).tensor))
        optimizer.forEachNumber(
            update: updates + 1, learningRate: learningRate.map { StepTensor($0) } ?? StepTensor(optimizer.learningRate)
        ) { numbers.append($1.tensor.cast(to: .float32)) }
        let pipeline = OptimizerPipeline(optimizer, numbers: numbers)
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

    /// The variables that change, with their gradients.
    private func matched(
        _ variables: Variables, _ gradients: Variables
    ) throws(OptimizerError) -> ([OptimizerPipeline.Variable], [Tensor]) {
        var (trained, slopes): ([OptimizerPipeline.Variable], [Tensor]) = ([], [])
        for path in paths {
            guard let variable = variables.variable(path) else {
                throw OptimizerError(
                    "the optimizer's state was made for other variables: there is no \(path) among those that were given"
                )
            }
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
        fileprivate let optimizer: Optimizer
        fileprivate let paths: [String]
    }

    public var structure: Structure { Structure(optimizer: optimizer, paths: paths) }
    public var leaves: [Tensor] { [step] + values.flatMap { $0 } }

    public init(structure: Structure, leaves: inout ArraySlice<Tensor>) {
        optimizer = structure.optimizer
        paths = structure.paths
        step = leaves.removeFirst()
        let count = optimizer.allSlots.count
        values = []
        for _ in paths { values.append((0..<count).map { _ in leaves.removeFirst() }) }
    }
}
