import ApusBackend
public import ApusNN
import ApusTensor

/// Loss and metrics of one batch.
public struct StepResult: Sendable {
    /// The loss of the batch, penalties included.
    public let loss: Double
    /// The number of samples.
    public let count: Int
    var contributions: Contributions

    init(loss: Double, count: Int, _ layout: MetricLayout) {
        self.loss = loss
        self.count = count
        contributions = Contributions(layout)
    }

    /// What a run of a program measured.
    init(_ results: ProgramResults<StepRole>, count: Int, _ layout: MetricLayout) {
        self.init(loss: Double(results.buffer(.loss).first(as: Float.self)), count: count, layout)
        for index in layout.metrics.indices {
            contributions.add(index, results.buffer(.metric(index)).elements(as: Float.self).baseAddress!)
        }
    }

    /// A metric of the batch, if it is measured and is one number.
    public subscript(metric: Metric) -> Double? { measurements[metric.name] }

    /// Loss and metrics by name.
    public var measurements: Measurements { Measurements(loss: loss, contributions) }
}

extension StepResult: CustomStringConvertible {
    public var description: String { "\(measurements)" }
}
