/// Named numbers in the order in which they are shown: `loss`, then metrics.
public struct Measurements: Sendable, Hashable, Codable {
    public private(set) var names: [String]
    public private(set) var values: [Double]

    public init(_ entries: [(name: String, value: Double)] = []) {
        names = entries.map(\.name)
        values = entries.map(\.value)
    }

    public subscript(name: String) -> Double? { names.firstIndex(of: name).map { values[$0] } }
    public subscript(metric: Metric) -> Double? { self[metric.rawValue] }
    /// The mean loss, or NaN if nothing was measured.
    public var loss: Double { self["loss"] ?? .nan }
}

extension Measurements: CustomStringConvertible {
    public var description: String {
        zip(names, values).map { "\($0) \(Measurements.rounded($1))" }.joined(separator: ", ")
    }

    /// Four decimals.
    package static func rounded(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
        let scaled = (abs(value) * 1e4).rounded()
        let fraction = String(Int(scaled.truncatingRemainder(dividingBy: 1e4)))
        return (value < 0 && scaled > 0 ? "-" : "") + "\(Int(scaled / 1e4))."
            + String(repeating: "0", count: 4 - fraction.count) + fraction
    }
}

/// Adds up the results of batches: exact means over all samples.
struct MeasurementSum {
    private var loss = 0.0
    private var sums: [Double]
    private let metrics: [Metric]
    private(set) var count = 0

    init(_ metrics: [Metric]) {
        self.metrics = metrics
        sums = metrics.map { _ in 0 }
    }

    mutating func add(_ result: StepResult) {
        loss += result.loss * Double(result.count)
        for index in metrics.indices { sums[index] += result.sum(index) }
        count += result.count
    }

    var means: Measurements {
        let samples = Double(Swift.max(1, count))
        return Measurements([("loss", loss / samples)] + zip(metrics, sums).map { ($0.rawValue, $1 / samples) })
    }
}

/// What one epoch yielded.
public struct EpochRecord: Sendable, Hashable, Codable {
    /// From 1.
    public var epoch: Int
    /// Steps since the start of the training.
    public var step: Int
    public var training: Measurements
    public var validation: Measurements?
    public var learningRate: Double
    public var seconds: Double
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
    public var epochs: [EpochRecord] = []
    public var stopReason: StopReason?

    public init() {}
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
