public import ApusBackend
public import ApusData
import ApusFormats
public import ApusGraph
public import ApusNN
public import ApusOptimizers
public import ApusTensor

/// Trains a model on data, measures it and predicts with it.
///
/// ```swift
/// let (training, validation) = try Dataset.moons(noise: 0.1, seed: 1).split(
///     validation: 0.2, seed: 7)
/// let net = Sequential { Dense(16, activation: .relu); Dense(2) }
/// var trainer = Trainer(
///     net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01), metrics: [.accuracy])
/// try trainer.fit(training, validation: validation, epochs: 20, batchSize: 32)
/// print(try trainer.evaluate(validation))
/// let logits = try trainer.predict(Tensor([[0.5, 0.25]]))  // [1, 2]
/// ```
public struct Trainer: Sendable {
    /// The network whose variables are trained.
    public let model: any Model
    /// The optimizer that updates the variables.
    public let optimizer: Optimizer
    /// The factor on the optimizer's learning rate, step by step.
    public let schedule: Schedule
    /// The seed of initial values, the order of samples, augmentation and dropout.
    public let seed: UInt64
    /// The element type of convolutions, matrix products and what follows them; at inference as well.
    public let precision: NumericPrecision
    /// How much memory a training step takes.
    public let memory: MemoryUse
    /// The device that computes everything.
    public let device: Device
    /// The weights and the position; exists once training has begun.
    public internal(set) var state: TrainingState?
    /// How samples are scaled before the model sees them, in predictions and measurements.
    ///
    /// `fit` takes it from its training data. `nil` until then: each data set is then scaled as it says itself, and tensors not at all.
    public var preprocessing: Preprocessing?
    /// Where `fit` keeps what frozen layers yield, so that they are computed once and not in every epoch; nowhere if `nil`.
    public var featureCache: FeatureCache?
    /// Those that `fit` was given last.
    private(set) var samples: TrainedSamples?
    /// What training minimizes, and what is measured besides.
    public let objective: Objective
    private let inference: InferenceStep

    /// A trainer of a model of one output.
    ///
    /// - Parameters:
    ///   - model: The network.
    ///   - loss: What training minimizes.
    ///   - target: What the output is compared with: the target of the data, or `.input` for an autoencoder.
    ///   - optimizer: What changes the weights.
    ///   - metrics: What is measured besides the loss.
    ///   - schedule: The factor on the optimizer's learning rate, step by step.
    ///   - precision: The element type of convolutions, matrix products and what follows them.
    ///   - memory: Whether what the backward pass needs is kept, or computed again in it.
    ///   - device: Where everything is computed.
    ///   - seed: The seed of start values, the order of samples, augmentation and dropout.
    public init(
        _ model: some Model, loss: Loss, target: Objective.Target = .named(""), optimizer: Optimizer,
        metrics: [Metric] = [], schedule: Schedule = .constant, precision: NumericPrecision = .float32,
        memory: MemoryUse = .standard, device: Device = .cpu, seed: UInt64 = 0
    ) {
        self.init(
            model, objective: Objective(loss: loss, target: target, metrics: metrics), optimizer: optimizer,
            schedule: schedule, precision: precision, memory: memory, device: device, seed: seed)
    }

    /// A trainer of a model with several outputs: `losses: ["class": .softmaxCrossEntropy, "box": .huber().weighted(0.5)]`.
    ///
    /// - Parameters:
    ///   - model: The network.
    ///   - losses: The loss of each output, by its name.
    ///   - targets: What outputs are compared with that have another name than their target.
    ///   - optimizer: What changes the weights.
    ///   - metrics: What is measured of an output besides its loss.
    ///   - schedule: The factor on the optimizer's learning rate, step by step.
    ///   - precision: The element type of convolutions, matrix products and what follows them.
    ///   - memory: Whether what the backward pass needs is kept, or computed again in it.
    ///   - device: Where everything is computed.
    ///   - seed: The seed of start values, the order of samples, augmentation and dropout.
    public init(
        _ model: some Model, losses: KeyValuePairs<String, Loss>, targets: [String: Objective.Target] = [:],
        optimizer: Optimizer, metrics: [String: [Metric]] = [:], schedule: Schedule = .constant,
        precision: NumericPrecision = .float32, memory: MemoryUse = .standard, device: Device = .cpu,
        seed: UInt64 = 0
    ) {
        self.init(
            model, objective: Objective(losses: losses, targets: targets, metrics: metrics), optimizer: optimizer,
            schedule: schedule, precision: precision, memory: memory, device: device, seed: seed)
    }

