/// The results of one epoch.
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
