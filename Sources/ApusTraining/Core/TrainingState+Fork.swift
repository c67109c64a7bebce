import ApusBackend
public import ApusData
import ApusNN
import ApusOptimizers

/// What a fork took over of the training that it goes on from, and what it could not.
///
/// ```swift
/// let net = Sequential { Dense(8, activation: .relu); Dense(2) }
/// let wider = Sequential { Dense(8, activation: .relu); Dense(3) }
/// let trained = try TrainingState(net, optimizer: .sgd(), input: [4], seed: 7)
/// let (_, fork) = try TrainingState(wider, optimizer: .sgd(), input: [4], seed: 8).forked(from: trained)
/// print(fork.isWhole, fork.begun, fork.left)   // false: the last layer's variables have another shape
/// ```
public struct Fork: Sendable, Hashable {
    /// Variables and slots that begin anew, for the other training has none of that name and shape: `1.dense/kernel`,
    /// `1.dense/kernel/momentum`.
    public var begun: [String]
    /// Variables and slots of the other training that have no place here.
    public var left: [String]

    /// Whether everything was taken over.
    public var isWhole: Bool { begun.isEmpty && left.isEmpty }
}

extension TrainingState {
    /// This state with what another training has reached: its position, and every variable and slot of the same name and shape.
    ///
    /// Seed, optimizer and model stay those of this state. Averages of variables that begin anew begin with them.
    ///
    /// ```swift
    /// let net = Sequential { Dense(8, activation: .relu); Dense(2) }
    /// let trained = try TrainingState(net, optimizer: .adam(learningRate: 0.1), input: [4], seed: 7)
    /// let (state, fork) = try TrainingState(net, optimizer: .sgd(momentum: 0.9), input: [4], seed: 8).forked(from: trained)
    /// print(state.step == trained.step, fork.begun)   // the slots of SGD: 0.dense/kernel/momentum, …
    /// ```
    ///
    /// - Parameter other: A state after a whole epoch or any of its steps; an epoch under way begins again, with this state's order.
    /// - Returns: The state, and what could not be taken over.
    public func forked(from other: TrainingState) -> (state: TrainingState, fork: Fork) {
        var state = self
        // What was unfrozen by then, if the plans agree; else what this plan has unfrozen by then begins with this epoch.
        let phase = state.layout.plan.phase(epoch: other.epoch + 1)
        state.enter(
            other.phaseStarts.count == phase + 1
                ? other.phaseStarts : [0] + Array(repeating: other.step, count: phase))
        let (own, others) = (state.layout, other.layout)
        var buffers = state.buffers
        var begun: [StepRole] = []
        for (index, role) in own.roles.enumerated() {
            if let place = others.index[role], others.type(place) == own.type(index) {
                buffers[index] = other.buffers[place].copy()
            } else {
                begun.append(role)
            }
        }
        for (variable, index) in own.averages where begun.contains(own.roles[index]) {
            buffers[index] = buffers[variable].copy()
        }
        let taken = Set(own.roles).subtracting(begun)
        let fork = Fork(
            begun: begun.map { "\($0)" }, left: others.roles.filter { !taken.contains($0) }.map { "\($0)" })
        return (state.replacing(buffers, step: other.step, epoch: other.epoch), fork)
    }
}

extension Trainer {
    /// Goes on from where another training is, with this trainer's model, optimizer, schedule and seed.
    ///
    /// So one training is continued in several ways, to see which of them goes well: with the same settings a fork is the other training,
    /// bit for bit; with another seed it has other orders of samples and dropout. `fit` counts the epochs that are still to come.
    ///
    /// ```swift
    /// let data = Dataset.moons(seed: 1)
    /// let net = Sequential { Dense(16, activation: .relu); Dense(2) }
    /// var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1, momentum: 0.9))
    /// try trainer.fit(data, epochs: 5, batchSize: 32)
    /// var calmer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.01, momentum: 0.9))
    /// let fork = try calmer.fork(trainer.state!, on: data)
    /// try calmer.fit(data, epochs: 5, batchSize: 32)
    /// print(fork.isWhole)   // true
    /// ```
    ///
    /// - Parameters:
    ///   - other: What to go on from.
    ///   - training: The samples that it is going to be trained on.
    /// - Returns: What begins anew, and what of the other training has no place here.
    /// - Throws: `GraphError` if the model does not fit the samples.
    @discardableResult
    public mutating func fork(_ other: TrainingState, on training: Dataset) throws -> Fork {
        try prepare(inputs: training.signature)
        let (forked, fork) = state!.forked(from: other)
        state = forked
        return fork
    }
}
