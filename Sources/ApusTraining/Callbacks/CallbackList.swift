public import ApusNN

/// Callbacks, and what they share: the history, the reason to stop, the factor on the learning rate.
///
/// `Trainer.fit` drives one; a loop of one's own can do the same:
///
///     var callbacks = CallbackList([.earlyStopping(patience: 3)], loss: loss, learningRate: 0.1)
///     try callbacks.begin(&state, epochs: 10, stepsPerEpoch: 8, samplesPerEpoch: 256)
///     while state.epoch < 10, callbacks.stopReason == nil {
///         try callbacks.beginEpoch(&state)
///         for batch in training.batches(of: 32, epoch: state.epoch, seed: 7, startingAt: state.batch) {
///             let rate = 0.1 * callbacks.learningRateFactor
///             let result = try step(&state, batch, learningRate: rate)
///             state.batch += 1
///             if try callbacks.stepEnded(result, &state, learningRate: rate) { break }
///         }
///         if callbacks.stopReason == nil { try callbacks.endEpoch(&state, validation: nil) }
///     }
///     try callbacks.end(&state)
public struct CallbackList: Sendable {
    /// The epochs so far; after `end` also why the training ended.
    public private(set) var history = History()
    /// Why the training is to end, if a callback wants it to.
    public private(set) var stopReason: StopReason?
    /// A factor on the learning rate, to be applied by the loop.
    public private(set) var learningRateFactor = 1.0
    private var callbacks: [Callback]
    private let loss: Loss
    private let metrics: [Metric]
    private let baseLearningRate: Double
    private let folder: String?
    private let observer: ModelObserver?
    private let receivesSteps: Bool
    private var learningRate: Double
    private var sum: MeasurementSum
    private var firstEpoch = 0
    /// Whether the epoch has begun.
    private var isMidEpoch = false
    private var epochStart = ContinuousClock().now
    /// The time of the epoch before the training was resumed.
    private var epochSeconds = 0.0
    private var hasStopped = false

    /// - Parameters:
    ///   - metrics: What the steps measure.
    ///   - learningRate: The optimizer's.
    ///   - folder: The folder of the run, for callbacks that write files.
    ///   - observer: Looks into the model for callbacks that need it.
    public init(
        _ callbacks: [Callback], loss: Loss, metrics: [Metric] = [], learningRate: Double, folder: String? = nil,
        observer: ModelObserver? = nil
    ) {
        self.callbacks = callbacks
        self.loss = loss
        self.metrics = metrics
        baseLearningRate = learningRate
        self.learningRate = learningRate
        self.folder = folder
        self.observer = observer
        receivesSteps = callbacks.contains { $0.rule.receivesSteps }
        sum = MeasurementSum(loss.reduction)
    }

    // MARK: Driving

    /// Begins a training, or goes on with one.
    ///
    /// - Parameters:
    ///   - epochs: How many epochs the training does in all.
    ///   - resuming: A folder of checkpoints: the training goes on from the newest whole one, which replaces the state; without any
    ///     it begins.
    ///   - report: Is told of checkpoints that are damaged.
    /// - Throws: `TrainingError` if checkpoints belong to another training, or none is whole; what callbacks throw.
    public mutating func begin(
        _ state: inout TrainingState, epochs: Int, stepsPerEpoch: Int, samplesPerEpoch: Int, resuming: String? = nil,
        report: (String) -> Void = { _ in }
    ) throws {
        let found = try resuming.flatMap { try TrainingCheckpoint.newest(in: $0, for: state, report: report) }
        firstEpoch = found?.checkpoint.firstEpoch ?? state.epoch
        if let found { state = found.checkpoint.state }
        observer?.forget()
        let plan = TrainingPlan(
            folder: folder, epochs: firstEpoch + epochs, stepsPerEpoch: stepsPerEpoch,
            samplesPerEpoch: samplesPerEpoch, epoch: state.epoch, step: state.step, isResumed: found != nil,
            observer: observer)
        for index in callbacks.indices { try callbacks[index].rule.prepare(plan) }
        if let found {
            try restore(found.checkpoint)
            // It was saved as the last one, whatever its rank is now.
            if found.checkpoint.isAnnounced, let resuming { try send(.checkpointSaved("\(resuming)/last"), &state) }
        } else {
            try send(
                .began(epochs: firstEpoch + epochs, stepsPerEpoch: stepsPerEpoch, samplesPerEpoch: samplesPerEpoch),
                &state)
        }
    }

    /// The epoch after which a training of so many epochs ends.
    func lastEpoch(_ epochs: Int) -> Int { firstEpoch + epochs }

    /// Begins the next epoch; one that was interrupted goes on.
    ///
    /// - Throws: What callbacks throw.
    public mutating func beginEpoch(_ state: inout TrainingState) throws {
        epochStart = ContinuousClock().now
        // One that was interrupted goes on.
        if isMidEpoch { return }
        sum = MeasurementSum(loss.reduction)
        epochSeconds = 0
        isMidEpoch = true
        try send(.epochBegan(state.epoch + 1), &state)
    }

