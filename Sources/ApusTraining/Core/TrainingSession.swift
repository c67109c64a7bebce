import ApusBackend
public import ApusData
public import ApusNN
public import ApusOptimizers
import ApusTensor

/// One training: the loop over epochs and batches, with learning rates, callbacks, validation, checkpoints and a history.
///
/// `Trainer.fit` is one session. A custom training loop is another, whose step is a closure:
///
/// ```swift
/// let network = Sequential { Dense(16, activation: .relu); Dense(2) }
/// let step = try TrainingStep(
///     network, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1, momentum: 0.9), metrics: [.accuracy],
///     schedule: .cosine(warmupSteps: 100))
/// var state = try step.initialState(input: [2], seed: 7)
/// let session = TrainingSession(
///     of: step, callbacks: [.earlyStopping(monitor: "training.loss", patience: 3)])
/// let history = try session.run(
///     &state, on: Dataset.moons(noise: 0.1, seed: 1), epochs: 10, batchSize: 128
/// ) { state, batch, learningRate in
///     try step(&state, batch, learningRate: learningRate)
/// }
/// ```
///
/// A session is a value and keeps nothing: each call of `run` begins with the state that it is given.
public struct TrainingSession: Sendable {
    let objective: Objective
    let schedule: Schedule
    let callbacks: [Callback]
    let folder: String?
    /// Looks into the model for callbacks that need it.
    var observer: ModelObserver?
    /// Whether there are validation data; `nil` where a closure decides.
    var isValidated: Bool?

    /// What the session is going to measure.
    var measures: MeasuredNames { MeasuredNames(objective, isValidated: isValidated) }
    /// What the last bits of the training may depend on besides the experiment, by name.
    var conditions = Device.current.conditions

    /// A session.
    ///
    /// - Parameters:
    ///   - loss: The loss of the steps; its reduction says how the loss of an epoch follows from those of its batches.
    ///   - metrics: The metrics that the steps measure.
    ///   - schedule: The factor on the optimizer's learning rate, step by step.
    ///   - callbacks: What happens besides training.
    ///   - folder: The folder of the run, for callbacks that write files.
    ///   - observer: Looks into the model for callbacks that need it, such as histograms.
    public init(
        loss: Loss, metrics: [Metric] = [], schedule: Schedule = .constant, callbacks: [Callback] = [],
        folder: String? = nil, observer: ModelObserver? = nil
    ) {
        self.init(
            objective: Objective(loss: loss, metrics: metrics), schedule: schedule, callbacks: callbacks,
            folder: folder,
            observer: observer)
    }

    /// A session of a model with an objective, which may have several outputs.
    public init(
        objective: Objective, schedule: Schedule = .constant, callbacks: [Callback] = [], folder: String? = nil,
        observer: ModelObserver? = nil
    ) {
        self.objective = objective
        self.schedule = schedule
        self.callbacks = callbacks
        self.folder = folder
        self.observer = observer
    }

    /// A session of a step: it measures what the step measures, and follows its schedule.
    public init(
        of step: TrainingStep, callbacks: [Callback] = [], folder: String? = nil, observer: ModelObserver? = nil
    ) {
        self.init(
            objective: step.objective, schedule: step.schedule, callbacks: callbacks, folder: folder,
            observer: observer)
    }

    /// Trains for `epochs` epochs, each a pass over all samples in an order that follows from the state's seed.
    ///
    /// A state in the midst of an epoch continues there.
    ///
    /// - Parameters:
    ///   - state: The state that is trained.
    ///   - training: The samples to train on.
    ///   - epochs: The epoch after which training ends.
    ///   - batchSize: How many samples a step takes; the last batch of an epoch may have fewer.
    ///   - augmentations: Random changes of the training samples.
    ///   - checkpoints: A folder of checkpoints of the same training: it resumes from the newest whole one, which replaces the
    ///     state, and `epochs` counts from the start of that training. Without any it begins.
    ///   - report: Receives a message when a checkpoint is damaged or was made under other conditions, such as other data or number of
    ///     threads, when warm-up takes most of the training, and after an epoch in which no step counts.
    ///   - step: Receives the state, the next batch and its learning rate. It trains the state on the batch and returns what it
    ///     measured, or `nil` if the step is to be left out of the epoch's loss and metrics.
    ///   - validation: Receives the state after each epoch and returns what it measured on validation data.
    /// - Throws: `TrainingError` if there is nothing to train on, or if checkpoints belong to another training or none is whole;
    ///   `DatasetError` if the augmentations do not fit the samples; the error of a sample that can't be read; and what the closures
    ///   and the callbacks throw.
    @discardableResult
    public func run(
        _ state: inout TrainingState, on training: Dataset, epochs: Int, batchSize: Int,
        augmentations: [Augmentation] = [], resuming checkpoints: String? = nil, report: (String) -> Void = { _ in },
        step: (inout TrainingState, Batch, Double) throws -> StepResult?,
        validation: (TrainingState) throws -> Measurements? = { _ in nil }
    ) throws -> History {
        try check(training, epochs: epochs, batchSize: batchSize, augmentations: augmentations)
        return try run(
            &state, on: training, epochs: epochs, batchSize: batchSize, augmentations: augmentations,
            resuming: checkpoints, report: report, onEvent: nil, step: step, validation: validation)
    }