    /// A trainer of a model with an objective.
    public init(
        _ model: some Model, objective: Objective, optimizer: Optimizer, schedule: Schedule = .constant,
        precision: NumericPrecision = .float32, memory: MemoryUse = .standard, device: Device = .cpu,
        seed: UInt64 = 0
    ) {
        self.model = model
        self.optimizer = optimizer
        self.schedule = schedule
        self.seed = seed
        self.precision = precision
        self.memory = memory
        self.device = device
        self.objective = objective
        inference = InferenceStep(model, objective, precision: precision, device: device)
    }

    /// The loss that training minimizes; of several outputs that of the first.
    public var loss: Loss { objective.loss }
    /// The metrics that are measured besides the loss, of all outputs.
    public var metrics: [Metric] { objective.metrics }

    /// Creates the weights for samples of the given shape, unless they exist.
    public mutating func prepare(input: Shape) throws { try prepare(inputs: Signature(input)) }

    /// Creates the weights of a model with several inputs, unless they exist: `prepare(inputs: ["left": [4], "right": [4]])`.
    public mutating func prepare(inputs: Signature) throws {
        guard state == nil else { return }
        state = try initialState(model, inputs)
    }

    /// Start values are drawn on the processor whatever the device is, so they are the same.
    private func initialState(_ model: some Model, _ inputs: Signature) throws -> TrainingState {
        try TrainingState(model, optimizer: optimizer, inputs: inputs, seed: seed)
    }

    /// Starts from given weights instead of random ones.
    public mutating func load(_ variables: Variables) {
        state = TrainingState(variables, optimizer: optimizer, seed: seed)
    }

    // MARK: Training

    /// Trains for `epochs` epochs, each a pass over all samples in a new order.
    ///
    /// Called again, it continues where training stopped. The same seed, data and settings give the same weights, bit for bit.
    ///
    /// - Parameters:
    ///   - training: The samples to train on.
    ///   - validation: Samples that are measured after every epoch; none if `nil`.
    ///   - epochs: How many epochs; of a training that resumes, in all.
    ///   - batchSize: How many samples a step takes; the last batch of an epoch may have fewer.
    ///   - augmentations: Random changes of the training samples.
    ///   - callbacks: What happens besides training.
    ///   - folder: The folder of the run, for callbacks that write files.
    ///   - checkpoints: A folder of checkpoints of the same training: it resumes from the newest whole one, and gives the same
    ///     weights as if it had never stopped. Without any it begins.
    ///   - report: Receives a message when a checkpoint is damaged, and of settings that rarely are meant.
    /// - Throws: `GraphError` if the model does not fit the data, `DatasetError` if the augmentations do not, the error of a sample
    ///   that can't be read, `DivergenceError` when the loss is not finite, and what callbacks throw. After a divergence the state is
    ///   the one before the step that broke it.
    @discardableResult
    public mutating func fit(
        _ training: Dataset, validation: Dataset? = nil, epochs: Int, batchSize: Int,
        augmentations: [Augmentation] = [], callbacks: [Callback] = [], folder: String? = nil,
        resuming checkpoints: String? = nil, report: (String) -> Void = { _ in }
    ) throws -> History {
        try fit(
            training, validation: validation, epochs: epochs, batchSize: batchSize, augmentations: augmentations,
            callbacks: callbacks, folder: folder, resuming: checkpoints, report: report, handler: nil)
    }

