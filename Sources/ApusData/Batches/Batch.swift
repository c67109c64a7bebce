import ApusGraph
public import ApusTensor

/// Some samples with their targets: what one step takes.
///
/// ```swift
/// let batch = Batch(
///     inputs: Tensor.zeros([32, 28, 28, 1]), targets: Tensor(Array(repeating: 3, count: 32)))
/// print(batch.count, batch.inputs.only.shape)  // 32 [32, 28, 28, 1]
/// ```
public struct Batch: Sendable {
    /// The samples as stored, such as `uint8` `[N, 28, 28, 1]`, by the names of the inputs; the step normalizes them.
    ///
    /// Plain data have one input, `inputs.only`, whose name is empty.
    public let inputs: Values
    /// Labels, `int32` `[N, ...]`, or numbers, `float32` `[N, ...]`, by the names of the targets; `targets.only` of plain data.
    public let targets: Values
    /// A factor on the loss and the metrics of each sample, `float32` `[N]`; `nil` where all count the same.
    public let weights: Tensor?
    /// The number of samples N.
    public let count: Int
    /// How the step scales the inputs.
    public let preprocessing: Preprocessing
    /// The label that does not count of those targets that have one, by the target's name.
    public let ignoredLabels: [String: Int]

    /// A batch of tensors whose first axes are equally long.
    public init(inputs: Tensor, targets: Tensor, weights: Tensor? = nil, preprocessing: Preprocessing = .identity) {
        demand(
            inputs.rank > 0 && targets.rank > 0 && inputs.shape[0] == targets.shape[0],
            "a batch needs as many inputs as targets, received \(inputs.shape) and \(targets.shape)")
        self.init(
            inputs: Values(inputs), targets: Values(targets), weights: weights, preprocessing: preprocessing)
    }

    /// A batch of several inputs or targets, whose first axes are equally long.
    ///
    /// - Parameters:
    ///   - inputs: The inputs by name, [N, ...] each, as they are stored.
    ///   - targets: The targets by name, [N, ...] each.
    ///   - weights: A factor on loss and metrics for each sample, [N]; none if `nil`.
    ///   - preprocessing: How a step scales the inputs.
    ///   - ignoring: The label that does not count of those targets that have one, by the target's name.
    public init(
        inputs: Values, targets: Values, weights: Tensor? = nil, preprocessing: Preprocessing = .identity,
        ignoring: [String: Int] = [:]
    ) {
        let tensors = inputs.leaves + targets.leaves
        let count = tensors.first.map { $0.rank > 0 ? $0.shape[0] : 0 } ?? 0
        demand(!inputs.isEmpty, "a batch needs at least one input")
        demand(
            tensors.allSatisfy { $0.rank > 0 && $0.shape[0] == count },
            "the inputs and targets of a batch differ in the number of samples: \(inputs), \(targets)")
        demand(
            weights.map { $0.shape == [count] } ?? true,
            "a batch needs one weight a sample, received \(weights?.shape ?? []) for \(tensors.first?.shape ?? [])")
        demand(
            ignoring.keys.allSatisfy(targets.contains),
            "labels that do not count belong to targets, received \(ignoring.keys.sorted()) for \(targets.names)")
        self.inputs = inputs
        self.targets = targets
        self.weights = weights
        self.preprocessing = preprocessing
        self.count = count
        ignoredLabels = ignoring
    }
}
