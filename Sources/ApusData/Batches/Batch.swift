public import ApusTensor

/// Some samples with their targets: what one step takes.
public struct Batch: Sendable {
    /// The samples as stored, such as `uint8` `[N, 28, 28, 1]`; the step normalizes them.
    public let inputs: Tensor
    /// Labels, `int32` `[N]`, or numbers, `float32` `[N, ...]`.
    public let targets: Tensor
    /// The number of samples N.
    public let count: Int
    public let normalization: Normalization

    /// A batch of tensors whose first axes are equally long.
    public init(inputs: Tensor, targets: Tensor, normalization: Normalization = .identity) {
        precondition(
            inputs.rank > 0 && targets.rank > 0 && inputs.shape[0] == targets.shape[0],
            "a batch needs as many inputs as targets, received \(inputs.shape) and \(targets.shape)")
        self.inputs = inputs
        self.targets = targets
        self.normalization = normalization
        count = inputs.shape[0]
    }
}
