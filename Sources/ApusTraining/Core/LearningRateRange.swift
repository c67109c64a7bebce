public import ApusData
import Foundation

/// The loss over a rising learning rate: where it falls fastest is a rate to begin with. Smith (2017).
///
/// ```swift
/// let net = Sequential { Dense(32, activation: .relu); Dense(2) }
/// let trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam())
/// let range = try trainer.learningRateRange(Dataset.spirals(seed: 1), from: 1e-5, to: 10, batchSize: 32)
/// print(range.suggestion ?? "the loss never falls")
/// ```
public struct LearningRateRange: Sendable, Hashable, CustomStringConvertible {
    /// One step of the test.
    public struct Point: Sendable, Hashable {
        /// The rate of the step.
        public var learningRate: Double
        /// The loss, averaged over the last steps with exponential weights.
        public var loss: Double
    }

    /// In the order of the steps: the rate rises. They end early where the loss is four times its best, or not finite.
    public var points: [Point]

    /// The rate at which the loss falls fastest over the logarithm of the rate; `nil` if it never falls.
    ///
    /// What comes after the lowest loss does not count: a loss that has risen may fall steeply again.
    public var suggestion: Double? {
        let lowest = points.indices.min { points[$0].loss < points[$1].loss } ?? 0
        let falling = points.prefix(lowest + 1)
        let slopes = zip(falling, falling.dropFirst()).map {
            ($1.loss - $0.loss) / (log($1.learningRate) - log($0.learningRate))
        }
        guard let steepest = slopes.indices.min(by: { slopes[$0] < slopes[$1] }), slopes[steepest] < 0 else {
            return nil
        }
        return points[steepest].learningRate
    }

    public var description: String {
        let lines = points.map { "\($0.learningRate)\t\(Measurements.rounded($0.loss))" }
        return (["learning rate\tloss"] + lines + [suggestion.map { "falls fastest at \($0)" } ?? "never falls"])
            .joined(separator: "\n")
    }
}

extension Trainer {
    /// Trains a copy with a rate that rises from step to step by a factor, until the loss is four times its best.
    ///
    /// The trainer itself does not change.
    ///
    /// - Throws: `TrainingError` for impossible rates and labels that the model has no output for, `GraphError` if the model does not
    ///   fit the data.
    public func learningRateRange(
        _ training: Dataset, from lowest: Double = 1e-6, to highest: Double = 1, steps: Int = 100, batchSize: Int,
        augmentations: [Augmentation] = []
    ) throws -> LearningRateRange {
        guard lowest > 0, highest > lowest, highest.isFinite, steps >= 2, batchSize > 0, training.count > 0 else {
            throw TrainingError(
                "a range test needs samples, 0 < from < to, at least two steps and a positive batchSize, received \(training.count) "
                    + "samples, \(lowest), \(highest), \(steps) and \(batchSize)")
        }
        try training.check(augmentations)
        try checked(model, training, batchSize: batchSize)
        var copy = self
        try copy.prepare(inputs: training.signature)
        var state = copy.state!
        let step = try makeStep(model, objective.withoutMetrics)
        let smoothing = 0.9
        var (range, mean, weight, best) = (LearningRateRange(points: []), 0.0, 0.0, Double.infinity)
        var epoch = 0
        while range.points.count < steps {
            let batches = training.batches(of: batchSize, epoch: epoch, seed: seed, augmentations: augmentations)
            for batch in batches {
                let progress = Double(range.points.count) / Double(steps - 1)
                let rate = lowest * pow(highest / lowest, progress)
                let result = try step(&state, batch, learningRate: rate)
                mean = smoothing * mean + (1 - smoothing) * result.loss
                weight = smoothing * weight + (1 - smoothing)
                guard result.loss.isFinite, mean / weight <= 4 * Swift.max(best, 1e-12) else { return range }
                range.points.append(LearningRateRange.Point(learningRate: rate, loss: mean / weight))
                best = Swift.min(best, mean / weight)
                if range.points.count == steps { break }
            }
            try batches.checkFailure()
            epoch += 1
        }
        return range
    }
}
