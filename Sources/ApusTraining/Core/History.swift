/// The results of one epoch.
///
/// ```swift
/// var trainer = Trainer(Dense(1), loss: .meanSquaredError, optimizer: .adam(learningRate: 0.1))
/// for record in try trainer.fit(Dataset.sine(seed: 1), epochs: 3, batchSize: 50).epochs {
///     print(record.epoch, record.training.loss, record.learningRate, record.seconds)
/// }
/// ```
public struct EpochRecord: Sendable, Hashable, Codable {
    /// The number of the epoch, from 1.
    public var epoch: Int
    /// The number of steps since the start of training.
    public var step: Int
    /// Loss and metrics over the epoch, each batch measured before its step.
    public var training: Measurements
    /// Loss and metrics after the epoch; `nil` without validation data.
    public var validation: Measurements?
    /// The learning rate of the last step.
    public var learningRate: Double
    /// The duration without validation.
    public var seconds: Double
    /// The samples trained on in a second, without validation.
    public var samplesPerSecond: Double

    /// A value by its name: `validation.loss`, `training.accuracy`; without a prefix, validation if there is one.
    public func value(_ name: String) -> Double? {
        if name.hasPrefix("validation.") { return validation?[String(name.dropFirst("validation.".count))] }
        if name.hasPrefix("training.") { return training[String(name.dropFirst("training.".count))] }
        return (validation ?? training)[name]
    }
}

/// The epochs of a training and why it ended.
///
/// ```swift
/// let (training, validation) = try Dataset.moons(seed: 1).split(validation: 0.2, seed: 7)
/// var trainer = Trainer(Dense(2), loss: .softmaxCrossEntropy, optimizer: .adam(), metrics: [.accuracy])
/// let history = try trainer.fit(training, validation: validation, epochs: 5, batchSize: 50)
/// print(history["validation.accuracy"])   // a number for each epoch
/// ```
public struct History: Sendable, Hashable, Codable {
    /// The finished epochs in order, those before an interruption included.
    public var epochs: [EpochRecord] = []
    /// Why training ended; `nil` as long as it has not.
    public var stopReason: StopReason?

    /// Creates a value.
    public init() {}

    /// The values of a name in all epochs that have one: `history["validation.loss"]`, `history["training.accuracy"]`.
    public subscript(name: String) -> [Double] { epochs.compactMap { $0.value(name) } }
}

extension EpochRecord: CustomStringConvertible {
    public var description: String { "\(epoch) \(training)" + (validation.map { "  validation \($0)" } ?? "") }
}

/// Why a training ended.
///
/// ```swift
/// var trainer = Trainer(Dense(2), loss: .softmaxCrossEntropy, optimizer: .adam())
/// let history = try trainer.fit(Dataset.moons(seed: 1), epochs: 2, batchSize: 50)
/// print(history.stopReason == .completed)   // true
/// ```
public enum StopReason: Sendable, Hashable, Codable, CustomStringConvertible {
    /// All epochs are done.
    case completed
    /// A callback ended it, and says why.
    case callback(String)
    /// The user interrupted it.
    case interrupted

    public var description: String {
        switch self {
        case .completed: "completed"
        case .callback(let reason): reason
        case .interrupted: "interrupted"
        }
    }
}