    /// So many that their steps can be counted.
    private static let greatestEpochCount = 1 << 30

    /// Throws what makes a training impossible before it begins.
    func check(_ training: Dataset, epochs: Int, batchSize: Int, augmentations: [Augmentation]) throws {
        guard training.count > 0 else { throw TrainingError("there is nothing to train on: the data set is empty") }
        guard epochs >= 0, batchSize >= 1 else {
            throw TrainingError(
                "epochs must be at least 0 and batchSize at least 1, received \(epochs) and \(batchSize)")
        }
        guard epochs <= TrainingSession.greatestEpochCount else {
            throw TrainingError("epochs must be at most \(TrainingSession.greatestEpochCount), received \(epochs)")
        }
        do { try schedule.validate() } catch { throw TrainingError(error) }
        if let problem = objective.problem { throw TrainingError(problem) }
        try callbacks.check(measures, folder: folder)
        try training.check(augmentations)
    }

    /// The loop, for a request that was checked.
    ///
    /// - Parameter onEvent: Receives every event after the callbacks.
    func run(
        _ state: inout TrainingState, on training: Dataset, epochs: Int, batchSize: Int, augmentations: [Augmentation],
        resuming checkpoints: String?, report: (String) -> Void, onEvent: EventHandler?,
        step: (inout TrainingState, Batch, Double) throws -> StepResult?,
        validation: (TrainingState) throws -> Measurements?
    ) throws -> History {
        try state.checkGroups()
        var progress = SessionProgress(self, baseLearningRate: state.optimizer.learningRate, onEvent: onEvent)
        let stepsPerEpoch = (training.count - 1) / batchSize + 1
        try progress.begin(
            &state, epochs: epochs, stepsPerEpoch: stepsPerEpoch, samplesPerEpoch: training.count,
            resuming: checkpoints, report: report)
        var isWhole = false
        defer { if !isWhole { progress.writeKept() } }
        let totalSteps = progress.lastEpoch * stepsPerEpoch
        if let remark = schedule.remark(steps: totalSteps) { report(remark) }
        if let remark = state.layout.plan.remark(lastEpoch: progress.lastEpoch) { report(remark) }
        epochs: while state.epoch < progress.lastEpoch, progress.stopReason == nil {
            try progress.beginEpoch(&state)
            if progress.stopReason != nil { break }
            let batches = training.batches(of: batchSize, from: state, augmentations: augmentations)
            for batch in batches {
                let rate =
                    progress.baseLearningRate * schedule.factor(step: state.step, total: totalSteps)
                    * progress.learningRateFactor
                let result = try step(&state, batch, rate)
                state.batch += 1
                try progress.stepEnded(result, &state, learningRate: rate)
                if progress.stopReason != nil { break epochs }
            }
            try batches.checkFailure()
            try progress.endEpoch(&state, validation: validation)
            if progress.sum.count == 0 {
                report("no step of epoch \(state.epoch) counts: all were left out, for their losses were not finite")
            }
        }
        try progress.end(&state)
        isWhole = true
        return progress.history
    }
}

extension Dataset {
    /// The batches that are left of the epoch in which a state is.
    func batches(of size: Int, from state: TrainingState, augmentations: [Augmentation]) -> Batches {
        batches(
            of: size, epoch: state.epoch, seed: state.seed, startingAt: state.batch, augmentations: augmentations)
    }
}
