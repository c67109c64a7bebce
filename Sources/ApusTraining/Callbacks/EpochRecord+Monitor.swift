extension EpochRecord {
    /// The monitored value of this epoch; NaN where no step of it counted.
    ///
    /// - Parameter rule: The callback that monitors it, for the error.
    /// - Throws: `TrainingError` that lists the values there are, if this is none of them.
    func monitored(_ monitor: String, by rule: String) throws -> Double {
        if let value = value(monitor) { return value }
        if training.loss.isNaN, !monitor.hasPrefix("validation.") { return .nan }
        throw TrainingError(
            "\(rule) watches \(monitor), which this training does not measure; "
                + "it has training.\(training.names.joined(separator: ", training."))"
                + (validation.map { ", validation.\($0.names.joined(separator: ", validation."))" } ?? ""))
    }
}
