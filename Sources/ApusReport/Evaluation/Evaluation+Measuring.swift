import ApusCharts
public import ApusData
import ApusGraph
import ApusNN
import ApusTensor
public import ApusTraining

extension Evaluation {
    /// Measures a model on a data set, batch by batch.
    ///
    /// - Parameters:
    ///   - trainer: The trainer that holds model, weights and loss.
    ///   - dataset: The samples that are measured.
    ///   - measured: Loss and metrics, if they are known already.
    ///   - worst: How many of the samples with the largest loss are kept.
    ///   - examples: How many samples from all over the data set are kept.
    ///   - batchSize: How many samples are computed at once.
    /// - Throws: `TrainingError` if the model has no weights or the data set is empty; `GraphError` if they do not fit.
    public init(
        _ trainer: Trainer, on dataset: Dataset, measured: Measurements? = nil, worst: Int = 16, examples: Int = 16,
        batchSize: Int = 256
    ) throws {
        count = dataset.count
        measurements = try measured ?? trainer.evaluate(dataset, batchSize: batchSize)
        var parts = trainer.objective.terms.map {
            EvaluatedOutput($0, isOnly: trainer.objective.terms.count == 1, worst: worst, examples: examples)
        }
        for batch in trainer.scaled(dataset).batches(of: batchSize, epoch: 0, seed: trainer.seed, shuffled: false) {
            let outputs = try trainer.predict(batch.inputs, preprocessing: batch.preprocessing)
            for index in parts.indices { try parts[index].add(outputs, batch, of: dataset) }
            if parts.allSatisfy(\.isDone) { break }
        }
        self.outputs = parts.map(\.result)
    }
}

/// One output of a model while it is measured.
private struct EvaluatedOutput {
    private let term: Objective.Term
    private let isOnly: Bool
    private let worst: Int
    private let examples: Int
    private var judge: Judge?
    private var classes: ClassifiedSamples?
    private var numbers: PredictedNumbers?
    /// More numbers than these are pixels of a picture, of which none is of interest by itself.
    private static let greatestWidth = 256
    /// Whether there is nothing to say of single samples.
    private(set) var isDone = false

    private typealias Judge = @Sendable (_ output: Tensor, _ target: Tensor) throws -> [Tensor]

    init(_ term: Objective.Term, isOnly: Bool, worst: Int, examples: Int) {
        self.term = term
        self.isOnly = isOnly
        self.worst = worst
        self.examples = examples
    }

    var result: Evaluation.Output {
        Evaluation.Output(
            name: isOnly ? "" : term.output, classification: classes?.result, regression: numbers?.result)
    }

    mutating func add(_ outputs: Values, _ batch: Batch, of dataset: Dataset) throws {
        guard !isDone else { return }
        let output = term.output.isEmpty ? outputs.only : outputs[term.output]
        // Autoencoders are compared with inputs as they receive them.
        let target = term.target.tensor(inputs: batch.preprocessing(batch.inputs), targets: batch.targets)
        try ApusTensor.evaluate([output, target])
        if judge == nil { begin(output, target, dataset) }
        guard !isDone, let judge else { return }
        let results = try judge(output, target)
        try ApusTensor.evaluate(results)
        classes?.add(results)
        numbers?.add(results)
    }

    /// What outputs mean is known from the first ones.
    private mutating func begin(_ output: Tensor, _ target: Tensor, _ dataset: Dataset) {
        let name = term.target.name(among: dataset.targetNames)
        let isClass = !term.target.isInput && dataset.isClassification(of: name)
        let meaning = term.loss.meaning(of: output.shape, hasClasses: isClass)
        let width = output.count / max(1, output.shape[0])
        judge = EvaluatedOutput.judge(meaning, term.loss.reduced(.none))
        if meaning.isClass {
            let names = EvaluatedOutput.names(isClass ? dataset.classNames(of: name) : [], meaning, output.shape)
            classes = ClassifiedSamples(names: names, worst: worst, examples: examples, total: dataset.count)
        } else if meaning == .numbers, output.count == target.count, width <= EvaluatedOutput.greatestWidth {
            numbers = PredictedNumbers(width: width, worst: worst)
        } else {
            isDone = true
        }
    }

    /// For classes: losses, probabilities, predicted and true labels, counts; for numbers: losses, predictions, truths.
    private static func judge(_ meaning: OutputMeaning, _ loss: Loss) -> Judge {
        compile { (output: Tensor, target: Tensor) in
            let losses = loss(output, target)
            guard meaning.isClass else {
                return [losses.reshaped(to: [output.shape[0]]), output.cast(to: .float32), target.cast(to: .float32)]
            }
            let probabilities = meaning(output)
            let labels = meaning.labels(target)
            let predicted = probabilities.argmax(axis: -1).cast(to: .int64)
            let counts = ConfusionMatrix().contribution(
                probabilities, labels, weights: .ones([output.shape[0]]))
            return [losses.reshaped(to: [output.shape[0]]), probabilities, predicted, labels, counts]
        }
    }

