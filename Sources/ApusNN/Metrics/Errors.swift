public import ApusConfiguration
public import ApusTensor

/// The mean of |output − target| over all elements. Shapes: equal, or targets [N] for outputs [N, 1].
///
/// ```swift
/// let trainer = Trainer(
///     Dense(1), loss: .meanSquaredError, optimizer: .adam(), metrics: [.meanAbsoluteError])
/// ```
public struct MeanAbsoluteErrorMetric: MetricRule {
    /// The metric for outputs and targets of one shape [N, ...].
    public init() {}

    public static var kind: String { "meanAbsoluteError" }
    public static let schema = Schema(MeanAbsoluteErrorMetric())
    public var accumulation: MetricAccumulation { .sum }

    public func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor {
        Tensor.weightedMeanSums(abs(output - target.aligned(output)), weights)
    }

    public func value(_ gathered: [Double], classes: Int) -> MetricValue { .number(gathered[0] / gathered[1]) }
    public func problem(_ output: Tensor, _ target: Tensor) -> String? { Tensor.shapeProblem(output, target) }
}

/// The mean of (output − target)² over all elements. Shapes: equal, or targets [N] for outputs [N, 1].
///
/// ```swift
/// let trainer = Trainer(Dense(1), loss: .huber(), optimizer: .adam(), metrics: [.meanSquaredError])
/// ```
public struct MeanSquaredErrorMetric: MetricRule {
    /// The metric for outputs and targets of one shape [N, ...].
    public init() {}

    public static var kind: String { "meanSquaredError" }
    public static let schema = Schema(MeanSquaredErrorMetric())
    public var accumulation: MetricAccumulation { .sum }

    public func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor {
        Tensor.weightedMeanSums(square(output - target.aligned(output)), weights)
    }

    public func value(_ gathered: [Double], classes: Int) -> MetricValue { .number(gathered[0] / gathered[1]) }
    public func problem(_ output: Tensor, _ target: Tensor) -> String? { Tensor.shapeProblem(output, target) }
}

/// √ of the mean of (output − target)² over all elements. Shapes: equal, or targets [N] for outputs [N, 1].
///
/// ```swift
/// let data = Dataset.linear(count: 200, noise: 0.1, seed: 1)
/// var trainer = Trainer(
///     Dense(1), loss: .meanSquaredError, optimizer: .adam(learningRate: 0.1),
///     metrics: [.rootMeanSquaredError])
/// try trainer.fit(data, epochs: 20, batchSize: 20)
/// print(try trainer.evaluate(data)[.rootMeanSquaredError] ?? 0)  // in the unit of the target
/// ```
public struct RootMeanSquaredError: MetricRule {
    /// The metric for outputs and targets of one shape [N, ...]; it has the unit of the targets.
    public init() {}

    public static let schema = Schema(RootMeanSquaredError())
    public var accumulation: MetricAccumulation { .sum }

    public func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor {
        MeanSquaredErrorMetric().contribution(output, target, weights: weights)
    }

    public func value(_ gathered: [Double], classes: Int) -> MetricValue {
        .number((gathered[0] / gathered[1]).squareRoot())
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? { Tensor.shapeProblem(output, target) }
}

/// The fraction of the targets' variance that is explained: 1 − Σ (target − output)² / Σ (target − mean)²; of several outputs the mean.
///
/// Shapes: [N] or [N, outputs], equal, or targets [N] for outputs [N, 1]. As `r2_score` of scikit-learn.
///
/// ```swift
/// // 1 is perfect, 0 no better than the mean of the targets
/// let metrics: [Metric] = [.r2, .rootMeanSquaredError]
/// ```
public struct R2: MetricRule {
    /// The metric for outputs and targets [N] or [N, outputs].
    public init() {}

    public static let schema = Schema(R2())
    public var accumulation: MetricAccumulation { .rows }

    /// Weight, outputs, targets: [N, 1 + 2 · outputs]. Sums of squares would lose what is small beside the mean.
    public func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor {
        let rows = output.reshaped(to: [output.shape[0], output.count / Swift.max(1, output.shape[0])])
        return Tensor.concatenated(
            [weights.expandingShape(at: 1), rows, target.aligned(output).reshaped(to: rows.shape)], axis: 1)
    }

    /// R²; where all targets are equal it is 1 if they are met exactly, else 0.
    public func value(_ gathered: [Double], classes: Int) -> MetricValue {
        let rows = stride(from: 0, to: gathered.count, by: 1 + 2 * classes)
        let weight = rows.reduce(0) { $0 + gathered[$1] }
        let shares = (0..<classes).map { column -> Double in
            let mean = rows.reduce(0) { $0 + gathered[$1] * gathered[$1 + 1 + classes + column] } / weight
            var (unexplained, variance) = (0.0, 0.0)
            for row in rows {
                let target = gathered[row + 1 + classes + column]
                let (error, distance) = (target - gathered[row + 1 + column], target - mean)
                unexplained += gathered[row] * error * error
                variance += gathered[row] * distance * distance
            }
            // Constant targets, as scikit-learn counts them.
            return variance == 0 ? (unexplained == 0 ? 1 : 0) : 1 - unexplained / variance
        }
        return .number(shares.reduce(0, +) / Double(classes))
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        output.rank > 2
            ? "expected outputs [N] or [N, outputs] but received \(output.shape)" : Tensor.shapeProblem(output, target)
    }
}

/// The mean over the samples of a function of output and target.
struct MeanOf: MetricRule {
    let name: String
    let quantity: @Sendable (Tensor, Tensor) -> Tensor

    init(_ name: String, _ quantity: @escaping @Sendable (Tensor, Tensor) -> Tensor) {
        self.name = name
        self.quantity = quantity
    }

    static let schema = Schema(MeanOf("mean") { output, _ in output })
    var accumulation: MetricAccumulation { .sum }

    func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor {
        Tensor.weightedMeanSums(quantity(output, target), weights)
    }

    func value(_ gathered: [Double], classes: Int) -> MetricValue { .number(gathered[0] / gathered[1]) }

    func problem(_ output: Tensor, _ target: Tensor) -> String? {
        let value = quantity(output, target)
        guard value.problems.isEmpty else { return value.problems.map(\.message).joined(separator: "; ") }
        return value.rank > 0 && value.shape[0] == output.shape[0]
            ? nil : "expected one value a sample, [\(output.shape[0])], but received \(value.shape)"
    }

    static func == (a: MeanOf, b: MeanOf) -> Bool { a.name == b.name }
    func hash(into hasher: inout Hasher) { hasher.combine(name) }
}
