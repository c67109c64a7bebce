/// What happens inside a model: the distributions of weights, gradients and outputs of layers, by path and in the order of the layers.
///
/// ```swift
/// let net = Sequential { Dense(64, activation: .relu); Dense(2) }
/// let histograms = try ModelHistograms(net, loss: .softmaxCrossEntropy)
/// let state = try TrainingState(net, optimizer: .adam(), input: [2], seed: 7)
/// let batch = Batch(
///     inputs: Tensor.normal([32, 2], key: RandomKey(seed: 1)),
///     targets: Tensor((0..<32).map { $0 % 2 }))
/// let observation: ModelObservation = try histograms(state, batch)
/// // Dead units of ReLU
/// for entry in observation.activations { print(entry.path, entry.histogram.zeroFraction) }
/// ```
public struct ModelObservation: Sendable, Hashable, Codable {
    /// A weight, its gradient or the output of one layer.
    public struct Entry: Sendable, Hashable, Codable {
        /// The path of a variable (`0.conv2D/kernel`) or of a layer (`0.conv2D`); the model itself is `model`.
        public var path: String
        /// The distribution of its numbers.
        public var histogram: ValueHistogram

        /// Creates a value; arguments set the properties of their names.
        public init(path: String, histogram: ValueHistogram) {
            self.path = path
            self.histogram = histogram
        }
    }

    /// The steps done when it was taken.
    public var step: Int
    /// The loss of the batch, penalties included.
    public var loss: Double
    /// Every weight that can be trained, frozen ones included.
    public var weights: [Entry]
    /// Gradients of the loss to each weight that is trained.
    public var gradients: [Entry]
    /// Outputs of layers. A layer that is called again, with other inputs, has an entry for each call: `encoder`, `encoder (2)`.
    public var activations: [Entry]
}
