public import ApusBackend
public import ApusData
public import ApusNN
public import ApusTensor
import ApusGraph

/// Looks into a model: for a state and a batch, the distributions of weights, gradients and the outputs of layers.
///
/// The model is traced as the next training step would see the batch, dropout included. The state is read where it is and stays as
/// it is: watching changes nothing.
///
/// ```swift
/// let net = Sequential { Dense(64, activation: .sigmoid); Dense(2) }
/// let histograms = try ModelHistograms(net, loss: .softmaxCrossEntropy)
/// let state = try TrainingState(net, optimizer: .adam(), input: [2], seed: 7)
/// for batch in Dataset.moons(seed: 1).batches(of: 100, epoch: 0, seed: 7) {
///     let observation = try histograms(state, batch)
///     print(observation.gradients.map { ($0.path, $0.histogram.standardDeviation) })
/// }
/// ```
public struct ModelHistograms: Sendable {
    private let probe: ModelProbe
    private let bins: Int

    /// Looks into a model of one output.
    ///
    /// - Parameters:
    ///   - model: The network.
    ///   - loss: The loss that gradients are of.
    ///   - precision: The precision of the training.
    ///   - device: Where the model is computed.
    ///   - bins: The number of intervals of each histogram.
    /// - Throws: `TrainingError` if there are no bins, or the loss is not one number.
    public init(
        _ model: some Model, loss: Loss, precision: NumericPrecision = .float32, device: Device = .cpu, bins: Int = 64
    ) throws {
        try self.init(
            model, objective: Objective(loss: loss), precision: precision, device: device, bins: bins)
    }

    /// Looks into a model with an objective, which may have several outputs.
    public init(
        _ model: some Model, objective: Objective, precision: NumericPrecision = .float32, device: Device = .cpu,
        bins: Int = 64
    ) throws {
        guard bins > 0 else { throw TrainingError("a histogram needs at least one bin, received \(bins)") }
        guard objective.reduction != .none else { throw TrainingError.withoutGradient }
        probe = ModelProbe(model, objective: objective, precision: precision, device: device)
        self.bins = bins
    }

    /// Looks at a trainer's model with its loss.
    public init(_ trainer: Trainer, bins: Int = 64) throws {
        try self.init(
            trainer.model, objective: trainer.objective, precision: trainer.precision, device: trainer.device,
            bins: bins)
    }

    /// Looks at the model with a state's weights and a batch.
    ///
    /// - Throws: `GraphError` if the model does not fit the batch or the state, `ProgramError` if a label is out of range.
    public func callAsFunction(_ state: TrainingState, _ batch: Batch) throws -> ModelObservation {
        let variables = state.borrowedVariables
        let view = try probe(
            variables, batch, seed: state.seed, step: state.step, mode: .training, gradients: state.layout.trainedPaths,
            frozen: state.frozenPaths)
        func entry(_ path: String, _ tensor: Tensor) -> ModelObservation.Entry {
            let numbers = tensor.elements().elements(as: Float.self)
            return ModelObservation.Entry(path: path, histogram: ValueHistogram(numbers, bins: bins))
        }
        return ModelObservation(
            step: state.step, loss: view.loss!,
            weights: variables.paths.filter { variables.variable($0)!.description.isTrainable }.map {
                entry($0, variables[$0]!)
            }, gradients: view.gradients.map { entry($0.path, $0.value) },
            activations: view.namedCalls.map { entry($0.name, $0.call.output) })
    }
}
