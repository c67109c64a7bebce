public import ApusConfiguration
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
    private var callbacks: CallbackList
    private(set) var state: TrainingState
    /// A state of some steps ago, from which divergence can be replayed.
    private var snapshot: TrainingState
    /// The learning rates of the steps since then.
    private var rates: [Double] = []
    /// The steps between snapshots: a copy of the weights costs about as much as a step.
    private static let snapshotInterval = 200

    init(
        trainer: Trainer, step: TrainingStep, training: Dataset, validation: Dataset?, batchSize: Int,
        augmentations: [Augmentation], callbacks: CallbackList
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

    var history: History { callbacks.history }
    private var stepsPerEpoch: Int { (training.count + batchSize - 1) / batchSize }
    /// The epoch after which training ends.
    private var lastEpoch = 0

    /// The learning rate of the step after so many others.
    private func learningRate(step: Int) -> Double {
        trainer.optimizer.learningRate * trainer.schedule.factor(step: step, total: lastEpoch * stepsPerEpoch)
            * callbacks.learningRateFactor
    }

    /// The rest of a state's epoch.
    private func batches(from state: TrainingState) -> Batches {
        training.batches(
            of: batchSize, epoch: state.epoch, seed: state.seed, startingAt: state.batch, augmentations: augmentations)
    }

    mutating func run(epochs: Int, resuming folder: String?, report: (String) -> Void) throws {
        try callbacks.begin(
            &state, epochs: epochs, stepsPerEpoch: stepsPerEpoch, samplesPerEpoch: training.count, resuming: folder,
            report: report)
        snapshot = state
        lastEpoch = callbacks.lastEpoch(epochs)
        if let remark = trainer.schedule.remark(steps: lastEpoch * stepsPerEpoch) { report(remark) }
        while state.epoch < lastEpoch, callbacks.stopReason == nil { try runEpoch() }
        try callbacks.end(&state)
    }

    /// Trains for the rest of the current epoch.
    private mutating func runEpoch() throws {
        try callbacks.beginEpoch(&state)
        if callbacks.stopReason != nil { return }
        let batches = batches(from: state)
        for batch in batches {
            if state.step % Self.snapshotInterval == 0 || rates.count > Self.snapshotInterval {
                snapshot = state
                rates.removeAll(keepingCapacity: true)
            }
            let rate = learningRate(step: state.step)
            rates.append(rate)
            let result = try step(&state, batch, learningRate: rate)
            state.batch += 1
            if !result.loss.isFinite, !trainer.optimizer.skipsNonFinite { throw try diagnose(result.loss) }
            if try callbacks.stepEnded(result.loss.isFinite ? result : nil, &state, learningRate: rate) { return }
        }
        try batches.checkFailure()
        let (trainer, validation, size) = (trainer, validation, Swift.max(batchSize, 256))
        try callbacks.endEpoch(&state) { state in
            try validation.map { try trainer.evaluate(state.borrowedEvaluatedVariables, $0, batchSize: size) }
        }
    }

    // MARK: Divergence

    /// Finds where the first value that is not finite arose, by doing the steps since the snapshot once more, and goes back to the
    /// state before it.
    private mutating func diagnose(_ loss: Double) throws -> DivergenceError {
        let probe = ModelProbe(
            trainer.model, loss: trainer.loss, precision: trainer.precision, device: trainer.device)
        var replay = snapshot
        while replay.step < state.step {
            let batches = batches(from: replay)
            for batch in batches {
                let before = replay
                let past = replay.step - snapshot.step
                let rate = rates.indices.contains(past) ? rates[past] : learningRate(step: replay.step)
                let result = try step(&replay, batch, learningRate: rate)
                replay.batch += 1
                if !result.loss.isFinite {
                    state = before
                    let layer = try probe.firstNonFiniteLayer(before, batch)
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

/// The loss, or a variable in an update, became NaN or infinite.
public struct DivergenceError: ApusError, Hashable, Sendable {
    /// The step, from 1, and the epoch, from 1.
    public var step: Int
    /// From 1.
    public var epoch: Int
    /// The loss of that step; it may be finite where the update broke a variable.
    public var loss: Double
    /// Where the first value that is not finite arose: a layer's path and configuration, or a variable's update.
    public var place: String

    public var failureKind: FailureKind { .diverged }
    public var description: String {
        "training diverged at step \(step) (epoch \(epoch)): the loss is \(loss.isNaN ? "NaN" : "\(loss)"); the first value that is not finite arose in "
            + "\(place). Try a smaller learning rate, check the data for NaN, or clip gradients"
    }
}
