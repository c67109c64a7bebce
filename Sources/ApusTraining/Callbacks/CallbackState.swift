import ApusConfiguration
public import Foundation

/// What a callback remembers, as checkpoints hold it.
///
/// ```swift
/// let state = try CallbackState(encoding: ["best": 0.31])   // what `CallbackRule.savedState()` returns
/// let best = try state.decoded(as: [String: Double].self)   // what `restore(_:)` takes
/// ```
public struct CallbackState: Sendable {
    /// Everything but states of the training, in a form that the callback chooses.
    public var data: Data
    /// The states of the training that the callback keeps, by name.
    public var trainings: [String: TrainingState]

    /// A state from bytes.
    public init(_ data: Data, trainings: [String: TrainingState] = [:]) {
        self.data = data
        self.trainings = trainings
    }

    /// A state from a value, which is held as JSON.
    public init(encoding value: some Encodable, trainings: [String: TrainingState] = [:]) throws {
        self.init(try FileJSON.encoder().encode([value]), trainings: trainings)
    }

    /// The value that was encoded.
    public func decoded<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try FileJSON.decoder().decode([Value].self, from: data)[0]
    }
}
