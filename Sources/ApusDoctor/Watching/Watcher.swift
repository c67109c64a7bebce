public import ApusTraining

/// Watches a training, and tells what can't be right, once each: facts, not verdicts, for which a doctor has experiments.
///
/// ```swift
/// import ApusExperiments
///
/// var run = try ExperimentRun(Experiment(name: "lenet", model: "lenet5", epochs: 3))
/// try run.train(callbacks: [Callback(Watcher { print($0) })])
/// ```
public struct Watcher: CallbackRule {
    /// The number of steps between looks.
    public var every: Int
    /// Receives what is to be told.
    public var report: @Sendable (String) -> Void
    private var told: Set<Remark> = []
    /// What the last look showed: what is told must be there twice.
    private var last: Set<Remark> = []
    /// Whether the last steps made the loss of their own batch greater.
    private var rises: [Bool] = []

    private struct Remark: Hashable {
        let text: String
    }

    /// A watcher.
    ///
    /// - Parameters:
    ///   - every: The number of steps between looks, from 1.
    ///   - report: Receives what is to be told.
    public init(every: Int = 200, report: @escaping @Sendable (String) -> Void) {
        self.every = every
        self.report = report
    }

    public var watchEvery: Int? { every }

    public mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
        guard case .observed(let observation) = event else { return }
        for text in look(observation) { report(text) }
    }

    /// What is to be told after an observation.
    mutating func look(_ observation: StepObservation) -> [String] {
        var found = Set(Watcher.remarks(observation).map(Remark.init))
        rises = rises.suffix(4) + [observation.bend > 1]
        if rises.count == 5, rises.count(where: { $0 }) >= 3 {
            found.insert(Remark(text: "most steps make the loss of their own batch greater: they are too long"))
        }
        defer { last = found }
        let new = found.filter { last.contains($0) && !told.contains($0) }
        told.formUnion(new)
        return new.map { "step \(observation.step): \($0.text)" }.sorted()
    }

    /// What can't be right in one observation.
    private static func remarks(_ observation: StepObservation) -> [String] {
        var found: [String] = []
        let dead = observation.layers.filter { $0.deadShare == 1 }
        if let first = dead.first { found.append("\(first.path) yields 0 for every sample") }
        if let flat = observation.layers.first(where: { $0.saturatedShare > 0.95 }) {
            found.append("\(flat.path) is saturated: its gradient is next to 0")
        }
        let still = observation.variables.filter { $0.gradient == 0 }
        if let first = still.first {
            found.append(
                "no gradient reaches \(first.path)" + (still.count > 1 ? " and \(still.count - 1) more" : ""))
        }
        // Less than the distance to the next float.
        let lost = observation.variables.filter { $0.gradient > 0 && $0.weight > 0 && $0.update < 6e-8 * $0.weight }
        if let first = lost.first { found.append("updates of \(first.path) are lost in rounding: they are too small") }
        return found
    }
}
