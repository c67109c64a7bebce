public import ApusBackend
public import ApusData
public import ApusNN
public import ApusTensor

/// Records what goes through the layers of a model: for given weights and a batch, the output of each layer and the gradient to it.
///
/// The model is traced as the next training step would see the batch, dropout included; nothing of the training changes. So it records at
/// any step that is chosen:
///
/// ```swift
/// let data = Dataset.moons(seed: 1)
/// let net = Sequential { Dense(16, activation: .tanh); Dense(2) }
/// var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01))
/// let recorder = try LayerRecorder(trainer)
/// let batch = Batch(
///     inputs: Tensor.normal([64, 2], key: RandomKey(seed: 1)), targets: Tensor((0..<64).map { $0 % 2 }))
/// var recorded: [LayerSignals] = []
/// try trainer.fit(data, epochs: 2, batchSize: 50) { event, training in
///     guard case .stepEnded = event, [1, 5, 20].contains(training.state.step) else { return }
///     recorded.append(try recorder(training.state, batch))
/// }
/// print(recorded.map(\.step))   // [1, 5, 20]
/// ```
///
/// `ModelHistograms` gives distributions in place of tensors, and costs less memory.
public struct LayerRecorder: Sendable {
    private let probe: ModelProbe

    /// Records the layers of a model of one output.
    ///
    /// - Parameters:
    ///   - model: The network.
    ///   - loss: The loss that gradients are of; one number a batch.
    ///   - precision: The precision of the training.
    ///   - device: Where the model is computed.
    /// - Throws: `TrainingError` if the loss is not one number.
    public init(
        _ model: some Model, loss: Loss, precision: NumericPrecision = .float32, device: Device = .cpu
    ) throws {
        try self.init(model, objective: Objective(loss: loss), precision: precision, device: device)
    }

    /// Records the layers of a model with an objective, which may have several outputs.
    public init(
        _ model: some Model, objective: Objective, precision: NumericPrecision = .float32, device: Device = .cpu
    ) throws {
        guard objective.reduction != .none else { throw TrainingError.withoutGradient }
        probe = ModelProbe(model, objective: objective, precision: precision, device: device)
    }

    /// Records the layers of a trainer's model with its loss.
    public init(_ trainer: Trainer) throws {
        try self.init(
            trainer.model, objective: trainer.objective, precision: trainer.precision, device: trainer.device)
    }

    /// Records a batch with the weights of a state.
    ///
    /// - Throws: `GraphError` if the model does not fit the batch or the state, `ProgramError` if a label is out of range.
    public func callAsFunction(_ state: TrainingState, _ batch: Batch) throws -> LayerSignals {
        try signals(
            state.borrowedVariables, batch, seed: state.seed, step: state.step, trained: state.layout.trainedPaths,
            frozen: state.frozenPaths)
    }

    /// Records a batch with given weights, all of which count as trained.
    ///
    /// - Parameters:
    ///   - variables: The weights.
    ///   - batch: Samples with targets.
    ///   - seed: The seed of what layers draw, such as dropout.
    /// - Throws: As with a state.
    public func callAsFunction(_ variables: Variables, _ batch: Batch, seed: UInt64 = 0) throws -> LayerSignals {
        let trained = variables.paths.filter { variables.variable($0)?.description.isTrainable == true }
        return try signals(variables, batch, seed: seed, step: 0, trained: trained, frozen: [])
    }

    private func signals(
        _ variables: Variables, _ batch: Batch, seed: UInt64, step: Int, trained: [String], frozen: Set<String>
    ) throws -> LayerSignals {
        let view = try probe(
            variables, batch, seed: seed, step: step, mode: .training, gradients: trained, toLayers: true,
            frozen: frozen)
        return LayerSignals(
            step: step, loss: view.loss ?? .nan,
            layers: view.namedCalls.compactMap { name, call in
                call.gradient.map { LayerSignals.Layer(path: name, output: call.output, gradient: $0) }
            }, gradients: view.gradients)
    }
}

extension TrainingError {
    /// What has gradients is one number.
    static let withoutGradient = TrainingError(
        "gradients are those of one number, but the loss has the reduction none; use mean or sum")
}
