/// What a step did, by variable and by layer: how great weights, gradients and updates are, and what the loss became.
///
/// Sizes are root mean squares, so that variables of other shapes can be compared.
///
/// ```swift
/// let net = Sequential { Dense(16, activation: .relu); Dense(2) }
/// let step = try TrainingStep(net, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1), watchEvery: 1)
/// var state = try step.initialState(input: [2], seed: 7)
/// for batch in Dataset.moons(seed: 1).batches(of: 100, epoch: 0, seed: 7) {
///     guard let observation = try step(&state, batch).observation else { continue }
///     for variable in observation.variables { print(variable.path, variable.update / variable.weight) }
/// }
/// ```
public struct StepObservation: Sendable, Hashable, Codable {
    /// A variable that is trained.
    public struct Variable: Sendable, Hashable, Codable {
        /// Its path: `0.dense/kernel`.
        public var path: String
        /// √mean w² before the step.
        public var weight: Double
        /// √mean g² of the gradient, penalties included.
        public var gradient: Double
        /// √mean (w′ − w)².
        public var update: Double
    }

    /// A layer, after the step, for the same batch.
    public struct Layer: Sendable, Hashable, Codable {
        /// Its path; `model` for the model itself.
        public var path: String
        /// √mean y² of its outputs.
        public var output: Double
        /// The share of outputs that are exactly 0.
        public var zeroShare: Double
        /// The share of units (the last axis) that are 0 for the whole batch.
        public var deadShare: Double
        /// The share of outputs with |y| > 0.95, of layers that end in tanh; with y < 0.02 or y > 0.98, of a sigmoid; 0 for others.
        public var saturatedShare: Double
    }

    /// The steps done when it was taken, this one included.
    public var step: Int
    /// The loss of the batch before the step, penalties included.
    public var loss: Double
    /// The loss of the same batch after it, with the same dropout.
    public var lossAfter: Double
    /// g·(w′ − w), over all variables: how the loss would change if it were linear.
    public var slope: Double
    /// Every variable that is trained.
    public var variables: [Variable]
    /// Every layer that is called, in the order of the calls.
    public var layers: [Layer]

    /// How the loss bends along the step: (L′ − L − g·Δ) / |g·Δ|. 0 of a line; where it is above 1, the step makes the loss of its own batch
    /// greater.
    public var bend: Double { (lossAfter - loss - slope) / abs(slope) }
}