    /// The names of all classes that outputs or labels may mean.
    private static func names(_ known: [String], _ meaning: OutputMeaning, _ output: Shape) -> [String] {
        let count = if case .yesOrNo = meaning { 2 } else { output[-1] }
        return (0..<count).map { known.indices.contains($0) ? known[$0] : "\($0)" }
    }
}

/// Gathers what was said of each sample's class.
private struct ClassifiedSamples {
    let names: [String]
    let worst: Int
    let examples: Int
    let total: Int
    private var counts: [Double]
    private var samples: [Evaluation.ClassifiedSample] = []

    init(names: [String], worst: Int, examples: Int, total: Int) {
        self.names = names
        self.worst = worst
        self.examples = examples
        self.total = total
        counts = Array(repeating: 0, count: names.count * names.count)
        samples.reserveCapacity(total)
    }

    mutating func add(_ results: [Tensor]) {
        let losses = results[0].scalars
        let probabilities = results[1].scalars
        let (predicted, labels) = (results[2].scalars(as: Int.self), results[3].scalars(as: Int.self))
        for (index, count) in results[4].scalars.enumerated() { counts[index] += Double(count) }
        for row in losses.indices {
            func probability(_ label: Int) -> Double { Double(probabilities[row * names.count + label]) }
            let truth = labels[row]
            samples.append(
                Evaluation.ClassifiedSample(
                    index: samples.count, loss: Double(losses[row]), truth: truth, prediction: predicted[row],
                    probability: probability(predicted[row]),
                    truthProbability: names.indices.contains(truth) ? probability(truth) : 0))
        }
    }

    var result: Evaluation.Classification {
        let size = names.count
        let matrix = (0..<size).map { row in (0..<size).map { Int(counts[row * size + $0]) } }
        let confidence = samples.reduce(0) { $0 + $1.probability } / Double(max(1, samples.count))
        let shown = min(examples, samples.count)
        return Evaluation.Classification(
            classNames: names, confusionMatrix: matrix, classes: Evaluation.Classification.scores(matrix, names),
            meanConfidence: confidence,
            confidentErrorCount: samples.count { $0.prediction != $0.truth && $0.probability > 0.9 },
            worst: Array(samples.sorted { Evaluation.isWorse(($0.loss, $0.index), ($1.loss, $1.index)) }.prefix(worst)),
            examples: (0..<shown).map { samples[$0 * samples.count / shown] })
    }
}

extension Evaluation {
    /// Losses that are no numbers come first, then the largest; among equals the earlier sample.
    fileprivate static func isWorse(_ a: (loss: Double, index: Int), _ b: (loss: Double, index: Int)) -> Bool {
        let (x, y) = (a.loss.isNaN ? .infinity : a.loss, b.loss.isNaN ? .infinity : b.loss)
        return x == y ? a.index < b.index : x > y
    }
}

/// Gathers predicted and true numbers.
private struct PredictedNumbers {
    /// How many points a picture shows.
    private static let pointCount = 2000

    let width: Int
    let worst: Int
    private var losses: [Double] = []
    private var predictions: [Double] = []
    private var truths: [Double] = []

    init(width: Int, worst: Int) {
        self.width = width
        self.worst = worst
    }

    mutating func add(_ results: [Tensor]) {
        losses += results[0].scalars.map(Double.init)
        predictions += results[1].scalars.map(Double.init)
        truths += results[2].scalars.map(Double.init)
    }

    var result: Evaluation.Regression {
        let residuals = zip(predictions, truths).map { $0 - $1 }
        let distribution = Distribution(values: residuals)
        let order = losses.indices.sorted { Evaluation.isWorse((losses[$0], $0), (losses[$1], $1)) }
        let every = max(1, (truths.count + Self.pointCount - 1) / Self.pointCount)
        let shown = stride(from: 0, to: truths.count, by: every)
        return Evaluation.Regression(
            outputs: (0..<width).map(score), residualCounts: distribution.counts, residualEdges: distribution.edges,
            truths: shown.map { truths[$0] }, predictions: shown.map { predictions[$0] },
            worst: order.prefix(worst).map { index in
                let range = index * width..<(index + 1) * width
                return Evaluation.PredictedSample(
                    index: index, loss: losses[index], truth: Array(truths[range]),
                    prediction: Array(predictions[range]))
            })
    }

    private func score(_ output: Int) -> Evaluation.OutputScore {
        let places = stride(from: output, to: truths.count, by: width)
        let count = Double(max(1, losses.count))
        let mean = places.reduce(0) { $0 + truths[$1] } / count
        var (absolute, squared, sum, spread) = (0.0, 0.0, 0.0, 0.0)
        for place in places {
            let residual = predictions[place] - truths[place]
            absolute += abs(residual)
            squared += residual * residual
            sum += residual
            spread += (truths[place] - mean) * (truths[place] - mean)
        }
        return Evaluation.OutputScore(
            meanAbsoluteError: absolute / count, rootMeanSquaredError: (squared / count).squareRoot(),
            r2: spread > 0 ? 1 - squared / spread : .nan, bias: sum / count)
    }
}
