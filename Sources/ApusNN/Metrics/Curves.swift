public import ApusConfiguration
import ApusTensor
import Foundation

/// The area under the curve of true over false positive rate: the probability that a "yes" scores above a "no", ties half.
///
/// Shapes: output [N], [N, 1] or [N, 2] with targets 0 or 1; with more classes the mean over each against the rest, labels [N] or
/// one-hot. Samples are ranked by the probability of the class: of two outputs by their difference, of more by the softmax, or by the
/// outputs themselves where these are distributions already. As `roc_auc_score` of scikit-learn. Classes that do not occur, or to
/// which all samples belong, are left out of the mean; NaN if none is left, or an output is NaN.
///
/// ```swift
/// let trainer = Trainer(Dense(1), loss: .binaryCrossEntropy, optimizer: .adam(), metrics: [.rocAUC])
/// ```
public struct ROCAUC: CurveRule {
    /// The metric for outputs [N], [N, 1] or [N, 2] with targets 0 or 1.
    public init() {}

    public static var kind: String { "rocAUC" }
    public static let schema = Schema(ROCAUC())

    func area(_ steps: [CurveStep], yes: Double, no: Double) -> Double? {
        var (area, last) = (0.0, CurveStep())
        for step in steps {
            area += (step.no - last.no) * (step.yes + last.yes) / 2
            last = step
        }
        return yes > 0 && no > 0 ? area / (yes * no) : nil
    }
}

/// The average precision: Σ (recall step) · precision over falling thresholds, the area under precision over recall.
///
/// Shapes and ranks as of `ROCAUC`. As `average_precision_score` of scikit-learn. Classes that do not occur are left out of the mean;
/// NaN if none is left, or an output is NaN.
///
/// ```swift
/// let rare = Trainer(Dense(1), loss: .binaryFocal(), optimizer: .adam(), metrics: [.prAUC])  // where "yes" is rare
/// ```
public struct PRAUC: CurveRule {
    /// The metric for outputs [N], [N, 1] or [N, 2] with targets 0 or 1.
    public init() {}

    public static var kind: String { "prAUC" }
    public static let schema = Schema(PRAUC())

    func area(_ steps: [CurveStep], yes: Double, no: Double) -> Double? {
        var (area, last) = (0.0, CurveStep())
        for step in steps {
            area += (step.yes - last.yes) * step.yes / (step.yes + step.no)
            last = step
        }
        return yes > 0 ? area / yes : nil
    }
}

/// The weight of samples that score at least a threshold.
struct CurveStep {
    var yes = 0.0
    var no = 0.0
}

/// A metric of a curve over thresholds, which needs all samples.
protocol CurveRule: MetricRule {
    /// The area under a curve; `nil` where it is not defined.
    ///
    /// - Parameters:
    ///   - steps: What lies at or above each threshold, from the highest down.
    ///   - yes: The weight of all samples that are so; `no` of the rest.
    func area(_ steps: [CurveStep], yes: Double, no: Double) -> Double?
}

extension CurveRule {
    public var accumulation: MetricAccumulation { .rows }

    /// Weight, label, scores: [N, 2 + scores].
    public func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor {
        let label = Tensor.targetClass(target, output).cast(to: .float32)
        let scores = output.cast(to: .float32).reshaped(to: [label.count, output.count / Swift.max(1, label.count)])
        return Tensor.concatenated([weights.expandingShape(at: 1), label.expandingShape(at: 1), scores], axis: 1)
    }

    /// Up to two classes the area of the last; of more the mean over each against the rest, as far as they are defined.
    public func value(_ gathered: [Double], classes: Int) -> MetricValue {
        let width = classes + 2
        let rows = Array(stride(from: 0, to: gathered.count, by: width))
        let ranks = CurveRanks(rows.map { gathered[($0 + 2)..<($0 + width)] })
        if ranks.areBroken { return .number(.nan) }
        func area(_ yes: Int) -> Double? {
            let scores = ranks.scores(of: yes)
            let samples = zip(rows, scores).map { row, score in
                (score: score, isYes: gathered[row + 1] == Double(yes), weight: gathered[row])
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
        let areas = (classes <= 2 ? [1] : Array(0..<classes)).compactMap(area)
        return .number(areas.isEmpty ? .nan : areas.reduce(0, +) / Double(areas.count))
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        output.rank > 2
            ? "expected outputs [N] or [N, classes] but received \(output.shape)" : Tensor.labelProblem(output, target)
    }
}

/// What samples are ranked by, class by class.
struct CurveRanks {
    private let rows: [[Double]]
    /// Whether an order does not exist: an output is NaN.
    let areBroken: Bool
    /// The greatest output of each sample, and the logarithm of Σ exp(output − greatest); none where outputs are ranked themselves.
    private let normalizers: [(greatest: Double, logarithm: Double)]

    init(_ outputs: [ArraySlice<Double>]) {
        areBroken = outputs.contains { $0.contains(where: \.isNaN) }
        // Differences of infinite outputs would not be numbers.
        let limit = 1e100
        let rows = outputs.map { $0.map { min(max($0, -limit), limit) } }
        self.rows = rows
        let areScores = (rows.first?.count ?? 0) <= 2
        // bfloat16 keeps two to three digits.
        let areProbabilities = rows.allSatisfy { row in
            row.allSatisfy { $0 >= 0 } && abs(row.reduce(0, +) - 1) < 0.01
        }
        normalizers =
            areScores || areProbabilities
            ? []
            : rows.map { row in
                let greatest = row.max() ?? 0
                return (greatest, Foundation.log(row.reduce(0) { $0 + Foundation.exp($1 - greatest) }))
            }
    }

    /// One number a sample, greater where the class is more probable; equal outputs but for a constant give equal numbers.
    func scores(of label: Int) -> [Double] {
        rows.enumerated().map { index, row in
            if row.count == 1 { return row[0] }
            if row.count == 2 { return row[label] - row[1 - label] }
            guard !normalizers.isEmpty else { return row[label] }
            return row[label] - normalizers[index].greatest - normalizers[index].logarithm
        }
    }
}
