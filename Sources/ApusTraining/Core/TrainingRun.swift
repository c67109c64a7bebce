import ApusData
import ApusNN

/// One call of `fit`: the loop over epochs and batches.
struct TrainingRun {
    let trainer: Trainer
    let step: TrainingStep
    let training: Dataset
    let validation: Dataset?
    let batchSize: Int
    let augmentations: [Augmentation]
    var callbacks: [Callback]
    private(set) var state: TrainingState
    private(set) var history = History()
    /// A state of some steps ago, from which divergence can be replayed.
    private var snapshot: TrainingState
    /// The steps between snapshots: a copy of the weights costs about as much as a step.
    private static let snapshotInterval = 200

    init(
        trainer: Trainer, step: TrainingStep, training: Dataset, validation: Dataset?, batchSize: Int,
        augmentations: [Augmentation], callbacks: [Callback]
    ) {
        self.trainer = trainer
        self.step = step
        self.training = training
        self.validation = validation
        self.batchSize = batchSize
        self.augmentations = augmentations
        self.callbacks = callbacks
        state = trainer.state!
        snapshot = trainer.state!
    }

    private var stepsPerEpoch: Int { (training.count + batchSize - 1) / batchSize }
    /// The epoch after which training ends.
    private var lastEpoch = 0

    /// The learning rate of the step after so many others.
    private func learningRate(step: Int) -> Double {
        trainer.optimizer.learningRate * trainer.schedule.factor(step: step, total: lastEpoch * stepsPerEpoch)
    }

    /// The rest of a state's epoch.
    private func batches(from state: TrainingState) -> Batches {
        training.batches(
            of: batchSize, epoch: state.epoch, seed: state.seed, startingAt: state.batch, augmentations: augmentations)
    }

    mutating func run(until lastEpoch: Int) throws {
        self.lastEpoch = lastEpoch
        try send(.began(epochs: lastEpoch, stepsPerEpoch: stepsPerEpoch, samplesPerEpoch: training.count))
        var reason = StopReason.completed
        while state.epoch < lastEpoch {
            if let stop = try runEpoch() {
                reason = stop
                break
            }
        }
        history.stopReason = reason
        try send(.ended(reason))
    }

    /// Trains for the rest of the current epoch; returns why the training is to end, if it is.
    private mutating func runEpoch() throws -> StopReason? {
        let clock = ContinuousClock()
        let start = clock.now
        try send(.epochBegan(state.epoch + 1))
        var sum = MeasurementSum(trainer.loss.reduction)
        let watchesSteps = callbacks.contains { $0.rule.watchesSteps }
        let batches = batches(from: state)
        for batch in batches {
            if state.step % Self.snapshotInterval == 0 { snapshot = state }
            let result = try step(&state, batch, learningRate: learningRate(step: state.step))
            state.batch += 1
            if result.loss.isFinite {
                sum.add(result)
            } else if !trainer.optimizer.skipsNonFinite {
                throw try diagnose(result.loss)
            }
            if watchesSteps,
                let stop = try send(.stepEnded(batch: state.batch, samples: sum.count, means: sum.measurements))
            {
                return stop
            }
        }
        try batches.checkFailure()
        let seconds = (clock.now - start) / .seconds(1)
        state.epoch += 1
        state.batch = 0
        let measured = try validation.map {
            try trainer.evaluate(state.borrowedEvaluatedVariables, $0, batchSize: Swift.max(batchSize, 256))
        }
        let record = EpochRecord(
            epoch: state.epoch, step: state.step, training: sum.measurements, validation: measured,
            learningRate: learningRate(step: Swift.max(0, state.step - 1)), seconds: seconds,
            samplesPerSecond: Double(sum.count) / seconds)
        history.epochs.append(record)
        return try send(.epochEnded(record))
    }

    /// Tells the callbacks what happened; returns why one of them wants to stop.
    @discardableResult
    private mutating func send(_ event: Event) throws -> StopReason? {
        guard !callbacks.isEmpty else { return nil }
        let isStep = if case .stepEnded = event { true } else { false }
        var stop: StopReason?
        for index in callbacks.indices where !isStep || callbacks[index].rule.watchesSteps {
            var control = TrainerControl(state: state, history: history)
            try callbacks[index].rule.handle(event, &control)
            if let replacement = control.replacement {
                state = replacement
                snapshot = replacement
            }
            stop = stop ?? control.stopReason
        }
        return stop
    }

    // MARK: Divergence

    /// Finds where the first value that is not finite arose, by doing the steps since the snapshot once more, and goes back to the
    /// state before it.
    private mutating func diagnose(_ loss: Double) throws -> DivergenceError {
        var replay = snapshot
        while replay.step < state.step {
            let batches = batches(from: replay)
            for batch in batches {
                let before = replay
                let result = try step(&replay, batch, learningRate: learningRate(step: replay.step))
                replay.batch += 1
                if !result.loss.isFinite {
                    state = before
                    let layer = try FiniteCheck.firstNonFiniteLayer(trainer.model, before, batch)
                    return DivergenceError(
                        step: replay.step, epoch: replay.epoch + 1, loss: result.loss, place: layer ?? "the loss")
                }
                if let variable = replay.nonFiniteVariables.first {
                    state = before
                    return DivergenceError(
                        step: replay.step, epoch: replay.epoch + 1, loss: result.loss,
                        place: "the update of \(variable)")
                }
            }
            try batches.checkFailure()
            replay.epoch += 1
            replay.batch = 0
        }
        return DivergenceError(step: state.step, epoch: state.epoch + 1, loss: loss, place: "the loss")
    }
}

/// The loss became NaN or infinite.
public struct DivergenceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The step, from 1, and the epoch, from 1.
    public var step: Int
    public var epoch: Int
    public var loss: Double
    /// Where the first value that is not finite arose: a layer's path and configuration, or a variable's update.
    public var place: String

    public var description: String {
        "training diverged at step \(step) (epoch \(epoch)): the loss is \(loss.isNaN ? "NaN" : "\(loss)"); the first value that is not finite arose in "
            + "\(place). Try a smaller learning rate, check the data for NaN, or clip gradients"
    }
}
