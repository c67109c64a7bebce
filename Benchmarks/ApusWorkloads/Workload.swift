public import Apus

/// A training step or a prediction whose time is compared with that of other frameworks: an entry of Benchmarks/workloads.json.
public struct Workload: Sendable {
    /// What `--workloads` calls it.
    public let name: String
    /// The network; it yields ten logits, or those of a token for each position.
    public let model: Sequential
    /// How training changes it.
    public let optimizer: Optimizer
    /// The shape of a sample.
    public let input: Shape
    /// How many different tokens a sample consists of, each with a label; `nil` if it consists of numbers.
    public let vocabulary: Int?
    /// The samples of a batch.
    public let batch: Int
    /// Whether it is only the outputs of the network as it predicts.
    public let isInference: Bool
    /// The precisions in which it is measured.
    public let precisions: [NumericPrecision]
}
