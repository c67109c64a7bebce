public import ApusConfiguration
public import ApusTensor

/// The fraction of samples whose largest output is the target's class.
///
/// Shapes: output [N, ..., C] with labels [N, ...] or one-hot targets; with one output a sample, [N] or [N, 1], an output above 0 (a
/// logit) means "yes", or a probability above 0.5 if the loss says that outputs are probabilities.
///
/// ```swift
/// let trainer = Trainer(
///     Zoo.mlp.model(), loss: .softmaxCrossEntropy, optimizer: .adam(), metrics: [.accuracy])
/// ```
public struct Accuracy: PredictedClassRule {
    /// The metric for outputs [N, ..., C] with labels [N, ...] or one-hot targets.
    public init() {}

    public static let schema = Schema(Accuracy())
    public var accumulation: MetricAccumulation { .sum }

    public func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor {
        let (predicted, label) = (Tensor.predictedClass(output), Tensor.targetClass(target, output))
        return Tensor.weightedMeanSums((predicted .== label).cast(to: .float32), weights)
    }

    public func value(_ gathered: [Double], classes: Int) -> MetricValue { .number(gathered[0] / gathered[1]) }
    public func problem(_ output: Tensor, _ target: Tensor) -> String? { Tensor.labelProblem(output, target) }
}

/// The fraction of yes-or-no answers on the right side of the threshold, which is a probability.
///
/// Shapes: output [N], [N, 1] or [N, ..., C], targets 0 or 1 of the same shape; of logits the sigmoid is compared. Its name holds a
/// threshold other than 0.5: `binaryAccuracyAt0.3`.
///
/// ```swift
/// let careful = Metric.binaryAccuracy(threshold: 0.9)   // "yes" only where the probability is above 0.9
/// ```
public struct BinaryAccuracy: MetricRule {
    /// The answer is "yes" where the probability is greater.
    public var threshold: Double
    /// Whether outputs are probabilities, not logits.
    public var fromProbabilities: Bool

    /// The metric for outputs [N], [N, 1] or [N, ..., C] with targets 0 or 1.
    ///
    /// - Parameters:
    ///   - threshold: The probability from which an answer counts as "yes", in 0...1.
    ///   - fromProbabilities: Whether outputs are probabilities; else they are logits.
    public init(threshold: Double = 0.5, fromProbabilities: Bool = false) {
        self.threshold = threshold
        self.fromProbabilities = fromProbabilities
    }

    public static let schema = Schema(
        BinaryAccuracy(), .optional("threshold", \.threshold), .optional("fromProbabilities", \.fromProbabilities))
    public var name: String { threshold == 0.5 ? Self.kind : "\(Self.kind)At\(threshold)" }
    public var accumulation: MetricAccumulation { .sum }

    public func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor {
        let probability = fromProbabilities ? output : sigmoid(output)
        let isYes = probability .> .full([], threshold, type: output.elementType)
        let answer = target.cast(to: .float32).reshaped(to: output.shape) .> .full([], 0.5)
        let isRight = isYes.cast(to: .float32) .== answer.cast(to: .float32)
        return Tensor.weightedMeanSums(isRight.cast(to: .float32), weights)
    }

    public func value(_ gathered: [Double], classes: Int) -> MetricValue { .number(gathered[0] / gathered[1]) }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        (0...1).contains(threshold)
            ? Tensor.shapeProblem(output, target) : "the threshold is a probability in 0...1, received \(threshold)"
    }
}

/// The fraction of samples whose class is among the k largest outputs; of equal outputs the first counts.
///
/// Shapes: output [N, ..., C], labels [N, ...] or one-hot targets.
///
/// ```swift
/// let metrics: [Metric] = [.accuracy, .topKAccuracy(k: 3)]
/// print(metrics.map(\.name))
/// ```
public struct TopKAccuracy: MetricRule {
    /// How many of the largest outputs count.
    public var k: Int

    /// The metric for outputs [N, ..., C] with labels [N, ...] or one-hot targets.
    ///
    /// - Parameter k: How many of the largest outputs count, at least 1.
    public init(k: Int = 5) {
        self.k = k
    }

    public static let schema = Schema(TopKAccuracy(), .leading("k", \.k, hasDefault: true, isLabelled: true))
    /// `top5Accuracy` for k = 5.
    public var name: String { "top\(k)Accuracy" }
    public var accumulation: MetricAccumulation { .sum }

    public func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor {
        let best = output.topK(Swift.min(k, output.shape[-1])).indices
        let label = Tensor.targetClass(target, output).expandingShape(at: -1)
        return Tensor.weightedMeanSums((best .== label).any(axes: [-1]).cast(to: .float32), weights)
    }

    public func value(_ gathered: [Double], classes: Int) -> MetricValue { .number(gathered[0] / gathered[1]) }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        if k < 1 { return "k must be positive, received \(k)" }
        return Tensor.hasOneOutput(output)
            ? "expected outputs [N, classes] but received \(output.shape)" : Tensor.labelProblem(output, target)
    }
}

extension Tensor {
    /// The class with the largest output at each position; 1 for a positive logit where there is one output.
    static func predictedClass(_ output: Tensor) -> Tensor {
        guard hasOneOutput(output) else { return output.argmax(axis: -1) }
        return (output.reshaped(to: positionShape(output)) .> .zeros([], type: output.elementType)).cast(to: .int64)
    }

    /// The class of each position, from labels or one-hot targets.
    static func targetClass(_ target: Tensor, _ output: Tensor) -> Tensor {
        if target.rank == output.rank, !hasOneOutput(output) { return target.argmax(axis: -1) }
        // Numbers say "yes" above one half: targets may be −1 and 1, or shares where samples are mixed.
        let isYes = target.elementType.isFloatingPoint ? target .> .full([], 0.5, type: target.elementType) : target
        return isYes.cast(to: .int64).reshaped(to: positionShape(output))
    }

    /// Σ weight · mean of a sample's values, and Σ weight: [2].
    static func weightedMeanSums(_ values: Tensor, _ weights: Tensor) -> Tensor {
        let each = values.rank > 1 ? values.mean(axes: Array(1..<values.rank)) : values
        return Tensor.stacked([(each * weights).sum(), weights.sum()])
    }

    /// Labels or one-hot rows for classes, 0 or 1 for one output.
    static func labelProblem(_ output: Tensor, _ target: Tensor) -> String? {
        hasOneOutput(output) ? shapeProblem(output, target) : classProblem(output, target)
    }
}
