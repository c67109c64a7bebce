import Foundation

/// Receives an event when it has happened, and what may be changed in the training.
typealias EventHandler = (Event, inout TrainingControl) throws -> Void

/// How far a session is: its history, the sums and the clock of the epoch, and what callbacks decided.
struct SessionProgress {
    /// The finished epochs; after `end` also why training ended.
    var history = History()
    /// Why training is to end, if a callback wants it to.
    var stopReason: StopReason?
    /// The factor of callbacks on the learning rate.
    var learningRateFactor = 1.0
    /// The optimizer's learning rate.
    let baseLearningRate: Double
    /// The learning rate of the last step.
    var learningRate: Double
    /// The epoch after which training ends.
    private(set) var lastEpoch = 0
    /// The epoch with which training began.
    var firstEpoch = 0
    /// The loss and the metrics of the epoch so far.
    var sum: MeasurementSum
    /// Whether the epoch has begun.
    var isMidEpoch = false
    /// The time in the epoch before training was resumed.
    var epochSeconds = 0.0
    private var epochStart = ContinuousClock().now
    /// Whether callbacks have received `Event.stopped`.
    var hasStopped = false
    var callbacks: [Callback]
    let session: TrainingSession
    private let onEvent: EventHandler?
    private let receivesSteps: Bool

    init(_ session: TrainingSession, baseLearningRate: Double, onEvent: EventHandler?) {
        self.session = session
        self.baseLearningRate = baseLearningRate
        learningRate = baseLearningRate
        callbacks = session.callbacks
        self.onEvent = onEvent
        receivesSteps = onEvent != nil || callbacks.contains { $0.rule.receivesSteps }
        sum = MeasurementSum(session.objective)
    }

    /// The time in the epoch so far.
    var secondsInEpoch: Double { epochSeconds + (ContinuousClock().now - epochStart) / .seconds(1) }

    // MARK: The course of a session

    /// Begins a training, or resumes one from the newest whole checkpoint of a folder.
    mutating func begin(
        _ state: inout TrainingState, epochs: Int, stepsPerEpoch: Int, samplesPerEpoch: Int, resuming: String?,
        report: (String) -> Void
    ) throws {
        let found = try resuming.flatMap { try TrainingCheckpoint.newest(in: $0, for: state, report: report) }
        firstEpoch = found?.checkpoint.firstEpoch ?? state.epoch
        lastEpoch = firstEpoch + epochs
        if let found {
            state = found.checkpoint.state
            if let note = changedConditions(since: found.checkpoint) { report(note) }
        }
        session.observer?.forget()
        let plan = TrainingPlan(
            folder: session.folder, epochs: lastEpoch, stepsPerEpoch: stepsPerEpoch, samplesPerEpoch: samplesPerEpoch,
            epoch: state.epoch, step: state.step, isResumed: found != nil, measures: session.measures,
            observer: session.observer)
        for index in callbacks.indices { try callbacks[index].rule.prepare(plan) }
        if let found {
            try restore(found.checkpoint)
            // It was saved as the last one, whatever its rank is now.
            if found.checkpoint.isAnnounced, let resuming { try send(.checkpointSaved("\(resuming)/last"), &state) }
        } else {
            try send(
                .began(epochs: lastEpoch, stepsPerEpoch: stepsPerEpoch, samplesPerEpoch: samplesPerEpoch), &state)
        }
    }

    /// Begins the next epoch, or continues the one in which training was interrupted.
    mutating func beginEpoch(_ state: inout TrainingState) throws {
        epochStart = ContinuousClock().now
        if isMidEpoch { return }
        sum = MeasurementSum(session.objective)
        epochSeconds = 0
        isMidEpoch = true
        let unfrozen = state.unfreeze()
        if unfrozen != nil { session.observer?.forget() }
        try send(.epochBegan(state.epoch + 1), &state)
        if let unfrozen {
            try send(
                .unfroze(
                    epoch: unfrozen.epoch, patterns: unfrozen.patterns, parameters: unfrozen.parameterCount), &state)
        }
    }

