import ApusConfiguration

/// Reacts to the events of a training.
///
/// ```swift
/// struct Halving: CallbackRule {
///     var every: Int
///     mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
///         guard case .epochEnded(let record) = event, record.epoch % every == 0 else { return }
///         training.learningRateFactor /= 2
///     }
/// }
/// let callbacks: [Callback] = [Callback(Halving(every: 10))]
/// ```
public protocol CallbackRule: Sendable {
    /// The name under which checkpoints hold what the rule remembers.
    var name: String { get }
    /// Whether the rule receives `Event.stepEnded`; without a rule that does, a step costs nothing on the way.
    var receivesSteps: Bool { get }
    /// Whether the rule needs the `ModelObserver` of the plan.
    var needsModelObserver: Bool { get }
    /// Every how many steps the rule wants one to be watched, whose `Event.observed` it then receives; `nil` for never.
    var watchEvery: Int? { get }
    /// The files and folders that the rule writes, for two may not write one; none, unless it says so.
    ///
    /// - Parameter folder: That of the run, if there is one.
    func files(in folder: String?) -> [String]
    /// Receives the plan of the training, before the first event and before `restore`.
    mutating func prepare(_ plan: TrainingPlan) throws
    /// Reacts to an event. An error ends the training, which throws it.
    mutating func handle(_ event: Event, _ training: inout TrainingControl) throws
    /// Brings what the rule has written to the disk: a checkpoint that counts on it is about to be written.
    func synchronize() throws
    /// Writes what the rule has kept in memory for later: an error ends the training.
    func writeKept() throws
    /// What the rule remembers after the last event; `nil` if it remembers nothing.
    func savedState() throws -> CallbackState?
    /// Takes over what a checkpoint holds of the rule.
    mutating func restore(_ saved: CallbackState) throws
}

extension CallbackRule {
    /// The kind in files; for other rules the name of the type, spelled like a kind.
    public var name: String { (Self.self as? any Configurable.Type)?.kind ?? Names.kind(of: Self.self) }
    public var receivesSteps: Bool { false }
    public var needsModelObserver: Bool { false }
    public var watchEvery: Int? { nil }
    public func files(in folder: String?) -> [String] { [] }
    public func synchronize() throws {}
    public func writeKept() throws {}
    public mutating func prepare(_ plan: TrainingPlan) throws {}
    public func savedState() throws -> CallbackState? { nil }
    public mutating func restore(_ saved: CallbackState) throws {}
}

/// What a rule remembers while training runs; it is no part of the rule's equality.
struct Memory<Value: Sendable>: Sendable, Hashable {
    var value: Value
    init(_ value: Value) { self.value = value }
    static func == (a: Memory, b: Memory) -> Bool { true }
    func hash(into hasher: inout Hasher) {}
}
