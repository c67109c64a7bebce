import ApusFormats
package import ApusNN

/// A rule that watches a value by its name; a name that is not measured is found before training.
///
/// ```swift
/// struct Target: MonitoringRule {
///     var monitor = "validation.accuracy"
///     var value: Double
///     mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
///         guard case .epochEnded(let record) = event, let reached = record.value(monitor),
///             reached >= value
///         else { return }
///         training.stop(.callback("\(monitor) is \(reached)"))
///     }
/// }
/// let callback = Callback(Target(value: 0.9))
/// ```
public protocol MonitoringRule: CallbackRule {
    /// The name of the value: `validation.loss`, `training.accuracy`.
    var monitor: String { get }
    /// Whether the rule fails if it watches validation and there is none; it does, unless it says otherwise.
    var needsValidation: Bool { get }
}

extension MonitoringRule {
    public var needsValidation: Bool { true }
}

extension [Callback] {
    /// Throws if one watches what is not measured, or two write one file.
    package func check(_ measured: MeasuredNames, folder: String?) throws {
        var writers: [String: String] = [:]
        for rule in map(\.rule) {
            if let monitoring = rule as? any MonitoringRule,
                let problem = measured.problem(monitoring.monitor, needsValidation: monitoring.needsValidation)
            {
                throw TrainingError("\(rule.name) watches \(problem)")
            }
            for file in rule.files(in: folder) {
                let path = LineFile.normalized(file)
                if let other = writers.updateValue(rule.name, forKey: path) {
                    throw TrainingError(
                        "\(other) and \(rule.name) both write \(file); leave one out, or give it another path")
                }
            }
        }
    }
}
