/// Which values of what is watched are better.
public enum MonitorMode: String, Sendable, Hashable, Codable, CaseIterable {
    /// Smaller values, or greater ones.
    case min, max
    /// Losses and errors shall fall, everything else shall rise.
    case auto

    package func minimizes(_ monitor: String) -> Bool {
        switch self {
        case .min: true
        case .max: false
        case .auto: monitor.hasSuffix("loss") || monitor.lowercased().hasSuffix("error")
        }
    }
}

extension EpochRecord {
    /// The value of what is watched.
    func watched(_ monitor: String, by rule: String) throws -> Double {
        if let value = value(monitor) { return value }
        throw TrainingError(
            "\(rule) watches \(monitor), which this training does not measure; "
                + "it has training.\(training.names.joined(separator: ", training."))"
                + (validation.map { ", validation.\($0.names.joined(separator: ", validation."))" } ?? ""))
    }
}