    /// Trains, and calls a function for every event: `try trainer.fit(data, epochs: 9, batchSize: 32) { event, training in … }`.
    ///
    /// The function may change what it captures, for instance append to an array; `Callback.onEvent` may not, but is part of a value.
    ///
    /// - Parameters:
    ///   - training: The samples to train on.
    ///   - validation: Samples that are measured after every epoch; none if `nil`.
    ///   - epochs: How many epochs; of a training that resumes, in all.
    ///   - batchSize: How many samples a step takes; the last batch of an epoch may have fewer.
    ///   - augmentations: Random changes of the training samples.
    ///   - callbacks: What happens besides training.
    ///   - folder: The folder of the run, for callbacks that write files.
    ///   - checkpoints: A folder of checkpoints from which the training resumes; without any it begins.
    ///   - report: Receives messages about damaged checkpoints and settings that rarely are meant.
    ///   - onEvent: Receives each event, steps included, after the callbacks have; and what it may change in the training.
    /// - Throws: What `fit` without a function throws, and what the function throws.
    @discardableResult
    public mutating func fit(
        _ training: Dataset, validation: Dataset? = nil, epochs: Int, batchSize: Int,
        augmentations: [Augmentation] = [], callbacks: [Callback] = [], folder: String? = nil,
        resuming checkpoints: String? = nil, report: (String) -> Void = { _ in },
        onEvent: (Event, inout TrainingControl) throws -> Void
    ) throws -> History {
        try withoutActuallyEscaping(onEvent) { handler in
            try fit(
                training, validation: validation, epochs: epochs, batchSize: batchSize, augmentations: augmentations,
                callbacks: callbacks, folder: folder, resuming: checkpoints, report: report, handler: handler)
        }
    }

    private mutating func fit(
        _ training: Dataset, validation: Dataset?, epochs: Int, batchSize: Int, augmentations: [Augmentation],
        callbacks: [Callback], folder: String?, resuming checkpoints: String?, report: (String) -> Void,
        handler: EventHandler?
    ) throws -> History {
        var session = TrainingSession(
            objective: objective, schedule: schedule, callbacks: callbacks, folder: folder)
        session.isValidated = validation != nil
        try session.check(training, epochs: epochs, batchSize: batchSize, augmentations: augmentations)
        if let validation, validation.isEmpty {
            throw TrainingError(
                "there is nothing to validate on: the data set is empty; leave validation out, or hold back more data")
        }
        for remark in try begin(training, batchSize: batchSize) { report(remark) }
        // One step serves all who watch: as often as who watches most often.
        let step = try makeStep(
            model, objective, watchEvery: callbacks.compactMap(\.rule.watchEvery).filter { $0 > 0 }.min())
        session.observer = try observer(callbacks, training, batchSize)
        session.conditions = device.conditions.merging(["precision": precision.rawValue]) { $1 }
        // Only where it is written or compared, for it reads all samples.
        if checkpoints != nil || callbacks.contains(where: { $0.rule is Checkpoint }) {
            session.conditions["data"] = XXH3.text(training.fingerprint)
        }
        var search = DivergenceSearch(
            step, ModelProbe(model, objective: objective, precision: precision, device: device)
        ) { training.batches(of: batchSize, from: $0, augmentations: augmentations) }
        var current = state!
        let validationBatchSize = max(batchSize, 256)
        let features = try featureCache.map { cache in
            // Of a training that goes on, the checkpoint has the weights.
            let found = try checkpoints.flatMap { try TrainingCheckpoint.newest(in: $0, for: current) { _ in } }
            return try FeatureTraining.prepared(
                FeatureRequest(
                    trainer: self, state: found?.checkpoint.state ?? current, training: training,
                    validation: validation.map(scaled), batchSize: batchSize, validationBatchSize: validationBatchSize,
                    step: step, inference: inference), augmentations, cache, report: report)
        }
        defer { state = current }
        return try session.run(
            &current, on: features?.training ?? training, epochs: epochs, batchSize: batchSize,
            augmentations: augmentations,
            resuming: checkpoints, report: report, onEvent: handler
        ) { state, batch, learningRate in
            search.note(state, learningRate: learningRate)
            if state.batch == 0 { try features?.check(state) }
            let result = try (features?.step ?? step)(&state, batch, learningRate: learningRate)
            if result.loss.isFinite { return result }
            guard optimizer.skipsNonFinite else { throw try search.error(result.loss, &state) }
            return nil
        } validation: { state in
            let variables = state.borrowedEvaluatedVariables
            if let features { return try features.validate(variables) }
            return try validation.map { try evaluate(variables, $0, batchSize: validationBatchSize) }
        }
    }

