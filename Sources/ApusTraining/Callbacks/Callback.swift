/// What happened during a training.
public enum Event: Sendable, Hashable {
    /// Training begins, with so many epochs of so many steps.
    case began(epochs: Int, stepsPerEpoch: Int, samplesPerEpoch: Int)
    /// An epoch begins; from 1.
    case epochBegan(Int)
    /// A batch was trained on: its place in the epoch (from 1), and the epoch's means so far.
    case stepEnded(batch: Int, samples: Int, means: Measurements)
    case epochEnded(EpochRecord)
    case ended(StopReason)
}

/// What a callback may do to the training.
public struct TrainerControl: Sendable {
    /// The state after the event; a copy, so that looking at it changes nothing.
    public let state: TrainingState
    public let history: History
    /// Why the training is to end, if it is.
    public private(set) var stopReason: StopReason?
    /// What the training goes on with in place of its own state.
    public private(set) var replacement: TrainingState?

    init(state: TrainingState, history: History) {
        self.state = state
        self.history = history
    }

    /// Ends the training after this event; the first reason stands.
    public mutating func stop(_ reason: StopReason) { stopReason = stopReason ?? reason }

    /// Puts other weights in place of the current ones, for instance the best so far.
    public mutating func replaceState(_ state: TrainingState) { replacement = state }
}

/// Reacts to the events of a training.
public protocol CallbackRule: Sendable {
    /// Whether the rule wants to hear of every step; the others cost nothing on the way.
    var watchesSteps: Bool { get }
    mutating func handle(_ event: Event, _ control: inout TrainerControl) throws
}

extension CallbackRule {
    public var watchesSteps: Bool { false }
}

/// Something that happens besides training: `callbacks: [.earlyStopping(patience: 3)]`.
public struct Callback: Sendable {
    var rule: any CallbackRule

    public init(_ rule: some CallbackRule) {
        self.rule = rule
    }

    /// Runs a function on every event.
    public static func onEvent(
        watchesSteps: Bool = false, _ function: @escaping @Sendable (Event, inout TrainerControl) throws -> Void
    ) -> Callback {
        Callback(FunctionCallback(watchesSteps: watchesSteps, function: function))
    }
}

private struct FunctionCallback: CallbackRule {
    let watchesSteps: Bool
    let function: @Sendable (Event, inout TrainerControl) throws -> Void

    func handle(_ event: Event, _ control: inout TrainerControl) throws { try function(event, &control) }
}
