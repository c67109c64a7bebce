import ApusConfiguration

/// What a training is going to measure, by the names that callbacks and searches watch: `validation.loss`, `training.accuracy`.
///
/// ```swift
/// let names = MeasuredNames(metrics: [.accuracy], isValidated: true)
/// print(names.problem("validation.acuracy") ?? "it is measured")   // says what is measured
/// ```
public struct MeasuredNames: Sendable, Hashable {
    /// `loss`, and the metrics of one number.
    private let names: [String]
    /// The metrics of one number a class: `f1` for `f1[0]`.
    private let classNames: [String]
    /// Whether there are validation data; `nil` where only training shows it.
    public let isValidated: Bool?

    /// The names of the loss and some metrics.
    ///
    /// - Parameters:
    ///   - metrics: The metrics that are measured.
    ///   - isValidated: Whether there are validation data; `nil` if that is not known.
    public init(metrics: [Metric], isValidated: Bool?) {
        self.init(metrics.map { ($0.name, $0.rule.isNumber) }, isValidated: isValidated)
    }

    /// - Parameter measured: What is measured besides the loss, and whether it is one number.
    init(_ measured: [(name: String, isNumber: Bool)], isValidated: Bool?) {
        names = ["loss"] + measured.filter(\.isNumber).map(\.name)
        classNames = measured.filter { !$0.isNumber }.map(\.name)
        self.isValidated = isValidated
    }

    /// Why a name can't be watched; `nil` if it can, or if only training shows it.
    ///
    /// - Parameters:
    ///   - monitor: The name: `validation.loss`, `training.accuracy`.
    ///   - needsValidation: Whether values of validation must be there, or are watched if they are.
    public func problem(_ monitor: String, needsValidation: Bool = true) -> String? {
        let parts = ["training.", "validation."]
        let part = parts.first { monitor.hasPrefix($0) }
        let name = String(monitor.dropFirst(part?.count ?? 0))
        // What a closure measures is its own affair.
        if part != "training.", isValidated == nil { return nil }
        guard names.contains(name) || classNames.contains(where: { name.hasPrefix("\($0)[") }) else {
            let known = parts.prefix(isValidated == true ? 2 : 1).flatMap { part in names.map { part + $0 } }
            return "\(monitor), which this training does not measure (\(Names.hint(monitor, known)))"
        }
        guard part == "validation.", isValidated == false, needsValidation else { return nil }
        return "\(monitor), but there are no validation data: hold some back, or watch training.\(name)"
    }
}
