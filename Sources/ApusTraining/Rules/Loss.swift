import ApusGraph
public import ApusTensor

/// What training makes small: the mean over the batch of a distance between output and target.
public enum Loss: String, Sendable, Hashable, Codable, CaseIterable {
    /// −log softmax(output)[target]; outputs are logits [N, C], targets class numbers [N].
    case softmaxCrossEntropy
    /// (output − target)², mean over all elements; equal shapes.
    case meanSquaredError

    public func callAsFunction(_ output: Tensor, _ target: Tensor) -> Tensor {
        switch self {
        case .softmaxCrossEntropy: return ApusTensor.softmaxCrossEntropy(output, target)
        case .meanSquaredError:
            guard output.shape == target.shape || !output.problems.isEmpty else {
                return Tensor(
                    Node(
                        problem: "the model yields shape \(output.shape) but the targets have \(target.shape); they must be equal",
                        operation: "meanSquaredError"))
            }
            return ApusTensor.meanSquaredError(output, target)
        }
    }
}

/// What is measured besides the loss, exactly over all samples of an epoch.
public enum Metric: String, Sendable, Hashable, Codable, CaseIterable {
    /// The share of samples whose greatest output is the target's class.
    case accuracy
    /// The mean of |output − target|.
    case meanAbsoluteError

    /// The sum over the batch of the samples' values.
    func sum(_ output: Tensor, _ target: Tensor) -> Tensor {
        switch self {
        case .accuracy: (output.argmax(axis: -1) .== target.cast(to: .int64)).cast(to: .float32).sum()
        case .meanAbsoluteError:
            abs(output - target).sum() / Double(Swift.max(1, output.count / Swift.max(1, output.shape.dimensions.first ?? 1)))
        }
    }

    /// What is wrong with measuring this on a model's output; `nil` if it fits.
    func problem(_ output: Tensor, _ target: Tensor) -> String? {
        switch self {
        case .accuracy where output.rank != 2 || target.rank != 1:
            "accuracy needs outputs [N, classes] and targets [N] but received \(output.shape) and \(target.shape)"
        case .meanAbsoluteError where output.shape != target.shape:
            "meanAbsoluteError needs equal shapes but received \(output.shape) and \(target.shape)"
        default: nil
        }
    }
}
