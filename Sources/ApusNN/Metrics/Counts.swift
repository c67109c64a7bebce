public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// How the values of classes become one.
///
/// ```swift
/// let macro = Metric.f1(average: .macro)     // all classes count alike
/// let each = Metric.f1(average: .none)       // a number for each class: f1[0], f1[1], …
/// ```
public enum Average: String, Sendable, Hashable, Codable, CaseIterable {
    /// The mean of the classes that occur among targets or predictions.
    case macro
    /// The value of the counts of all classes together.
    case micro
    /// The mean weighted by how often a class is the target.
    case weighted
    /// The class "yes" alone; for one output a sample, or two classes.
    case binary
    /// Not at all: one value a class.
    case none
}

/// Right predictions among the predictions of a class: TP / (TP + FP); 0 where a class is never predicted.
///
/// Shapes as of `Accuracy`. Definitions and averages as in scikit-learn.
///
/// ```swift
/// let metrics: [Metric] = [.precision(average: .weighted), .recall(average: .weighted)]
/// ```
public struct Precision: CountsRule {
    /// How the values of classes become one; results are called by it: `precision`, `precisionMicro`, `precision[0]`.
    public var average: Average

    /// The metric for outputs [N, ..., C] with labels [N, ...].
    ///
    /// - Parameter average: How the values of the classes become one.
    public init(average: Average = .macro) {
        self.average = average
    }

    public static let schema = Schema(Precision(), .leading("average", \.average, hasDefault: true, isLabelled: true))
    func share(_ counts: ClassCounts) -> Double { ClassCounts.ratio(counts.right, counts.predicted) }
}

/// Right predictions among the samples of a class: TP / (TP + FN); 0 where a class never occurs.
///
/// Shapes as of `Accuracy`. Definitions and averages as in scikit-learn.
///
/// ```swift
/// let found = Metric.recall(average: .binary)   // of two classes, that of class 1
/// ```
public struct Recall: CountsRule {
    /// How the values of classes become one; results are called by it: `recall`, `recallMicro`, `recall[0]`.
    public var average: Average

    /// The metric for outputs [N, ..., C] with labels [N, ...].
    ///
    /// - Parameter average: How the values of the classes become one.
    public init(average: Average = .macro) {
        self.average = average
    }

    public static let schema = Schema(Recall(), .leading("average", \.average, hasDefault: true, isLabelled: true))
    func share(_ counts: ClassCounts) -> Double { ClassCounts.ratio(counts.right, counts.actual) }
}

/// The harmonic mean of precision and recall: 2 TP / (2 TP + FP + FN).
///
/// Shapes as of `Accuracy`. Definitions and averages as in scikit-learn.
///
/// ```swift
/// let data = Dataset.moons(count: 200, noise: 0.1, seed: 1)
/// var trainer = Trainer(
///     Sequential { Dense(2) }, loss: .softmaxCrossEntropy, optimizer: .adam(), metrics: [.f1()])
/// try trainer.fit(data, epochs: 5, batchSize: 20)
/// print(try trainer.evaluate(data)[.f1()] ?? 0)
/// ```
public struct F1: CountsRule {
    /// How the values of classes become one; results are called by it: `f1`, `f1Micro`, `f1[0]`.
    public var average: Average

    /// The metric for outputs [N, ..., C] with labels [N, ...].
    ///
    /// - Parameter average: How the values of the classes become one.
    public init(average: Average = .macro) {
        self.average = average
    }

    public static let schema = Schema(F1(), .leading("average", \.average, hasDefault: true, isLabelled: true))
    func share(_ counts: ClassCounts) -> Double {
        ClassCounts.ratio(2 * counts.right, counts.predicted + counts.actual)
    }
}

/// How often each class was taken for each: a table [target][prediction] of counts, or of weights.
///
/// Shapes as of `Accuracy`.
///
/// ```swift
/// let data = Dataset.blobs(count: 150, classes: 3, seed: 1)
/// var trainer = Trainer(
///     Dense(3), loss: .softmaxCrossEntropy, optimizer: .adam(), metrics: [.confusionMatrix])
/// try trainer.fit(data, epochs: 3, batchSize: 15)
/// print(try trainer.evaluate(data).tables)  // rows are targets, columns predictions
/// ```
public struct ConfusionMatrix: PredictedClassRule {
    /// The metric for outputs [N, ..., C] with labels [N, ...]; it yields a table [C][C].
    public init() {}

