public import ApusTensor

/// What went through the layers of a model for one batch: forward what each yields, backward the gradient that arrives at it.
///
/// ```swift
/// let net = Sequential { Dense(32, activation: .sigmoid); Dense(32, activation: .sigmoid); Dense(2) }
/// let state = try TrainingState(net, optimizer: .adam(), input: [2], seed: 7)
/// let batch = Batch(
///     inputs: Tensor.normal([64, 2], key: RandomKey(seed: 1)), targets: Tensor((0..<64).map { $0 % 2 }))
/// let signals: LayerSignals = try LayerRecorder(net, loss: .softmaxCrossEntropy)(state, batch)
/// for layer in signals.layers {
///     let spread = UnitSpread(layer.output)
///     print(layer.path, spread.pooled, spread.within, UnitSpread(layer.gradient).pooled)
/// }
/// print(signals["1.dense"]!.output.shape)   // [64, 32]
/// ```
public struct LayerSignals: Sendable {
    /// One layer.
    public struct Layer: Sendable {
        /// The path of the layer, `0.dense`; the model itself is `model`. A layer that is called again, with other inputs, is there for
        /// each call: `encoder`, `encoder (2)`.
        public let path: String
        /// What it yields, its activation included: float32 [N, ...].
        public let output: Tensor
        /// The gradient of the batch's loss with respect to that, of the same shape.
        public let gradient: Tensor
    }

    /// The steps done when it was taken.
    public let step: Int
    /// The loss of the batch, penalties included.
    public let loss: Double
    /// The layers in the order in which they yield; inner layers before the layer around them.
    public let layers: [Layer]
    /// The gradient of the loss with respect to each weight that is trained, by path.
    public let gradients: [(path: String, value: Tensor)]

    /// The layer of a path; `nil` if there is none.
    public subscript(path: String) -> Layer? { layers.first { $0.path == path } }
}
