/// Something that happens besides training: `callbacks: [.earlyStopping(patience: 3)]`.
public struct Callback: Sendable {
    /// The rule that reacts to events.
    public internal(set) var rule: any CallbackRule
    let identity = Identity()

    final class Identity: Sendable {}

    /// A callback with a rule, for instance a custom one.
    public init(_ rule: some CallbackRule) {
        self.rule = rule
    }

    /// Calls a function for every event.
    ///
    /// - Parameters:
    ///   - receivesSteps: Whether the function is called for `Event.stepEnded` as well.
    ///   - function: Receives each event when it has happened, and what it may change in the training.
    public static func onEvent(
        receivesSteps: Bool = false, _ function: @escaping @Sendable (Event, inout TrainingControl) throws -> Void
    ) -> Callback {
        Callback(FunctionCallback(receivesSteps: receivesSteps, function: function))
    }
}

private struct FunctionCallback: CallbackRule {
    let name = "onEvent"
    let receivesSteps: Bool
    let function: @Sendable (Event, inout TrainingControl) throws -> Void

    func handle(_ event: Event, _ training: inout TrainingControl) throws { try function(event, &training) }
}
