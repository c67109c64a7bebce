/// Something that happens besides training: `callbacks: [.earlyStopping(patience: 3)]`.
///
/// ```swift
/// let data = Dataset.moons(seed: 1)
/// var trainer = Trainer(Dense(2), loss: .softmaxCrossEntropy, optimizer: .adam())
/// let slow = Callback.onEvent { event, training in
///     if case .epochEnded(let record) = event, record.training.loss < 0.1 {
///         training.stop(.callback("it is good enough"))
///     }
/// }
/// try trainer.fit(data, epochs: 50, batchSize: 50, callbacks: [slow, .timeLimit(seconds: 60)])
/// ```
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
