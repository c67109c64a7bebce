public import ApusBackend
public import ApusData
public import ApusNN
public import ApusTensor
import Synchronization

/// Looks into a model during training: histograms of weights, gradients and activations, always for the same samples.
///
/// ```swift
/// let net = Sequential { Dense(32, activation: .relu); Dense(2) }
/// let batch = Batch(
///     inputs: Tensor.normal([32, 2], key: RandomKey(seed: 1)),
///     targets: Tensor((0..<32).map { $0 % 2 }))
/// let observer = try ModelObserver(net, loss: .softmaxCrossEntropy, batch: batch)
/// let session = TrainingSession(
///     loss: .softmaxCrossEntropy, callbacks: [.histograms()], folder: "run", observer: observer)
/// ```
public struct ModelObserver: Sendable {
    /// The number of samples that `Trainer` observes: enough for histograms, and little work beside a step.
    static let sampleLimit = 32

    private let histograms: ModelHistograms
    private let batch: Batch
    private let last = Last()

    /// The last observation, which the callbacks of one event share.
    private final class Last: Sendable {
        let observation = Mutex<ModelObservation?>(nil)
    }

    /// An observer of a model.
    ///
    /// - Parameters:
    ///   - model: The network.
    ///   - loss: The loss that gradients are of.
    ///   - precision: The precision of the training.
    ///   - device: Where everything is computed.
    ///   - batch: The samples for which gradients and activations are computed, without augmentation.
    /// - Throws: `TrainingError` if the loss is not one number and so has no gradient.
    public init(
        _ model: some Model, loss: Loss, precision: NumericPrecision = .float32, device: Device = .cpu, batch: Batch
    ) throws {
        try self.init(
            model, objective: Objective(loss: loss), precision: precision, device: device, batch: batch)
    }

    /// An observer of a model with an objective, which may have several outputs.
    public init(
        _ model: some Model, objective: Objective, precision: NumericPrecision = .float32, device: Device = .cpu,
        batch: Batch
    ) throws {
        histograms = try ModelHistograms(model, objective: objective, precision: precision, device: device)
        self.batch = batch
    }

    /// Observes the model with the weights of a state.
    public func observation(_ state: TrainingState) throws -> ModelObservation {
        if let known = last.observation.withLock({ $0 }), known.step == state.step { return known }
        let observation = try histograms(state, batch)
        last.observation.withLock { $0 = observation }
        return observation
    }

    /// Drops the last observation, for the next state may be another one of the same step.
    func forget() { last.observation.withLock { $0 = nil } }
}
