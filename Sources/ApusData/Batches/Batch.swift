import ApusGraph
public import ApusTensor

/// Some samples with their targets: what one step takes.
public struct Batch: Sendable {
    /// The samples as stored, such as `uint8` `[N, 28, 28, 1]`; the step normalizes them.
    public let inputs: Tensor
    /// Labels, `int32` `[N]`, or numbers, `float32` `[N, ...]`.
    public let targets: Tensor
    /// A factor on the loss and the metrics of each sample, `float32` `[N]`; `nil` where all count the same.
    public let weights: Tensor?
    /// The number of samples N.
    public let count: Int
    /// How the step scales the inputs.
    public let preprocessing: Preprocessing

    /// A batch of tensors whose first axes are equally long.
    public init(inputs: Tensor, targets: Tensor, weights: Tensor? = nil, preprocessing: Preprocessing = .identity) {
        demand(
            inputs.rank > 0 && targets.rank > 0 && inputs.shape[0] == targets.shape[0],
            "a batch needs as many inputs as targets, received \(inputs.shape) and \(targets.shape)")
        demand(
            weights.map { $0.shape == [inputs.shape[0]] } ?? true,
            "a batch needs one weight a sample, received \(weights?.shape ?? []) for \(inputs.shape)")
        self.inputs = inputs
        self.targets = targets
        self.weights = weights
        self.preprocessing = preprocessing
        count = inputs.shape[0]
    }
}
