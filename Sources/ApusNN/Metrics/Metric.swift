public import ApusConfiguration
import ApusGraph
public import ApusTensor

/// What is measured besides the loss, exactly over all samples of an epoch.
///
/// ```swift
/// let within = Metric.mean("within") { output, target in
///     (abs(output - target) .< 0.1).cast(to: .float32)
/// }
/// let trainer = Trainer(
///     Dense(1), loss: .meanSquaredError, optimizer: .adam(), metrics: [within, .r2])
/// ```
public struct Metric: Sendable {
    /// What is measured, and how batches become one value.
    public var rule: any MetricRule

    /// A metric by its rule; `.accuracy` and its like are shorter.
    ///
    /// - Parameter rule: What is measured.
    public init(_ rule: some MetricRule) {
        self.rule = rule
    }

    /// What results are called: `accuracy`.
    public var name: String { rule.name }

    /// What a batch adds, where outputs mean what a loss says.
    ///
    /// Metrics of predicted classes take an output of one number for a logit, which means "yes" above 0; a probability does so above one
    /// half.
    package func contribution(
        _ output: Tensor, _ target: Tensor, weights: Tensor, meaning: OutputMeaning
    ) -> Tensor {
        guard rule is any PredictedClassRule, meaning == .yesOrNo(isProbability: true) else {
            return rule.contribution(output, target, weights: weights)
        }
        return rule.contribution(output - 0.5, target, weights: weights)
    }
}

/// A metric of the class that is predicted for each sample.
protocol PredictedClassRule: MetricRule {}

/// A measure of a model's outputs that is gathered batch by batch.
///
/// ```swift
/// import ApusConfiguration
///
/// struct Bias: MetricRule {
///     static let schema = Schema(Bias())  // no arguments
///     var accumulation: MetricAccumulation { .sum }
///     func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor {
///         let errors = (output - target).reshaped(to: weights.shape) * weights
///         return Tensor.stacked([errors.sum(), weights.sum()])
///     }
///     func value(_ gathered: [Double], classes: Int) -> MetricValue {
///         .number(gathered[0] / gathered[1])
///     }
///     func problem(_ output: Tensor, _ target: Tensor) -> String? {
///         output.shape == target.shape
///             ? nil : "expected targets \(output.shape) but received \(target.shape)"
///     }
/// }
/// let trainer = Trainer(
///     Dense(1), loss: .meanSquaredError, optimizer: .adam(), metrics: [Metric(Bias())])
/// ```
public protocol MetricRule: Configurable {
    /// What results are called; the kind if a rule does not say.
    var name: String { get }
    /// How the batches' contributions become one.
    var accumulation: MetricAccumulation { get }
    /// What a batch adds: numbers [k], or a row of numbers for each sample [N, k].
    ///
    /// - Parameters:
    ///   - output: The outputs of a batch, [N, ...].
    ///   - target: The targets of the batch.
    ///   - weights: A factor for each sample, [N], ones if there are none.
    func contribution(_ output: Tensor, _ target: Tensor, weights: Tensor) -> Tensor
    /// The measure for everything that was gathered.
    ///
    /// - Parameters:
    ///   - gathered: The sums of all contributions, or their rows one after the other.
    ///   - classes: The number of outputs a sample.
    func value(_ gathered: [Double], classes: Int) -> MetricValue
    /// What is wrong with shapes and arguments; `nil` if they fit.
    func problem(_ output: Tensor, _ target: Tensor) -> String?
    /// Whether the measure is one number for all samples; it is, unless a rule says otherwise.
    var isNumber: Bool { get }
}

/// How contributions of batches become one.
///
/// ```swift
/// let isSum = Metric.accuracy.rule.accumulation == .sum  // counts of batches are added
/// // Scores are kept until the end, for they are ranked
/// let areRows = Metric.rocAUC.rule.accumulation == .rows
/// ```
public enum MetricAccumulation: Sendable, Hashable {
    /// Contributions are added.
    case sum
    /// One after the other: for measures that need all samples at once.
    case rows
}

/// What a metric yields.
///
/// ```swift
/// func text(_ value: MetricValue) -> String {
///     switch value {
///     case .number(let number): "\(number)"
///     case .classes(let numbers): "\(numbers)"
///     case .table(let rows): "\(rows.count) rows"
///     }
/// }
/// ```
public enum MetricValue: Sendable, Hashable {
    /// One for all samples.
    case number(Double)
    /// One for each class.
    case classes([Double])
    /// Rows of numbers.
    case table([[Double]])
}

extension MetricRule {
    /// Nothing, unless a rule says otherwise.
    public func problem(_ output: Tensor, _ target: Tensor) -> String? { nil }

    public var name: String { Self.kind }
    public var isNumber: Bool { true }
}