    /// What comes before the first step on samples: start values, a look at the labels, and how samples are scaled from now on.
    ///
    /// - Returns: What can be trained on but is rarely meant.
    @discardableResult
    mutating func begin(_ training: Dataset, batchSize: Int) throws -> [String] {
        try prepare(inputs: training.signature)
        let remarks = try checked(model, training, batchSize: batchSize)
        samples = TrainedSamples(training)
        preprocessing = training.preprocessing
        return remarks
    }

    /// A model of any type becomes one of some type.
    func makeStep(_ model: some Model, _ objective: Objective, watchEvery: Int? = nil) throws -> TrainingStep {
        try TrainingStep(
            model, objective: objective, optimizer: optimizer, precision: precision, memory: memory, device: device,
            watchEvery: watchEvery)
    }

    /// The observer for callbacks that need one; `nil` if there are none.
    private func observer(
        _ callbacks: [Callback], _ training: Dataset, _ batchSize: Int
    ) throws -> ModelObserver? {
        guard callbacks.contains(where: { $0.rule.needsModelObserver }) else { return nil }
        let size = min(batchSize, ModelObserver.sampleLimit)
        let batches = training.prefix(size).batches(
            of: size, epoch: 0, seed: seed, shuffled: false, ahead: 0)
        let first = batches.first { _ in true }
        try batches.checkFailure()
        return try first.map {
            try ModelObserver(model, objective: objective, precision: precision, device: device, batch: $0)
        }
    }

    // MARK: Inference

    /// Loss and metrics over a data set, exactly.
    ///
    /// Samples are scaled by `preprocessing`, whatever the data set says, for the weights were trained on such values.
    public func evaluate(_ dataset: Dataset, batchSize: Int = 256) throws -> Measurements {
        try evaluate(try variables(), dataset, batchSize: batchSize)
    }

    func evaluate(_ variables: Variables, _ dataset: Dataset, batchSize: Int) throws -> Measurements {
        guard batchSize > 0 else { throw TrainingError("batchSize must be positive, received \(batchSize)") }
        guard dataset.count > 0 else { throw TrainingError("there is nothing to evaluate: the data set is empty") }
        return try inference.measure(variables, scaled(dataset), batchSize: batchSize)
    }

    /// The data set with samples that are scaled as those in training were.
    package func scaled(_ dataset: Dataset) -> Dataset {
        var dataset = dataset
        if let preprocessing { dataset.preprocessing = preprocessing }
        return dataset
    }

    /// The model's outputs (for a classifier: logits) for inputs [N, ...].
    ///
    /// - Parameters:
    ///   - inputs: Samples as they are stored, such as the bytes of images.
    ///   - preprocessing: How they are scaled; without it as in training. `.identity` takes inputs that are scaled already.
    /// - Throws: `TrainingError` if the model has no weights yet; `GraphError` if it does not fit the inputs.
    public func predict(_ inputs: Tensor, preprocessing: Preprocessing? = nil) throws -> Tensor {
        try predict(Values(inputs), preprocessing: preprocessing).only.evaluated()
    }

    /// The outputs of a model with several inputs or outputs, by name: `predict(["left": a, "right": b])["distance"]`.
    ///
    /// - Throws: `TrainingError` if the model has no weights yet; `GraphError` if it does not fit the inputs.
    public func predict(_ inputs: Values, preprocessing: Preprocessing? = nil) throws -> Values {
        try computed(inputs)
        return try inference.predict(try variables(), inputs, preprocessing ?? self.preprocessing ?? .identity)
    }

    /// The compiled program that predicts inputs like these.
    package func predictionProgram(for inputs: Tensor) throws -> any Executable {
        try inference.predictionProgram(try variables(), Values(inputs), preprocessing ?? .identity)
    }

    /// The compiled measurement of batches like this one: loss and metrics.
    package func measurementProgram(for batch: Batch) throws -> any Executable {
        try inference.measurementProgram(try variables(), BatchType(batch))
    }

    /// Computes what is still an expression; the trainer's own `evaluate` is another one.
    private func computed(_ values: Values) throws { try ApusTensor.evaluate(values.leaves) }

    private func variables() throws -> Variables {
        guard let state else { throw TrainingError("the model has no weights yet; call fit or load first") }
        return state.borrowedEvaluatedVariables
    }
}