    /// After every step, when the state counts it.
    ///
    /// - Parameter result: `nil` for a step that was skipped.
    /// - Returns: Whether the training is to end.
    @discardableResult
    public mutating func stepEnded(
        _ result: StepResult?, _ state: inout TrainingState, learningRate: Double
    ) throws -> Bool {
        self.learningRate = learningRate
        if let result { sum.add(result) }
        if receivesSteps {
            try send(.stepEnded(batch: state.batch, samples: sum.count, means: sum.measurements), &state)
        }
        return stopReason != nil
    }

    /// After the last step of an epoch: counts the epoch.
    ///
    /// - Parameter validation: Measures the state with which the epoch ends.
    /// - Returns: Whether the training is to end.
    @discardableResult
    public mutating func endEpoch(
        _ state: inout TrainingState, validation: ((TrainingState) throws -> Measurements?)?
    ) throws -> Bool {
        let seconds = epochSeconds + (ContinuousClock().now - epochStart) / .seconds(1)
        state.epoch += 1
        state.batch = 0
        isMidEpoch = false
        let record = EpochRecord(
            epoch: state.epoch, step: state.step, training: sum.measurements, validation: try validation?(state),
            learningRate: learningRate, seconds: seconds, samplesPerSecond: Double(sum.count) / seconds)
        history.epochs.append(record)
        try send(.epochEnded(record), &state)
        return stopReason != nil
    }

    /// Ends the training.
    public mutating func end(_ state: inout TrainingState) throws {
        if let stopReason, !hasStopped {
            hasStopped = true
            try send(.stopped(stopReason), &state)
        }
        history.stopReason = stopReason ?? .completed
        try send(.ended(stopReason ?? .completed), &state)
    }

    /// Tells the callbacks what happened.
    private mutating func send(_ event: Event, _ state: inout TrainingState) throws {
        guard !callbacks.isEmpty else { return }
        let isStep = if case .stepEnded = event { true } else { false }
        var writers: [@Sendable (TrainingCheckpoint) throws -> String] = []
        for index in callbacks.indices where !isStep || callbacks[index].rule.receivesSteps {
            var control = TrainingControl(
                state: state, history: history, learningRate: learningRate, baseLearningRate: baseLearningRate,
                learningRateFactor: learningRateFactor)
            try callbacks[index].rule.handle(event, &control)
            if let replacement = control.replacement {
                state = replacement
                observer?.forget()
            }
            learningRateFactor = control.learningRateFactor
            stopReason = stopReason ?? control.stopReason
            writers += control.writers
        }
        guard !writers.isEmpty else { return }
        let checkpoint = try checkpoint(state)
        for write in writers {
            let folder = try write(checkpoint)
            if checkpoint.isAnnounced { try send(.checkpointSaved(folder), &state) }
        }
    }

    // MARK: Checkpoints

    /// The names of the callbacks, made different by numbers.
    private var names: [String] {
        var counts: [String: Int] = [:]
        return callbacks.map { callback in
            let name = callback.rule.name
            counts[name, default: 0] += 1
            return counts[name] == 1 ? name : "\(name)-\(counts[name]!)"
        }
    }

    private func checkpoint(_ state: TrainingState) throws -> TrainingCheckpoint {
        var checkpoint = TrainingCheckpoint(state)
        checkpoint.history = history
        checkpoint.learningRate = learningRate
        checkpoint.learningRateFactor = learningRateFactor
        // An interruption is no part of the training.
        checkpoint.stopReason = stopReason == .interrupted ? nil : stopReason
        checkpoint.hasStopped = hasStopped && stopReason != .interrupted
        checkpoint.isAnnounced = !(hasStopped && stopReason == .interrupted)
        checkpoint.firstEpoch = firstEpoch
        if isMidEpoch {
            checkpoint.sum = sum.saved
            checkpoint.epochSeconds = epochSeconds + (ContinuousClock().now - epochStart) / .seconds(1)
        }
        for (name, callback) in zip(names, callbacks) {
            if let state = try callback.rule.savedState() { checkpoint.callbacks.append((name, state)) }
        }
        return checkpoint
    }

    private mutating func restore(_ checkpoint: TrainingCheckpoint) throws {
        history = checkpoint.history
        learningRateFactor = checkpoint.learningRateFactor
        learningRate = checkpoint.learningRate
        stopReason = checkpoint.stopReason
        hasStopped = checkpoint.hasStopped
        epochSeconds = checkpoint.epochSeconds
        isMidEpoch = checkpoint.sum != nil
        if let saved = checkpoint.sum { sum = try MeasurementSum(loss.reduction, saved, metrics) }
        for (index, name) in names.enumerated() {
            guard let saved = checkpoint.callbacks.first(where: { $0.name == name }) else { continue }
            try callbacks[index].rule.restore(saved.state)
        }
    }
}
