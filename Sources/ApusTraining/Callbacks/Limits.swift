public import ApusConfiguration

/// Ends training after some time; the time before an interruption counts.
///
/// ```swift
/// let nightly: [Callback] = [.timeLimit(seconds: 8 * 3600), .checkpoint("checkpoints")]
/// ```
public struct TimeLimit: CallbackRule, Configurable {
    /// The time in seconds, at least 0; checked after every step and epoch.
    public var seconds: Double

    private struct Progress: Sendable {
        var start: ContinuousClock.Instant?
        var before = 0.0
    }

    private var memory = Memory(Progress())

    /// The callback.
    ///
    /// - Parameter seconds: The time after which training ends, in seconds, at least 0.
    public init(seconds: Double) {
        self.seconds = seconds
    }

    public static let schema = Schema(TimeLimit(seconds: 0), .leading("seconds", \.seconds, isLabelled: true))

    public var receivesSteps: Bool { true }

    public mutating func prepare(_ plan: TrainingPlan) throws {
        guard seconds >= 0 else { throw TrainingError("a time limit must be at least 0 seconds, received \(seconds)") }
        memory = Memory(Progress(start: ContinuousClock().now))
    }

    private var used: Double {
        memory.value.before + (memory.value.start.map { (ContinuousClock().now - $0) / .seconds(1) } ?? 0)
    }

    public mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
        switch event {
        case .stepEnded, .epochEnded:
            if used >= seconds {
                let whole = seconds == seconds.rounded() && seconds < 1e9 ? "\(Int(seconds))" : "\(seconds)"
                training.stop(.callback("the time limit of \(whole) s is reached"))
            }
        default: break
        }
    }

    public func savedState() throws -> CallbackState? { try CallbackState(encoding: used) }
    public mutating func restore(_ saved: CallbackState) throws { memory.value.before = try saved.decoded() }
}

/// Ends training when the mean loss of an epoch or of validation is not finite.
///
/// A loss of a step that is not finite ends `Trainer.fit` with a `DivergenceError` anyway, unless the optimizer skips such steps.
/// Metrics do not count: they may have no value.
///
/// ```swift
/// let careful: [Callback] = [.terminateOnNonFinite]
/// // Else such a step ends the training with an error
/// let optimizer = Optimizer.adam().skippingNonFinite()
/// ```
public struct TerminateOnNonFinite: CallbackRule, Configurable {
    /// Creates the callback.
    public init() {}

    public static let schema = Schema(TerminateOnNonFinite())

    public mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
        guard case .epochEnded(let record) = event else { return }
        let parts = [("training", record.training)] + (record.validation.map { [("validation", $0)] } ?? [])
        for (part, measured) in parts {
            // A metric may have no value, for instance an area without samples of a class.
            guard !measured.loss.isFinite else { continue }
            training.stop(.callback("\(part).loss is not finite in epoch \(record.epoch)"))
        }
    }
}

extension Callback {
    /// Ends training after some seconds.
    public static func timeLimit(seconds: Double) -> Callback { Callback(TimeLimit(seconds: seconds)) }
    /// Ends training when the mean loss of an epoch or of validation is not finite.
    public static var terminateOnNonFinite: Callback { Callback(TerminateOnNonFinite()) }
}
