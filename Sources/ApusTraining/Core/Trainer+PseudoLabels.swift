public import ApusData
import ApusNN
import ApusTensor

extension Trainer {
    /// The samples of which the model is sure, each with the class that it gives it as its label: pseudo-labels (Lee, 2013).
    ///
    /// With few labels and many samples without, a network is trained on what has labels, then anew on these and on what it was sure of:
    ///
    /// ```swift
    /// let (labelled, others) = try Dataset.moons(count: 400, noise: 0.1, seed: 1).split(validation: 0.9, stratified: true, seed: 7)
    /// let net = Sequential { Dense(16, activation: .relu); Dense(2) }
    /// func trained(on samples: Dataset) throws -> Trainer {
    ///     var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01))
    ///     try trainer.fit(samples, epochs: 20, batchSize: 20)
    ///     return trainer
    /// }
    /// let first = try trained(on: labelled)
    /// let sure = try first.pseudoLabelled(others, confidence: 0.9)      // the labels of others are not looked at
    /// let second = try trained(on: try labelled.appending(sure))
    /// ```
    ///
    /// - Parameters:
    ///   - dataset: Samples as the model takes them; their targets do not matter.
    ///   - confidence: The least probability of the likeliest class.
    ///   - batchSize: How many samples are predicted at once.
    /// - Returns: Some of the samples, in their order; maybe none. Their classes are those that the trainer was trained on.
    /// - Throws: `TrainingError` if the model has no weights yet or its outputs are no classes; `GraphError` if it does not fit the
    ///   samples; the error of a sample that can't be read.
    public func pseudoLabelled(
        _ dataset: Dataset, confidence: Double = 0.95, batchSize: Int = 256
    ) throws -> Dataset {
        guard batchSize > 0 else { throw TrainingError("batchSize must be positive, received \(batchSize)") }
        var (places, labels, first, classes): ([Int], [Int], Int, Int) = ([], [], 0, 0)
        let batches = scaled(dataset).batches(of: batchSize, epoch: 0, seed: 0, shuffled: false)
        for batch in batches {
            let output = try predict(batch.inputs, preprocessing: batch.preprocessing).first
            let meaning = loss.meaning(of: output.shape, hasClasses: hasClasses)
            guard meaning.isClass else {
                throw TrainingError(
                    "pseudo-labels are classes, but the outputs \(output.shape) with the loss \(loss) are none")
            }
            let probabilities = meaning(output)
            classes = probabilities.shape[1]
            let (likeliest, greatest) = (probabilities.argmax(axis: -1), probabilities.max(axes: [1]))
            try ApusTensor.evaluate(likeliest, greatest)
            let (answers, sureness) = (likeliest.scalars(as: Int.self), greatest.scalars(as: Double.self))
            for index in answers.indices where sureness[index] >= confidence {
                places.append(first + index)
                labels.append(answers[index])
            }
            first += answers.count
        }
        try batches.checkFailure()
        let names = samples.flatMap { $0.classNames.values.first { $0.count == classes } }
        return try dataset.subset(places).labelled(labels, classNames: names ?? (0..<classes).map { "\($0)" })
    }

    /// Whether outputs may be classes: what it was trained on had some, or is not known.
    var hasClasses: Bool { samples?.classNames.values.contains { !$0.isEmpty } ?? true }
}
