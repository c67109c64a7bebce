public import ApusConfiguration
import Synchronization

/// Writes checkpoints: the last ones, and the best so far.
///
/// `FOLDER/last` and `FOLDER/best` hold all that training needs to resume exactly; older and less good ones are in `last-1`, `best-1`
/// and so on. Each folder appears whole or not at all. Without validation data there is no best one if validation is watched.
///
/// Where epochs are short, not each is written: the best wait in memory for the next that is. The last epoch, what an interruption
/// leaves, and the best at the end or before an error always are.
///
/// After a process was killed while it moved folders, `last` and `best` are those of an undisturbed training; `last-1` and so on may be
/// of earlier epochs.
///
/// ```swift
/// let data = Dataset.spirals(seed: 1)
/// var trainer = Trainer(
///     Sequential { Dense(64, activation: .relu); Dense(2) },
///     loss: .softmaxCrossEntropy, optimizer: .adam())
/// try trainer.fit(
///     data, epochs: 20, batchSize: 50,
///     callbacks: [.checkpoint("checkpoints", monitor: "training.loss")],
///     resuming: "checkpoints")  // continues where an interrupted one ended
/// ```
public struct Checkpoint: MonitoringRule, Configurable {
    /// The folder of the checkpoints; `nil` for `checkpoints` in the folder of the run.
    public var folder: String?
    /// The value by which the best epoch is chosen.
    public var monitor: String
    /// Which values are better.
    public var mode: MonitorMode
    /// The number of epochs between checkpoints; with 0 there is one at the end, and when training is interrupted.
    public var everyEpochs: Int
    /// The least time between the checkpoints of epochs, in seconds; with 0 none is left out.
    public var everySeconds: Double
    /// The number of steps between further checkpoints, however short they are; 0 for none.
    public var everySteps: Int
    /// The number of last checkpoints that are kept.
    public var keepLast: Int
    /// The number of best checkpoints that are kept.
    public var keepBest: Int

    private struct Best: Codable, Sendable {
        var value: Double
        /// The epochs that were finished.
        var epoch: Int
    }

    private struct Progress: Codable, Sendable {
        /// The best first.
        var best: [Best] = []
        /// Where the training was when the last one was asked for.
        var lastStep = -1
        var lastEpoch = -1
    }

    /// The best checkpoints that are not written yet, the earliest first.
    private final class Kept: Sendable {
        let checkpoints = Mutex<[(rank: Int, checkpoint: TrainingCheckpoint)]>([])
    }

    private struct Place: Sendable {
        var store: CheckpointStore?
        var kept = Kept()
        var epochs = 0
        /// Whether the value is measured by which the best is chosen.
        var hasBest = true
        /// When the last one was written, and where the training was then.
        var writtenAt: ContinuousClock.Instant?
        var written = (step: -1, epoch: -1)
        /// Whether what is in the folder is of another training.
        var isForeign = true
        var progress = Progress()
    }

    private var memory = Memory(Place())

    /// Checkpoints with the usual settings where none are given.
    public init(
        folder: String? = nil, monitor: String = "validation.loss", mode: MonitorMode = .auto, everyEpochs: Int = 1,
        everySeconds: Double = 5, everySteps: Int = 0, keepLast: Int = 2, keepBest: Int = 1
    ) {
        self.folder = folder
        self.monitor = monitor
        self.mode = mode
        self.everyEpochs = everyEpochs
        self.everySeconds = everySeconds
        self.everySteps = everySteps
        self.keepLast = keepLast
        self.keepBest = keepBest
    }

    public static let schema = Schema(
        Checkpoint(), .optional("folder", \.folder), .optional("monitor", \.monitor), .optional("mode", \.mode),
        .optional("everyEpochs", \.everyEpochs), .optional("everySeconds", \.everySeconds),
        .optional("everySteps", \.everySteps), .optional("keepLast", \.keepLast), .optional("keepBest", \.keepBest))

    public var receivesSteps: Bool { everySteps > 0 }
    public var needsValidation: Bool { false }
    public func files(in folder: String?) -> [String] { path(in: folder).map { [$0] } ?? [] }

    private func path(in folder: String?) -> String? {
        self.folder ?? folder.map { "\($0)/\(CheckpointStore.usualName)" }
    }

    public mutating func prepare(_ plan: TrainingPlan) throws {
        let most = 1000
        guard max(keepLast, keepBest) <= most else {
            throw TrainingError(
                "a checkpoint keeps at most \(most) last and \(most) best ones, received \(keepLast) and \(keepBest)")
        }
        guard everyEpochs >= 0, everySteps >= 0, keepLast >= 1, keepBest >= 0 else {
            throw TrainingError(
                "a checkpoint needs everyEpochs, everySteps and keepBest of at least 0 and keepLast of at least 1, "
                    + "received \(everyEpochs), \(everySteps), \(keepBest) and \(keepLast)")
        }
        guard everySeconds >= 0, everySeconds.isFinite else {
            throw TrainingError("a checkpoint needs everySeconds of at least 0, received \(everySeconds)")
        }
        guard let path = path(in: plan.folder) else {
            throw TrainingError("the checkpoint has no folder: give it one, or give the training a folder")
        }
        let store = CheckpointStore(path)
        store.removeHalf()
        let hasBest = keepBest > 0 && plan.measures.problem(monitor) == nil
        memory = Memory(Place(store: store, epochs: plan.epochs, hasBest: hasBest, isForeign: !plan.isResumed))
    }

