public import ApusBackend
public import ApusConfiguration
public import ApusData
public import ApusNN
public import ApusTensor
public import Foundation
import Synchronization

/// What happened during a training.
public enum Event: Sendable, Hashable {
    /// Training begins; it ends after the epoch `epochs`. A resumed training does not begin again.
    case began(epochs: Int, stepsPerEpoch: Int, samplesPerEpoch: Int)
    /// An epoch begins; from 1.
    case epochBegan(Int)
    /// A batch was trained on: its place in the epoch (from 1), and the epoch's means so far.
    case stepEnded(batch: Int, samples: Int, means: Measurements)
    /// An epoch is done and validated.
    case epochEnded(EpochRecord)
    /// A checkpoint was written to this folder.
    case checkpointSaved(String)
    /// Training ends before all epochs are done.
    case stopped(StopReason)
    /// Training ends, after `stopped` if that was sent; an error ends it without an event.
    case ended(StopReason)
}

/// What a callback may do to the training.
public struct TrainerControl: Sendable {
    /// The state after the event; a copy, so that looking at it changes nothing.
    public let state: TrainingState
    /// The epochs that are finished.
    public let history: History
    /// The learning rate of the last step.
    public let learningRate: Double
    /// The optimizer's own learning rate, to which schedule and `learningRateFactor` are factors.
    public let baseLearningRate: Double
    /// A factor on the learning rate besides that of the schedule; it holds from the next step on.
    public var learningRateFactor: Double
    /// Why the training is to end, if it is.
    public private(set) var stopReason: StopReason?
    /// What the training goes on with in place of its own state.
    public private(set) var replacement: TrainingState?
    /// What is to be done with a checkpoint.
    private(set) var writers: [@Sendable (TrainingCheckpoint) throws -> String] = []

    init(
        state: TrainingState, history: History, learningRate: Double, baseLearningRate: Double,
        learningRateFactor: Double
    ) {
        self.state = state
        self.history = history
        self.learningRate = learningRate
        self.baseLearningRate = baseLearningRate
        self.learningRateFactor = learningRateFactor
    }

    /// Ends the training after this event; the first reason stands.
    public mutating func stop(_ reason: StopReason) { stopReason = stopReason ?? reason }

    /// Puts other weights in place of the current ones, for instance the best so far.
    public mutating func replaceState(_ state: TrainingState) { replacement = state }

    /// Asks for a checkpoint: it is made when all callbacks have heard of the event.
    ///
    /// - Parameter write: Writes the checkpoint and returns its folder.
    public mutating func checkpoint(_ write: @escaping @Sendable (TrainingCheckpoint) throws -> String) {
        writers.append(write)
    }
}

/// What a training is about to do.
public struct RunContext: Sendable {
    /// The folder of the run, if it has one.
    public var folder: String?
    /// The epoch after which training ends.
    public var epochs: Int
    /// Steps an epoch; the last one may have fewer samples.
    public var stepsPerEpoch: Int
    /// The number of training samples.
    public var samplesPerEpoch: Int
    /// The epochs that are finished.
    public var epoch: Int
    /// The steps that are done.
    public var step: Int
    /// Whether the training goes on from a checkpoint.
    public var isResumed: Bool
    /// What is trained, for rules that look into it; `nil` in a loop of one's own that does not say.
    public var subject: TrainingSubject?

    /// A path of the settings, from the folder of the run on if it is relative.
    func path(_ path: String) -> String {
        guard let folder, !path.hasPrefix("/") else { return path }
        return "\(folder)/\(path)"
    }
}

/// What is trained, and samples to look at it with.
public struct TrainingSubject: Sendable {
    /// How many samples `Trainer` looks at: enough for histograms, and little work beside a step.
    static let sampleLimit = 32

    private let histograms: ModelHistograms
    private let batch: Batch
    private let last = Last()

    private final class Last: Sendable {
        /// Several callbacks look at the same step.
        let observation = Mutex<ModelObservation?>(nil)
    }

    /// - Parameter batch: The same samples in every epoch, as they are without random changes.
    /// - Throws: `TrainingError` if the loss is not one number: there is no gradient to look at then.
    public init(
        _ model: some Layer, loss: Loss, precision: NumericPrecision = .float32, device: Device = .cpu, batch: Batch
    ) throws {
        histograms = try ModelHistograms(model, loss: loss, precision: precision, device: device)
        self.batch = batch
    }

    /// Looks at the model as it is in a state.
    public func observation(_ state: TrainingState) throws -> ModelObservation {
        if let known = last.observation.withLock({ $0 }), known.step == state.step { return known }
        let observation = try histograms(state, batch)
        last.observation.withLock { $0 = observation }
        return observation
    }

