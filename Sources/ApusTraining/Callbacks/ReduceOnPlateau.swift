public import ApusConfiguration

/// Reduces the learning rate when a value has not improved for some epochs.
///
/// The rate of the schedule gets a factor that shrinks: f ← max(f · factor, minimumLearningRate / η). As in Keras, it falls after
/// `patience` epochs in a row without improvement; exactly `cooldown` epochs after a fall do not count (Keras counts the last of
/// them). As in PyTorch, an improvement is relative: a loss must fall below best − |best| · threshold, an accuracy must exceed
/// best + |best| · threshold.
///
/// ```swift
/// let callbacks: [Callback] = [
///     .reduceOnPlateau(monitor: "validation.loss", factor: 0.5, patience: 3),
///     .earlyStopping(patience: 10),
/// ]
/// ```
public struct ReduceOnPlateau: MonitoringRule, Configurable {
    /// The value that must improve: `validation.loss`, `validation.accuracy`, …
    public var monitor: String
    /// Which values are better.
    public var mode: MonitorMode
    /// What the learning rate is multiplied by, between 0 and 1.
    public var factor: Double
    /// The epochs in a row without improvement after which the rate falls.
    public var patience: Int
    /// The fraction of the best value by which an improvement must exceed it.
    public var threshold: Double
    /// The number of epochs after a reduction that do not count.
    public var cooldown: Int
    /// The least value of the optimizer's rate times the factor; the schedule may go below it.
    public var minimumLearningRate: Double

    private struct Progress: Codable, Sendable {
        var best: Double?
        var bad = 0
        var cooling = 0
    }

    private var memory = Memory(Progress())

    /// The callback; what is out of range is an error before training.
    ///
    /// - Parameters:
    ///   - monitor: The value that is watched, by its name: `validation.loss`, `training.accuracy`.
    ///   - mode: The direction in which the value improves; by its name unless given.
    ///   - factor: What the learning rate is multiplied by, below 1.
    ///   - patience: The epochs without improvement after which the rate is reduced.
    ///   - threshold: The relative change that counts as an improvement.
    ///   - cooldown: The epochs after a reduction that do not count.
    ///   - minimumLearningRate: The least value of η times the factor; the schedule may go below it.
    public init(
        monitor: String = "validation.loss", mode: MonitorMode = .auto, factor: Double = 0.1, patience: Int = 10,
        threshold: Double = 1e-4, cooldown: Int = 0, minimumLearningRate: Double = 0
    ) {
        self.monitor = monitor
        self.mode = mode
        self.factor = factor
        self.patience = patience
        self.threshold = threshold
        self.cooldown = cooldown
        self.minimumLearningRate = minimumLearningRate
    }

    public static let schema = Schema(
        ReduceOnPlateau(), .optional("monitor", \.monitor), .optional("mode", \.mode), .optional("factor", \.factor),
        .optional("patience", \.patience), .optional("threshold", \.threshold), .optional("cooldown", \.cooldown),
        .optional("minimumLearningRate", \.minimumLearningRate))

    public mutating func prepare(_ plan: TrainingPlan) throws {
        guard factor > 0, factor < 1, patience >= 1, cooldown >= 0 else {
            throw TrainingError(
                "reduceOnPlateau needs a factor between 0 and 1, a patience of at least 1 and a cooldown of at least 0, "
                    + "received \(factor), \(patience) and \(cooldown)")
        }
        guard threshold >= 0, minimumLearningRate >= 0 else {
            throw TrainingError(
                "reduceOnPlateau needs a threshold and a minimumLearningRate of at least 0, "
                    + "received \(threshold) and \(minimumLearningRate)")
        }
        memory = Memory(Progress())
    }

    public mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
        guard case .epochEnded(let record) = event else { return }
        let value = try record.monitored(monitor, by: name)
        let counts = memory.value.cooling == 0
        if !counts { memory.value.cooling -= 1 }
        if isBetter(value) {
            memory.value.best = value
            memory.value.bad = 0
        } else if counts {
            memory.value.bad += 1
            guard memory.value.bad >= patience else { return }
            let floor = minimumLearningRate / training.baseLearningRate
            training.learningRateFactor = min(
                training.learningRateFactor, max(training.learningRateFactor * factor, floor))
            memory.value.bad = 0
            memory.value.cooling = cooldown
        }
    }

    private func isBetter(_ value: Double) -> Bool {
        guard value.isFinite else { return false }
        guard let best = memory.value.best else { return true }
        let margin = abs(best) * threshold
        return mode.minimizes(monitor) ? value < best - margin : value > best + margin
    }

    public func savedState() throws -> CallbackState? { try CallbackState(encoding: memory.value) }
    public mutating func restore(_ saved: CallbackState) throws { memory.value = try saved.decoded() }
}

extension Callback {
    /// Reduces the learning rate when `monitor` has not improved for `patience` epochs.
    public static func reduceOnPlateau(
        monitor: String = "validation.loss", mode: MonitorMode = .auto, factor: Double = 0.1, patience: Int = 10,
        threshold: Double = 1e-4, cooldown: Int = 0, minimumLearningRate: Double = 0
    ) -> Callback {
        Callback(
            ReduceOnPlateau(
                monitor: monitor, mode: mode, factor: factor, patience: patience, threshold: threshold,
                cooldown: cooldown, minimumLearningRate: minimumLearningRate))
    }
}
