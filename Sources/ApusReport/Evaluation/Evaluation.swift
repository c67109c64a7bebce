public import ApusTraining

/// What a trained model does with a data set: loss and metrics, and what they hide.
///
/// ```swift
/// let data = Dataset.blobs(count: 150, seed: 1)
/// var trainer = Trainer(
///     Dense(3), loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.1),
///     metrics: [.accuracy])
/// try trainer.fit(data, epochs: 10, batchSize: 15)
/// let evaluation = try Evaluation(trainer, on: data, worst: 4)
/// for sample in evaluation.classification?.worst ?? [] {
///     print(sample.index, sample.truth, sample.prediction, sample.loss)
/// }
/// ```
public struct Evaluation: Sendable, Hashable {
    /// The number of samples.
    public var count: Int
    /// Loss and metrics, as the training measures them.
    public var measurements: Measurements
    /// What is known of each output that counts, in the order of the objective; that of a model of one output has no name.
    public var outputs: [Output]

    /// Which classes the only output, or the first of several, takes for which; `nil` where it yields none.
    public var classification: Classification? {
        get { outputs.first?.classification }
        set { if !outputs.isEmpty { outputs[0].classification = newValue } }
    }

    /// The numbers of the only output, or the first of several; `nil` where it yields none.
    public var regression: Regression? {
        get { outputs.first?.regression }
        set { if !outputs.isEmpty { outputs[0].regression = newValue } }
    }

    /// What a model does with one of its outputs.
    public struct Output: Sendable, Hashable, Codable {
        /// The name of the output; empty for the only one.
        public var name: String
        /// Where each sample has one class.
        public var classification: Classification?
        /// Where each sample has numbers.
        public var regression: Regression?
    }

    /// Which classes are taken for which, and how surely.
    public struct Classification: Sendable, Hashable, Codable {
        /// The classes in the order of their labels; one without a name is called by its label.
        public var classNames: [String]
        /// `confusionMatrix[i][j]`: how many samples of class i were taken for class j.
        public var confusionMatrix: [[Int]]
        /// One row a class.
        public var classes: [ClassScore]
        /// The mean probability of the classes that were chosen.
        public var meanConfidence: Double
        /// How many wrong answers had a probability above 0.9.
        public var confidentErrorCount: Int
        /// The samples with the largest loss, the largest first.
        public var worst: [ClassifiedSample]
        /// Some samples from all over the data set.
        public var examples: [ClassifiedSample]

        /// The fraction of right answers.
        public var accuracy: Double {
            let total = confusionMatrix.reduce(0) { $0 + $1.reduce(0, +) }
            let right = confusionMatrix.indices.reduce(0) { $0 + confusionMatrix[$1][$1] }
            return total > 0 ? Double(right) / Double(total) : .nan
        }
    }

    /// How well one class is known; 0 where a share has nothing to count.
    public struct ClassScore: Sendable, Hashable, Codable {
        /// The name of the class.
        public var name: String
        /// TP / (TP + FP)
        public var precision: Double
        /// TP / (TP + FN)
        public var recall: Double
        /// 2 TP / (2 TP + FP + FN)
        public var f1: Double
        /// How many samples are of this class: TP + FN.
        public var support: Int
    }

    /// What the model said of one sample.
    public struct ClassifiedSample: Sendable, Hashable, Codable {
        /// The place of the sample in the data set, from 0.
        public var index: Int
        /// The loss of this sample alone.
        public var loss: Double
        /// The true label.
        public var truth: Int
        /// The label of the most probable class.
        public var prediction: Int
        /// The probability of the predicted class.
        public var probability: Double
        /// The probability of the true class.
        public var truthProbability: Double
    }

    /// Predicted and true numbers.
    public struct Regression: Sendable, Hashable, Codable {
        /// One row an output.
        public var outputs: [OutputScore]
        /// How often prediction − truth fell between two of `residualEdges`, all outputs together.
        public var residualCounts: [Double]
        /// The borders of those intervals, ascending: one more than there are counts.
        public var residualEdges: [Double]
        /// Pairs of some samples, all outputs together.
        public var truths: [Double]
        /// What the model answered where `truths` was right, in the same order.
        public var predictions: [Double]
        /// The samples with the largest loss, the largest first.
        public var worst: [PredictedSample]
    }

    /// How well one output is predicted.
    public struct OutputScore: Sendable, Hashable, Codable {
        /// The mean of |prediction − truth|.
        public var meanAbsoluteError: Double
        /// √mean of (prediction − truth)².
        public var rootMeanSquaredError: Double
        /// 1 − Σ residual² / Σ (truth − mean)²; NaN where all truths are equal.
        public var r2: Double
        /// The mean of prediction − truth.
        public var bias: Double
    }

    /// What the model said of one sample.
    public struct PredictedSample: Sendable, Hashable, Codable {
        /// The place of the sample in the data set, from 0.
        public var index: Int
        /// The loss of this sample alone.
        public var loss: Double
        /// The true numbers, one an output.
        public var truth: [Double]
        /// The predicted numbers, one an output.
        public var prediction: [Double]
    }
}

extension Evaluation: Codable {
    private enum CodingKeys: String, CodingKey { case count, measurements, classification, regression, outputs }

    /// Reads what `encode` wrote: of a model of one output its results, of several a list of them.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        count = try container.decode(Int.self, forKey: .count)
        measurements = try container.decode(Measurements.self, forKey: .measurements)
        outputs =
            try container.decodeIfPresent([Output].self, forKey: .outputs) ?? [
                Output(
                    name: "",
                    classification: try container.decodeIfPresent(Classification.self, forKey: .classification),
                    regression: try container.decodeIfPresent(Regression.self, forKey: .regression))
            ]
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(count, forKey: .count)
        try container.encode(measurements, forKey: .measurements)
        guard outputs.count <= 1 else { return try container.encode(outputs, forKey: .outputs) }
        try container.encodeIfPresent(classification, forKey: .classification)
        try container.encodeIfPresent(regression, forKey: .regression)
    }
}

extension Evaluation.Classification {
    /// Precision, recall and F1 of each class.
    static func scores(_ matrix: [[Int]], _ names: [String]) -> [Evaluation.ClassScore] {
        func ratio(_ part: Int, _ whole: Int) -> Double { whole == 0 ? 0 : Double(part) / Double(whole) }
        var predicted = [Int](repeating: 0, count: matrix.count)
        for row in matrix { for (column, count) in row.enumerated() { predicted[column] += count } }
        return matrix.indices.map { index in
            let (right, actual) = (matrix[index][index], matrix[index].reduce(0, +))
            return Evaluation.ClassScore(
                name: names[index], precision: ratio(right, predicted[index]), recall: ratio(right, actual),
                f1: ratio(2 * right, predicted[index] + actual), support: actual)
        }
    }
}
