public import ApusConfiguration

/// Writes checkpoints: the last ones, and the best so far.
///
/// `FOLDER/last` and `FOLDER/best` hold all that training needs to resume exactly; older and less good ones are in `last-1`, `best-1`
/// and so on. Each folder appears whole or not at all.
public struct Checkpoint: CallbackRule, Configurable {
    /// The folder of the checkpoints; `nil` for `checkpoints` in the folder of the run.
    public var folder: String?
    /// The value by which the best epoch is chosen; the training loss where it is not measured.
    public var monitor: String
    /// Which values are better.
    public var mode: MonitorMode
    /// The number of epochs between checkpoints; with 0 there is one at the end, and when training is interrupted.
    public var everyEpochs: Int
    /// The number of steps between further checkpoints; 0 for none.
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

    private struct Place: Sendable {
        var store: CheckpointStore?
        var epochs = 0
        /// Whether what is in the folder is of another training.
        var isForeign = true
        var progress = Progress()
    }

    private var memory = Memory(Place())

    public init(
        folder: String? = nil, monitor: String = "validation.loss", mode: MonitorMode = .auto, everyEpochs: Int = 1,
        everySteps: Int = 0, keepLast: Int = 2, keepBest: Int = 1
    ) {
        self.folder = folder
        self.monitor = monitor
        self.mode = mode
        self.everyEpochs = everyEpochs
        self.everySteps = everySteps
        self.keepLast = keepLast
        self.keepBest = keepBest
    }

    public static let schema = Schema(
        Checkpoint(), .optional("folder", \.folder), .optional("monitor", \.monitor), .optional("mode", \.mode),
        .optional("everyEpochs", \.everyEpochs), .optional("everySteps", \.everySteps),
        .optional("keepLast", \.keepLast), .optional("keepBest", \.keepBest))

    public var receivesSteps: Bool { everySteps > 0 }

    public mutating func prepare(_ plan: TrainingPlan) throws {
        guard everyEpochs >= 0, everySteps >= 0, keepLast >= 1, keepBest >= 0 else {
            throw TrainingError(
                "a checkpoint needs everyEpochs, everySteps and keepBest of at least 0 and keepLast of at least 1, "
                    + "received \(everyEpochs), \(everySteps), \(keepBest) and \(keepLast)")
        }
        guard let path = folder ?? plan.folder.map({ "\($0)/\(CheckpointStore.usualName)" }) else {
            throw TrainingError("the checkpoint has no folder: give it one, or give the training a folder")
        }
        let store = CheckpointStore(path)
        store.removeHalf()
        memory = Memory(Place(store: store, epochs: plan.epochs, isForeign: !plan.isResumed))
    }

    public mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
        switch event {
        case .stepEnded:
            if everySteps > 0, training.state.step % everySteps == 0 { save(rank: nil, &training) }
        case .epochEnded(let record):
            let rank = rank(record)
            let isDue = everyEpochs > 0 && record.epoch % everyEpochs == 0
            if isDue || rank != nil || record.epoch >= memory.value.epochs { save(rank: rank, &training) }
        case .stopped:
            let progress = memory.value.progress
            if progress.lastStep != training.state.step || progress.lastEpoch != training.state.epoch {
                save(rank: nil, &training)
            }
        default: break
        }
    }

    /// The place among the best, from 0, which the epoch takes.
    private mutating func rank(_ record: EpochRecord) -> Int? {
        // Without validation data the training loss decides.
        let name = record.value(monitor) == nil ? "training.loss" : monitor
        guard keepBest > 0, let value = record.value(name), value.isFinite else { return nil }
        let isMinimized = record.value(monitor) == nil ? true : mode.minimizes(name)
        let best = memory.value.progress.best
        let rank = best.firstIndex { isMinimized ? value < $0.value : value > $0.value } ?? best.count
        guard rank < keepBest else { return nil }
        memory.value.progress.best.insert(Best(value: value, epoch: record.epoch), at: rank)
        memory.value.progress.best = Array(memory.value.progress.best.prefix(keepBest))
        return rank
    }

    private mutating func save(rank: Int?, _ training: inout TrainingControl) {
        memory.value.progress.lastStep = training.state.step
        memory.value.progress.lastEpoch = training.state.epoch
        guard let store = memory.value.store else { return }
        let (keepLast, keepBest, isForeign) = (keepLast, keepBest, memory.value.isForeign)
        memory.value.isForeign = false
        training.checkpoint { checkpoint in
            try store.save(
                checkpoint, keepLast: keepLast, best: rank.map { ($0, keepBest) }, removesOthers: isForeign)
        }
    }

    public func savedState() throws -> CallbackState? { try CallbackState(encoding: memory.value.progress) }

    public mutating func restore(_ saved: CallbackState) throws {
        memory.value.progress = try saved.decoded()
        memory.value.isForeign = false
        // A process that was killed while it moved folders left them in disorder.
        try memory.value.store?.arrange(
            last: (memory.value.progress.lastStep, memory.value.progress.lastEpoch),
            best: memory.value.progress.best.map(\.epoch))
    }
}

extension Callback {
    /// Writes a checkpoint after every epoch to `folder/last`, and that of the best epoch to `folder/best`.
    public static func checkpoint(
        _ folder: String? = nil, monitor: String = "validation.loss", mode: MonitorMode = .auto, everyEpochs: Int = 1,
        everySteps: Int = 0, keepLast: Int = 2, keepBest: Int = 1
    ) -> Callback {
        Callback(
            Checkpoint(
                folder: folder, monitor: monitor, mode: mode, everyEpochs: everyEpochs, everySteps: everySteps,
                keepLast: keepLast, keepBest: keepBest))
    }
}
