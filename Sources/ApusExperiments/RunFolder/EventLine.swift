import ApusConfiguration
public import ApusTraining
import Foundation

/// An event as a line of JSON; Documentation/Events.md describes every field.
///
/// ```swift
/// let printing = Callback.onEvent { event, training in
///     print(try EventLine(event, training).json)   // the lines of events.jsonl
/// }
/// ```
public struct EventLine: Sendable, Encodable {
    package static let version = 1

    private let event: Event
    private let time: Date
    private let state: (step: Int, epoch: Int)
    private let learningRate: Double

    /// The line of an event; time, step, epoch and learning rate are those of `training`.
    public init(_ event: Event, _ training: TrainingControl) {
        self.event = event
        time = training.time
        state = (training.state.step, training.state.epoch)
        learningRate = training.learningRate
    }

    package enum Field: String, CodingKey, CaseIterable {
        case v, event, time, epochs, stepsPerEpoch, samplesPerEpoch, epoch, step, batch, samples, learningRate, means
        case training, validation, tables, seconds, samplesPerSecond, patterns, parameters, checkpoint, reason,
            observation
    }

    package static func name(_ event: Event) -> String {
        switch event {
        case .began: "began"
        case .epochBegan: "epochBegan"
        case .unfroze: "unfroze"
        case .stepEnded: "stepEnded"
        case .observed: "observed"
        case .epochEnded: "epochEnded"
        case .checkpointSaved: "checkpointSaved"
        case .stopped: "stopped"
        case .ended: "ended"
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var line = encoder.container(keyedBy: Field.self)
        func numbers(_ measured: Measurements) -> [String: Double] {
            Dictionary(zip(measured.names, measured.values)) { first, _ in first }
        }
        try line.encode(EventLine.version, forKey: .v)
        try line.encode(EventLine.name(event), forKey: .event)
        try line.encode((time.timeIntervalSince1970 * 1000).rounded() / 1000, forKey: .time)
        switch event {
        case .began(let epochs, let steps, let samples):
            try line.encode(epochs, forKey: .epochs)
            try line.encode(steps, forKey: .stepsPerEpoch)
            try line.encode(samples, forKey: .samplesPerEpoch)
        case .epochBegan(let epoch): try line.encode(epoch, forKey: .epoch)
        case .unfroze(let epoch, let patterns, let parameters):
            try line.encode(epoch, forKey: .epoch)
            try line.encode(patterns, forKey: .patterns)
            try line.encode(parameters, forKey: .parameters)
        case .stepEnded(let batch, let samples, let means):
            try line.encode(state.epoch + 1, forKey: .epoch)
            try line.encode(state.step, forKey: .step)
            try line.encode(batch, forKey: .batch)
            try line.encode(samples, forKey: .samples)
            try line.encode(learningRate, forKey: .learningRate)
            try line.encode(numbers(means), forKey: .means)
        case .observed(let observation):
            try line.encode(state.epoch + 1, forKey: .epoch)
            try line.encode(observation, forKey: .observation)
        case .epochEnded(let record):
            try line.encode(record.epoch, forKey: .epoch)
            try line.encode(record.step, forKey: .step)
            try line.encode(numbers(record.training), forKey: .training)
            if let validation = record.validation {
                try line.encode(numbers(validation), forKey: .validation)
                if !validation.tables.isEmpty { try line.encode(validation.tables, forKey: .tables) }
            }
            try line.encode(record.learningRate, forKey: .learningRate)
            try line.encode(record.seconds, forKey: .seconds)
            try line.encode(record.samplesPerSecond, forKey: .samplesPerSecond)
        case .checkpointSaved(let folder):
            try line.encode(state.step, forKey: .step)
            try line.encode(state.epoch, forKey: .epoch)
            // The name alone: a run may be moved.
            try line.encode(folder.split(separator: "/").last.map(String.init) ?? folder, forKey: .checkpoint)
        case .stopped(let reason), .ended(let reason): try line.encode("\(reason)", forKey: .reason)
        }
    }

    /// The line, without its end.
    public var json: String {
        get throws { try FileJSON.text(self) }
    }
}