    public mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
        switch event {
        case .stepEnded:
            if everySteps > 0, training.state.step % everySteps == 0 { save(rank: nil, &training) }
        case .epochEnded(let record):
            let rank = try rank(record)
            let isDue = everyEpochs > 0 && record.epoch % everyEpochs == 0
            if record.epoch >= memory.value.epochs || (isDue || rank != nil) && isTime {
                save(rank: rank, &training)
            } else if let rank {
                keep(rank, &training)
            }
        case .stopped:
            if memory.value.written != (training.state.step, training.state.epoch) { save(rank: nil, &training) }
        case .ended(let reason): try keepRestored(reason, training)
        default: break
        }
    }

    private var isTime: Bool {
        memory.value.writtenAt.map { (ContinuousClock().now - $0) / .seconds(1) >= everySeconds } ?? true
    }

    /// The place among the best, from 0, which the epoch takes.
    private mutating func rank(_ record: EpochRecord) throws -> Int? {
        guard memory.value.hasBest, record.validation != nil || !monitor.hasPrefix("validation.") else { return nil }
        let value = try record.monitored(monitor, by: name)
        guard value.isFinite else { return nil }
        let isMinimized = mode.minimizes(monitor)
        let best = memory.value.progress.best
        let rank = best.firstIndex { isMinimized ? value < $0.value : value > $0.value } ?? best.count
        guard rank < keepBest else { return nil }
        memory.value.progress.best.insert(Best(value: value, epoch: record.epoch), at: rank)
        memory.value.progress.best = Array(memory.value.progress.best.prefix(keepBest))
        return rank
    }

    private mutating func note(_ training: TrainingControl) {
        memory.value.progress.lastStep = training.state.step
        memory.value.progress.lastEpoch = training.state.epoch
    }

    private mutating func save(rank: Int?, _ training: inout TrainingControl) {
        note(training)
        memory.value.written = (training.state.step, training.state.epoch)
        memory.value.writtenAt = ContinuousClock().now
        guard let store = memory.value.store else { return }
        let (keepLast, keepBest, isForeign) = (keepLast, keepBest, memory.value.isForeign)
        let writeKept = keptWriter
        memory.value.isForeign = false
        training.checkpoint { checkpoint in
            try writeKept()
            return try store.save(
                checkpoint, keepLast: keepLast, best: rank.map { ($0, keepBest) }, removesOthers: isForeign)
        }
    }

    /// Keeps one of the best in memory; those that are no longer among them go.
    private mutating func keep(_ rank: Int, _ training: inout TrainingControl) {
        note(training)
        let (kept, best) = (memory.value.kept, Set(memory.value.progress.best.map(\.epoch)))
        training.keepCheckpoint { checkpoint in
            kept.checkpoints.withLock { checkpoints in
                checkpoints.removeAll { !best.contains($0.checkpoint.state.epoch) }
                checkpoints.append((rank, checkpoint))
            }
        }
    }

    /// Writes the best that are kept in memory, one after the other as if each had been written at its time.
    private var keptWriter: @Sendable () throws -> Void {
        let (kept, store, keepBest) = (memory.value.kept, memory.value.store, keepBest)
        let best = Set(memory.value.progress.best.map(\.epoch))
        return {
            try kept.checkpoints.withLock { checkpoints in
                for (rank, checkpoint) in checkpoints where best.contains(checkpoint.state.epoch) {
                    try store?.saveBest(checkpoint, rank: rank, keep: keepBest)
                }
                checkpoints.removeAll()
            }
        }
    }

    public func writeKept() throws { try keptWriter() }

    /// Where another callback has put an earlier epoch's weights back at the end, these are the best unless there are others.
    private func keepRestored(_ reason: StopReason, _ training: TrainingControl) throws {
        guard reason != .interrupted, keepBest > 0, memory.value.written.step >= 0,
            !memory.value.hasBest || memory.value.progress.best.isEmpty,
            training.state.epoch != memory.value.progress.lastEpoch
        else { return }
        var checkpoint = TrainingCheckpoint(training.state)
        checkpoint.history = training.history
        try memory.value.store?.saveBest(checkpoint, rank: 0, keep: keepBest)
    }

    public func savedState() throws -> CallbackState? { try CallbackState(encoding: memory.value.progress) }

    public mutating func restore(_ saved: CallbackState) throws {
        memory.value.progress = try saved.decoded()
        // Earlier versions chose the best by the training loss where validation was not measured.
        if !memory.value.hasBest { memory.value.progress.best = [] }
        memory.value.isForeign = false
        memory.value.written = (memory.value.progress.lastStep, memory.value.progress.lastEpoch)
        // A process that was killed while it moved folders left them in disorder.
        try memory.value.store?.arrange(
            last: memory.value.written, best: memory.value.progress.best.map(\.epoch))
    }
}

extension Callback {
    /// Writes checkpoints of epochs to `folder/last`, at most one every few seconds, and that of the best epoch to `folder/best`.
    public static func checkpoint(
        _ folder: String? = nil, monitor: String = "validation.loss", mode: MonitorMode = .auto, everyEpochs: Int = 1,
        everySeconds: Double = 5, everySteps: Int = 0, keepLast: Int = 2, keepBest: Int = 1
    ) -> Callback {
        Callback(
            Checkpoint(
                folder: folder, monitor: monitor, mode: mode, everyEpochs: everyEpochs, everySeconds: everySeconds,
                everySteps: everySteps, keepLast: keepLast, keepBest: keepBest))
    }
}
