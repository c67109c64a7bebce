import ApusBackend
public import ApusNN
import ApusTensor

/// Loss and metrics of one batch.
///
/// ```swift
/// let net = Sequential { Dense(2) }
/// var state = try TrainingState(net, optimizer: .adam(), input: [2], seed: 7)
/// let step = try TrainingStep(net, loss: .softmaxCrossEntropy, optimizer: .adam(), metrics: [.accuracy])
/// for batch in Dataset.moons(seed: 1).batches(of: 100, epoch: 0, seed: 7) {
///     let result = try step(&state, batch)
///     print(result.loss, result[.accuracy] ?? 0)
/// }
/// ```
public struct StepResult: Sendable {
    /// The loss of the batch, penalties included.
    public let loss: Double
    /// The number of samples.
    public let count: Int
    /// What the loss counts in the mean of an epoch: the samples, or the positions whose labels count.
    let weight: Double
    /// What the step did by variable and layer, if it was watched.
    public internal(set) var observation: StepObservation?
    var contributions: Contributions

    init(loss: Double, count: Int, weight: Double? = nil, _ layout: MetricLayout) {
        self.loss = loss
        self.weight = weight ?? Double(count)
        self.count = count
        contributions = Contributions(layout)
    }

    /// What a run of a program measured.
    init(_ results: ProgramResults<StepRole>, count: Int, _ layout: MetricLayout) {
        let weight = results.contains(.lossWeight) ? Double(results.buffer(.lossWeight).first(as: Float.self)) : nil
        self.init(loss: Double(results.buffer(.loss).first(as: Float.self)), count: count, weight: weight, layout)
        for index in layout.measured.indices {
            contributions.add(index, results.buffer(.metric(index)).elements(as: Float.self).baseAddress!)
        }
    }

    /// A metric of the batch, if it is measured and is one number.
    public subscript(metric: Metric) -> Double? { measurements[metric] }
    /// A metric of one of several outputs, if it is measured and is one number.
    public subscript(output: String, metric: Metric) -> Double? { measurements[output, metric] }

    /// Loss and metrics by name.
    public var measurements: Measurements { Measurements(loss: loss, contributions) }
}

extension StepResult: CustomStringConvertible {
    public var description: String { "\(measurements)" }
}