    /// Counts a step that the state has counted.
    ///
    /// - Parameter result: What the step measured; `nil` if it is left out of the sums.
    mutating func stepEnded(_ result: StepResult?, _ state: inout TrainingState, learningRate: Double) throws {
        self.learningRate = learningRate
        if let result { sum.add(result) }
        if receivesSteps {
            try send(.stepEnded(batch: state.batch, samples: sum.count, means: sum.measurements), &state)
        }
        if let observation = result?.observation { try send(.observed(observation), &state) }
    }

    /// Counts an epoch after its last step.
    ///
    /// - Parameter validation: Receives the state with which the epoch ends, and measures it.
    mutating func endEpoch(
        _ state: inout TrainingState, validation: (TrainingState) throws -> Measurements?
    ) throws {
        let seconds = secondsInEpoch
        state.epoch += 1
        state.batch = 0
        isMidEpoch = false
        let record = EpochRecord(
            epoch: state.epoch, step: state.step, training: sum.measurements, validation: try validation(state),
            learningRate: learningRate, seconds: seconds, samplesPerSecond: Double(sum.count) / seconds)
        history.epochs.append(record)
        try send(.epochEnded(record), &state)
    }

    /// Ends the training.
    mutating func end(_ state: inout TrainingState) throws {
        if let stopReason, !hasStopped {
            hasStopped = true
            try send(.stopped(stopReason), &state)
        }
        history.stopReason = stopReason ?? .completed
        try send(.ended(stopReason ?? .completed), &state)
    }

    // MARK: Events

    /// Sends an event to all callbacks, then writes the checkpoint that they request.
    private mutating func send(_ event: Event, _ state: inout TrainingState) throws {
        let time = Date()
        let isStep = if case .stepEnded = event { true } else { false }
        var requests: [TrainingControl] = []
        func note(_ training: TrainingControl) {
            if !training.writers.isEmpty || !training.keepers.isEmpty { requests.append(training) }
        }
        let isWatch = if case .observed = event { true } else { false }
        func receives(_ rule: any CallbackRule) -> Bool {
            isStep ? rule.receivesSteps : !isWatch || rule.watchEvery != nil
        }
        for index in callbacks.indices where receives(callbacks[index].rule) {
            var training = control(state, time)
            try callbacks[index].rule.handle(event, &training)
            apply(training, to: &state)
            note(training)
        }
        if let onEvent {
            var training = control(state, time)
            try onEvent(event, &training)
            apply(training, to: &state)
            note(training)
        }
        guard !requests.isEmpty else { return }
        let checkpoint = try checkpoint(state)
        for keep in requests.flatMap(\.keepers) { keep(checkpoint) }
        let writers = requests.flatMap(\.writers)
        if !writers.isEmpty { for callback in callbacks { try callback.rule.synchronize() } }
        for write in writers {
            let folder = try write(checkpoint)
            if checkpoint.isAnnounced { try send(.checkpointSaved(folder), &state) }
        }
    }

    private func control(_ state: TrainingState, _ time: Date) -> TrainingControl {
        TrainingControl(
            state: state, time: time, history: history, learningRate: learningRate, baseLearningRate: baseLearningRate,
            learningRateFactor: learningRateFactor)
    }

    /// Takes over what a callback changed.
    private mutating func apply(_ training: TrainingControl, to state: inout TrainingState) {
        if let replacement = training.replacement {
            state = replacement
            session.observer?.forget()
        }
        learningRateFactor = training.learningRateFactor
        stopReason = stopReason ?? training.stopReason
    }

    /// Lets callbacks write what they kept for later, for an error ends the training.
    func writeKept() {
        for callback in callbacks {
            try? callback.rule.synchronize()
            try? callback.rule.writeKept()
        }
    }
}