    /// The next state to be looked at may be another one of the same step.
    func forget() { last.observation.withLock { $0 = nil } }
}

/// What a rule remembers, as checkpoints hold it.
public struct CallbackState: Sendable {
    /// What it remembers besides states of the training; the form is the rule's own.
    public var data: Data
    /// States of the training that the rule keeps, by name.
    public var trainings: [String: TrainingState]

    public init(_ data: Data, trainings: [String: TrainingState] = [:]) {
        self.data = data
        self.trainings = trainings
    }

    /// A value as JSON.
    public init(encoding value: some Encodable, trainings: [String: TrainingState] = [:]) throws {
        self.init(try StateCoding.encoder().encode([value]), trainings: trainings)
    }

    /// The value that was encoded.
    public func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try StateCoding.decoder().decode([Value].self, from: data)[0]
    }
}

/// Reacts to the events of a training.
public protocol CallbackRule: Sendable {
    /// Under which name checkpoints hold what the rule remembers.
    var name: String { get }
    /// Whether the rule wants to hear of every step; the others cost nothing on the way.
    var watchesSteps: Bool { get }
    /// Whether the rule wants a `TrainingSubject`.
    var looksInside: Bool { get }
    /// Hears of the run before the first event, and before `restore`.
    mutating func prepare(_ context: RunContext) throws
    /// Reacts to an event. An error ends the training, which throws it.
    mutating func handle(_ event: Event, _ control: inout TrainerControl) throws
    /// What the rule remembers after the last event; `nil` if it remembers nothing.
    func savedState() throws -> CallbackState?
    /// Remembers what a checkpoint holds.
    mutating func restore(_ saved: CallbackState) throws
}

extension CallbackRule {
    /// The kind in files; of other rules the name of the type, spelled like a kind.
    public var name: String { (Self.self as? any Configurable.Type)?.kind ?? Names.kind(of: Self.self) }
    public var watchesSteps: Bool { false }
    public var looksInside: Bool { false }
    public mutating func prepare(_ context: RunContext) throws {}
    public func savedState() throws -> CallbackState? { nil }
    public mutating func restore(_ saved: CallbackState) throws {}
}

/// Something that happens besides training: `callbacks: [.earlyStopping(patience: 3)]`.
public struct Callback: Sendable {
    /// What reacts to the events.
    public internal(set) var rule: any CallbackRule
    private let identity = Identity()

    private final class Identity: Sendable {}

    /// A callback by a rule, for instance one of one's own.
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
    let name = "onEvent"
    let watchesSteps: Bool
    let function: @Sendable (Event, inout TrainerControl) throws -> Void

    func handle(_ event: Event, _ control: inout TrainerControl) throws { try function(event, &control) }
}

/// The kinds of callbacks that can be read from files.
public enum CallbackKinds {
    package static let registry = Registry<any CallbackRule>(
        "callback",
        [
            EarlyStopping.self, Checkpoint.self, ReduceOnPlateau.self, TimeLimit.self, TerminateOnNonFinite.self,
            CSVLog.self, TensorBoard.self, HistogramLog.self,
        ])

    /// Makes a custom callback readable.
    ///
    /// - Throws: `RegistrationError` if another type has the name.
    public static func register(_ type: any (CallbackRule & Configurable).Type) throws(RegistrationError) {
        try registry.register(type.kind, type)
    }
}

extension Callback: Hashable, Codable, CustomStringConvertible {
    /// Whether both are of one kind with the same constants; other rules equal only their copies.
    public static func == (a: Callback, b: Callback) -> Bool {
        guard let left = a.rule as? any Configurable, let right = b.rule as? any Configurable else {
            return a.identity === b.identity
        }
        return AnyHashable(left) == AnyHashable(right)
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(rule.name) }
    public var description: String { "Callback(\(rule))" }

    public init(from decoder: any Decoder) throws {
        self.init(try CallbackKinds.registry.member(from: decoder).member)
    }

    public func encode(to encoder: any Encoder) throws {
        guard let rule = rule as? any CallbackRule & Configurable else {
            throw EncodingError.invalidValue(
                rule,
                EncodingError.Context(
                    codingPath: encoder.codingPath,
                    debugDescription:
                        "the callback \(rule.name) can't be written to a file: it is no kind with constants"
                ))
        }
        try rule.encode(named: type(of: rule).kind, to: encoder)
    }
}

extension Callback: FileRepresentable {
    public static var form: Form { .kinds(CallbackKinds.registry.form()) }
}

/// What a rule remembers while a training runs; no part of what it is.
struct Memory<Value: Sendable>: Sendable, Hashable {
    var value: Value
    init(_ value: Value) { self.value = value }
    static func == (a: Memory, b: Memory) -> Bool { true }
    func hash(into hasher: inout Hasher) {}
}