/// The kinds of metrics that can be read from files.
///
/// ```swift
/// let within = Metric.mean("within") { output, target in
///     (abs(output - target) .< 0.1).cast(to: .float32)
/// }
/// try MetricKinds.register(within)  // files may now say: metrics: [within]
/// ```
public enum MetricKinds {
    package static let registry = Registry<any MetricRule>(
        "metric",
        [
            Accuracy.self, BinaryAccuracy.self, TopKAccuracy.self, Precision.self, Recall.self, F1.self,
            ConfusionMatrix.self, ROCAUC.self, PRAUC.self, MeanAbsoluteErrorMetric.self, MeanSquaredErrorMetric.self,
            RootMeanSquaredError.self, R2.self, Perplexity.self,
        ])

    /// Makes a custom metric readable.
    ///
    /// - Throws: `RegistrationError` if another type has the name.
    public static func register(_ type: any MetricRule.Type) throws(RegistrationError) {
        try registry.register(type.kind, type)
    }

    /// Makes a metric that is a function readable by its name.
    ///
    /// - Throws: `RegistrationError` if another metric has the name.
    public static func register(_ metric: Metric) throws(RegistrationError) {
        try registry.register(metric.rule, named: metric.name)
    }
}

extension [Metric] {
    /// What is wrong with the names of metrics that are measured together; `nil` if each has its own.
    package var nameProblem: String? {
        var names: Set<String> = []
        for metric in self {
            if metric.name == "loss" { return "a metric can't be called loss: that is the loss; give it another name" }
            // One value a class is called f1[0], f1[1], …
            guard names.insert(metric.rule.isNumber ? metric.name : "\(metric.name)[]").inserted else {
                return "two metrics are called \(metric.name), but results are found by their names; leave one out"
            }
        }
        return nil
    }
}

extension Metric: FileRepresentable {
    public static var form: Form { .kinds(MetricKinds.registry.form()) }
}

extension Metric: Hashable, Codable, CustomStringConvertible {
    public static func == (a: Metric, b: Metric) -> Bool { AnyHashable(a.rule) == AnyHashable(b.rule) }
    public func hash(into hasher: inout Hasher) { rule.hash(into: &hasher) }
    public var description: String { "Metric(\(rule))" }

    public init(from decoder: any Decoder) throws {
        rule = try MetricKinds.registry.member(from: decoder).member
    }

    public func encode(to encoder: any Encoder) throws {
        guard rule is MeanOf else { return try rule.encode(named: type(of: rule).kind, to: encoder) }
        guard MetricKinds.registry.value(name) != nil else {
            throw EncodingError.function(name, at: encoder.codingPath)
        }
        try rule.encode(named: name, to: encoder)
    }
}

extension Metric {
    /// The fraction of samples whose largest output is the target's class; of one output a sample, those on the right side.
    public static let accuracy = Metric(Accuracy())
    /// The fraction of yes-or-no answers on the right side of the threshold, which is a probability.
    public static func binaryAccuracy(threshold: Double = 0.5, fromProbabilities: Bool = false) -> Metric {
        Metric(BinaryAccuracy(threshold: threshold, fromProbabilities: fromProbabilities))
    }
    /// The fraction of samples whose class is among the k largest outputs.
    public static func topKAccuracy(k: Int = 5) -> Metric { Metric(TopKAccuracy(k: k)) }
    /// e to the mean cross-entropy: between how many classes a model is undecided.
    public static func perplexity(fromProbabilities: Bool = false) -> Metric {
        Metric(Perplexity(fromProbabilities: fromProbabilities))
    }
    /// TP / (TP + FP) of each class, averaged unless `none`.
    public static func precision(average: Average = .macro) -> Metric { Metric(Precision(average: average)) }
    /// TP / (TP + FN) of each class, averaged unless `none`.
    public static func recall(average: Average = .macro) -> Metric { Metric(Recall(average: average)) }
    /// 2 TP / (2 TP + FP + FN) of each class, averaged unless `none`.
    public static func f1(average: Average = .macro) -> Metric { Metric(F1(average: average)) }
    /// How often each class was taken for each: [target][prediction].
    public static let confusionMatrix = Metric(ConfusionMatrix())
    /// The area under the ROC curve; of more than two classes the mean over each against the rest.
    public static let rocAUC = Metric(ROCAUC())
    /// The average precision; of more than two classes the mean over each against the rest.
    public static let prAUC = Metric(PRAUC())
    /// The mean of |output − target|.
    public static let meanAbsoluteError = Metric(MeanAbsoluteErrorMetric())
    /// The mean of (output − target)².
    public static let meanSquaredError = Metric(MeanSquaredErrorMetric())
    /// √ of the mean of (output − target)².
    public static let rootMeanSquaredError = Metric(RootMeanSquaredError())
    /// 1 − Σ (target − output)² / Σ (target − mean)²; of several outputs the mean.
    public static let r2 = Metric(R2())
    /// The mean over the samples of any quantity: a function of output and target that yields [N] or [N, ...].
    ///
    /// It can't be written to files.
    public static func mean(
        _ name: String, of quantity: @escaping @Sendable (_ output: Tensor, _ target: Tensor) -> Tensor
    ) -> Metric {
        Metric(MeanOf(name, quantity))
    }
}
