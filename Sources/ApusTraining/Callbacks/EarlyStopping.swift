public import ApusConfiguration

/// Ends training when a value has not improved for some epochs.
///
/// ```swift
/// let (training, validation) = try Dataset.moons(noise: 0.2, seed: 1).split(validation: 0.2, seed: 7)
/// var trainer = Trainer(Dense(2), loss: .softmaxCrossEntropy, optimizer: .adam(), metrics: [.accuracy])
/// let history = try trainer.fit(
///     training, validation: validation, epochs: 100, batchSize: 50,
///     callbacks: [.earlyStopping(monitor: "validation.accuracy", patience: 5)])
/// ```
public struct EarlyStopping: MonitoringRule, Configurable {
    /// The value that must improve: `validation.loss`, `validation.accuracy`, …
    public var monitor: String
    /// Which values are better.
    public var mode: MonitorMode
    /// The change that an improvement must exceed.
    public var minimumDelta: Double
    /// The epochs without improvement after which training ends.
    public var patience: Int
    /// A value that must be passed for the first improvement.
    public var baseline: Double?
    /// The first epoch that counts, from 1.
    public var startEpoch: Int
    /// Whether the weights of the best epoch are restored at the end.
    public var restoreBest: Bool

    private struct Progress: Sendable {
        var best: Double?
        var bestEpoch = 0
        /// The last epoch that was better, or before the first that counts.
        var lastEpoch: Int?
        var state: TrainingState?
    }

    private var memory = Memory(Progress())

    /// The callback; what is out of range is an error before training.
    ///
    /// - Parameters:
    ///   - monitor: The value that is watched, by its name: `validation.loss`, `training.accuracy`.
    ///   - mode: The direction in which the value improves; by its name unless given.
    ///   - minimumDelta: The change that an improvement must exceed.
    ///   - patience: The epochs without improvement after which training ends.
    ///   - baseline: A value that must be passed for the first improvement; none if `nil`.
    ///   - startEpoch: The first epoch that counts, from 1.
    ///   - restoreBest: Whether the weights of the best epoch are restored at the end.
    public init(
        monitor: String = "validation.loss", mode: MonitorMode = .auto, minimumDelta: Double = 0, patience: Int = 3,
        baseline: Double? = nil, startEpoch: Int = 1, restoreBest: Bool = true
    ) {
        self.monitor = monitor
        self.mode = mode
        self.minimumDelta = minimumDelta
        self.patience = patience
        self.baseline = baseline
        self.startEpoch = startEpoch
        self.restoreBest = restoreBest
    }

    public static let schema = Schema(
        EarlyStopping(), .optional("monitor", \.monitor), .optional("mode", \.mode),
        .optional("minimumDelta", \.minimumDelta), .optional("patience", \.patience), .optional("baseline", \.baseline),
        .optional("startEpoch", \.startEpoch), .optional("restoreBest", \.restoreBest))

    public mutating func prepare(_ plan: TrainingPlan) throws {
        guard patience >= 1, minimumDelta >= 0 else {
            throw TrainingError(
                "early stopping needs a patience of at least 1 and a minimumDelta of at least 0, received \(patience) and \(minimumDelta)"
            )
        }
        memory = Memory(Progress())
    }

    public mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
        switch event {
        case .epochEnded(let record):
            let value = try record.monitored(monitor, by: name)
            guard record.epoch >= startEpoch else { return }
            if isBetter(value) {
                let state = restoreBest ? training.state : nil
                memory.value = Progress(best: value, bestEpoch: record.epoch, lastEpoch: record.epoch, state: state)
                return
            }
            let last = memory.value.lastEpoch ?? record.epoch - 1
            memory.value.lastEpoch = last
            guard record.epoch - last >= patience else { return }
            let best =
                memory.value.best.map {
                    "the best was \(Measurements.rounded($0)) in epoch \(memory.value.bestEpoch)"
                }
                ?? baseline.map { "it never passed the baseline \(Measurements.rounded($0))" }
                ?? "it was never a finite number"
            training.stop(
                .callback(
                    "\(monitor) has not improved for \(patience) \(patience == 1 ? "epoch" : "epochs"); \(best)"))
        case .ended(let reason):
            // An interrupted training resumes where it was.
            if reason != .interrupted, restoreBest, let state = memory.value.state { training.replaceState(state) }
        default: break
        }
    }

    private func isBetter(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        guard let best = memory.value.best ?? baseline else { return true }
        return mode.minimizes(monitor) ? value < best - minimumDelta : value > best + minimumDelta
    }

    private struct Saved: Codable {
        var best: Double?
        var bestEpoch: Int
        var lastEpoch: Int?
    }

    public func savedState() throws -> CallbackState? {
        let progress = memory.value
        return try CallbackState(
            encoding: Saved(best: progress.best, bestEpoch: progress.bestEpoch, lastEpoch: progress.lastEpoch),
            trainings: progress.state.map { ["best": $0] } ?? [:])
    }

    public mutating func restore(_ saved: CallbackState) throws {
        let values: Saved = try saved.decoded()
        memory.value = Progress(
            best: values.best, bestEpoch: values.bestEpoch, lastEpoch: values.lastEpoch, state: saved.trainings["best"])
    }
}

extension Callback {
    /// Ends training when `monitor` has not improved for `patience` epochs, and restores the best weights.
    public static func earlyStopping(
        monitor: String = "validation.loss", mode: MonitorMode = .auto, patience: Int, minimumDelta: Double = 0,
        baseline: Double? = nil, startEpoch: Int = 1, restoreBest: Bool = true
    ) -> Callback {
        Callback(
            EarlyStopping(
                monitor: monitor, mode: mode, minimumDelta: minimumDelta, patience: patience, baseline: baseline,
                startEpoch: startEpoch, restoreBest: restoreBest))
    }
}