    public static let schema = Schema(ConfusionMatrix())
    public var accumulation: MetricAccumulation { .sum }
    public var isNumber: Bool { false }

    /// Weights by target and prediction, a row for each target: [classes · classes].
    public func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor {
        let (predicted, actual, weights) = Tensor.classIndicators(output, target, weights)
        return (actual * weights).transposed().matmul(predicted).flattened()
    }

    public func value(_ gathered: [Double], classes: Int) -> MetricValue {
        let count = Int(Double(gathered.count).squareRoot())
        return .table((0..<count).map { Array(gathered[($0 * count)..<(($0 + 1) * count)]) })
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? { Tensor.labelProblem(output, target) }
}

/// What is counted of a class.
struct ClassCounts {
    /// Predicted and so: TP.
    var right = 0.0
    /// TP + FP
    var predicted = 0.0
    /// TP + FN
    var actual = 0.0

    static func ratio(_ part: Double, _ whole: Double) -> Double { whole == 0 ? 0 : part / whole }
}

/// A metric of counts of classes, and of how classes are averaged.
protocol CountsRule: PredictedClassRule {
    var average: Average { get }
    func share(_ counts: ClassCounts) -> Double
}

extension CountsRule {
    /// `f1`; of another average than `macro` also its name, `f1Micro`; one value a class is `f1[0]`, `f1[1]`, …
    public var name: String {
        switch average {
        case .macro, .none: Self.kind
        case .micro, .weighted, .binary:
            Self.kind + average.rawValue.prefix(1).uppercased() + average.rawValue.dropFirst()
        }
    }
    public var isNumber: Bool { average != .none }
    public var accumulation: MetricAccumulation { .sum }

    /// TP, predictions and targets of each class: [3 · classes].
    public func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor {
        let (predicted, actual, weights) = Tensor.classIndicators(output, target, weights)
        return Tensor.concatenated([predicted * actual, predicted, actual].map { ($0 * weights).sum(axes: [0]) })
    }

    /// One number for each class with `none`, else their average.
    public func value(_ gathered: [Double], classes: Int) -> MetricValue {
        let count = gathered.count / 3
        let all = (0..<count).map {
            ClassCounts(right: gathered[$0], predicted: gathered[count + $0], actual: gathered[2 * count + $0])
        }
        switch average {
        case .none: return .classes(all.map(share))
        case .binary: return .number(share(all[all.count - 1]))
        case .micro:
            return .number(
                share(
                    all.reduce(into: ClassCounts()) { sum, next in
                        sum.right += next.right
                        sum.predicted += next.predicted
                        sum.actual += next.actual
                    }))
        case .macro:
            let present = all.filter { $0.predicted + $0.actual > 0 }
            return .number(ClassCounts.ratio(present.reduce(0) { $0 + share($1) }, Double(present.count)))
        case .weighted:
            return .number(
                ClassCounts.ratio(all.reduce(0) { $0 + share($1) * $1.actual }, all.reduce(0) { $0 + $1.actual }))
        }
    }

    public func problem(_ output: Tensor, _ target: Tensor) -> String? {
        if average == .binary, !Tensor.hasOneOutput(output), output.shape[-1] != 2 {
            return
                "the average binary needs one output a sample or two classes but received \(output.shape); use macro, micro or weighted"
        }
        return Tensor.labelProblem(output, target)
    }
}

extension Tensor {
    /// For each position and class 1 or 0: predicted, and so; and the weight of each position, [positions, 1].
    static func classIndicators(
        _ output: Tensor, _ target: Tensor, _ weights: Tensor
    ) -> (predicted: Tensor, actual: Tensor, weights: Tensor) {
        let classes = hasOneOutput(output) ? 2 : output.shape[-1]
        let positions = positionShape(output)
        let factors = weights.reshaped(to: Shape([weights.count] + positions.dimensions.dropFirst().map { _ in 1 }))
            .broadcast(to: positions)
        return (
            predictedClass(output).flattened().oneHot(classes: classes, type: .float32),
            targetClass(target, output).flattened().oneHot(classes: classes, type: .float32),
            factors.reshaped(to: [positions.count, 1])
        )
    }
}
