public import ApusConfiguration
public import ApusTensor
import Foundation

/// e to the mean cross-entropy over all positions: between how many classes a model is undecided, as if they were equally probable.
///
/// 1 is perfect, the number of classes is what equal probabilities reach. Shapes: output [N, ..., C] with labels [N, ...] or one-hot
/// targets. As `Perplexity` of KerasHub.
///
/// ```swift
/// let trainer = Trainer(
///     GPT(vocabulary: 256).model(), loss: .softmaxCrossEntropy, optimizer: .adam(), metrics: [.perplexity()])
/// ```
public struct Perplexity: MetricRule {
    /// Whether outputs are probabilities, not logits.
    public var fromProbabilities: Bool

    /// The metric for outputs [N, ..., C] with labels [N, ...] or one-hot targets.
    ///
    /// - Parameter fromProbabilities: Whether outputs are probabilities; else they are logits.
    public init(fromProbabilities: Bool = false) {
        self.fromProbabilities = fromProbabilities
    }

    public static let schema = Schema(Perplexity(), .optional("fromProbabilities", \.fromProbabilities))
    public var accumulation: MetricAccumulation { .sum }

    public func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor {
        let loss = SoftmaxCrossEntropy(fromProbabilities: fromProbabilities)
        return Tensor.weightedMeanSums(loss.values(output, target), weights)
    }

    public func value(_ gathered: [Double], classes: Int) -> MetricValue {
        .number(Foundation.exp(gathered[0] / gathered[1]))
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        Tensor.hasOneOutput(output)
            ? "expected outputs [N, ..., classes] but received \(output.shape)" : Tensor.classProblem(output, target)
    }
}
