public import Foundation

/// What a callback may read of the training, and change in it.
///
/// ```swift
/// let callback = Callback.onEvent { event, training in
///     guard case .epochEnded = event else { return }
///     if training.history.epochs.count >= 5 { training.learningRateFactor = 0.1 }
/// }
/// ```
public struct TrainingControl: Sendable {
    /// The state after the event; a copy, which stays as it is when training continues.
    public let state: TrainingState
    /// When the event happened: the same for all who receive it.
    public let time: Date
    /// The finished epochs.
    public let history: History
    /// The learning rate of the last step.
    public let learningRate: Double
    /// The optimizer's learning rate η, which the schedule and `learningRateFactor` multiply.
    public let baseLearningRate: Double
    /// A factor on the learning rate besides the schedule's; a change holds from the next step on.
    public var learningRateFactor: Double
    /// Why training is to end; `nil` if it continues.
    public private(set) var stopReason: StopReason?
    /// The state with which training continues instead of its own; `nil` if nothing replaces it.
    public private(set) var replacement: TrainingState?
    /// The functions that write the checkpoint after this event.
    private(set) var writers: [@Sendable (TrainingCheckpoint) throws -> String] = []
    /// The functions that keep the checkpoint after this event for later.
    private(set) var keepers: [@Sendable (TrainingCheckpoint) -> Void] = []

    init(
        state: TrainingState, time: Date, history: History, learningRate: Double, baseLearningRate: Double,
        learningRateFactor: Double
    ) {
        self.state = state
        self.time = time
        self.history = history
        self.learningRate = learningRate
        self.baseLearningRate = baseLearningRate
        self.learningRateFactor = learningRateFactor
    }

    /// Ends training after this event; the first reason stands.
    public mutating func stop(_ reason: StopReason) { stopReason = stopReason ?? reason }

    /// Replaces the state of the training, for instance by the best so far.
    public mutating func replaceState(_ state: TrainingState) { replacement = state }

    /// Requests a checkpoint, which is made when all callbacks have received the event.
    ///
    /// - Parameter write: Receives the checkpoint, writes it, and returns its folder.
    public mutating func checkpoint(_ write: @escaping @Sendable (TrainingCheckpoint) throws -> String) {
        writers.append(write)
    }

    /// Requests a checkpoint that is kept in memory for now: no file is synced for it.
    mutating func keepCheckpoint(_ keep: @escaping @Sendable (TrainingCheckpoint) -> Void) { keepers.append(keep) }
}
