public import ApusConfiguration
import ApusTensor

/// The area under the curve of true over false positive rate: the probability that a "yes" scores above a "no", ties half.
///
/// Shapes: output [N], [N, 1] or [N, 2] with targets 0 or 1; with more classes the mean over each against the rest, labels [N] or
/// one-hot. As `roc_auc_score` of scikit-learn.
public struct ROCAUC: CurveRule {
    public init() {}

    public static var kind: String { "rocAUC" }
    public static let schema = Schema(ROCAUC())

    func area(_ steps: [CurveStep], yes: Double, no: Double) -> Double {
        var (area, last) = (0.0, CurveStep())
        for step in steps {
            area += (step.no - last.no) * (step.yes + last.yes) / 2
            last = step
        }
        return area / (yes * no)
    }
}

/// The average precision: Σ (recall step) · precision over falling thresholds, the area under precision over recall.
///
/// Shapes as of `ROCAUC`. As `average_precision_score` of scikit-learn.
public struct PRAUC: CurveRule {
    public init() {}

    public static var kind: String { "prAUC" }
    public static let schema = Schema(PRAUC())

    func area(_ steps: [CurveStep], yes: Double, no: Double) -> Double {
        var (area, last) = (0.0, CurveStep())
        for step in steps {
            area += (step.yes - last.yes) * step.yes / (step.yes + step.no)
            last = step
        }
        return area / yes
    }
}

/// The weight of samples that score at least a threshold.
struct CurveStep {
    var yes = 0.0
    var no = 0.0
}

/// A metric of a curve over thresholds, which needs all samples.
protocol CurveRule: MetricRule {
    /// The area under a curve.
    ///
    /// - Parameters:
    ///   - steps: What lies at or above each threshold, from the highest down.
    ///   - yes: The weight of all samples that are so; `no` of the rest.
    func area(_ steps: [CurveStep], yes: Double, no: Double) -> Double
}

extension CurveRule {
    public var accumulation: MetricAccumulation { .rows }

    /// Weight, label, scores: [N, 2 + scores].
    public func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor {
        let label = Tensor.targetClass(target, output).cast(to: .float32)
        let scores = output.cast(to: .float32).reshaped(to: [label.count, output.count / Swift.max(1, label.count)])
        return Tensor.concatenated([weights.expandingShape(at: 1), label.expandingShape(at: 1), scores], axis: 1)
    }

    /// Up to two classes the area of the last; of more the mean over each against the rest.
    ///
    /// NaN where an area is not defined: no sample is of the class, or for `ROCAUC` none of the rest.
    public func value(_ gathered: [Double], classes: Int) -> MetricValue {
        let width = classes + 2
        let rows = stride(from: 0, to: gathered.count, by: width)
        func area(score: Int, yes: Double) -> Double {
            let samples = rows.map {
                (score: gathered[$0 + 2 + score], isYes: gathered[$0 + 1] == yes, weight: gathered[$0])
            }
            .sorted { $0.score > $1.score }
            var (steps, sum) = ([CurveStep](), CurveStep())
            for (index, sample) in samples.enumerated() {
                if sample.isYes { sum.yes += sample.weight } else { sum.no += sample.weight }
                // Samples of equal score lie on one side of every threshold.
                if index + 1 == samples.count || samples[index + 1].score != sample.score { steps.append(sum) }
            }
            return self.area(steps, yes: sum.yes, no: sum.no)
        }
        if classes <= 2 { return .number(area(score: classes - 1, yes: 1)) }
        return .number((0..<classes).reduce(0) { $0 + area(score: $1, yes: Double($1)) } / Double(classes))
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        output.rank > 2
            ? "expected outputs [N] or [N, classes] but received \(output.shape)" : Tensor.labelProblem(output, target)
    }
}
