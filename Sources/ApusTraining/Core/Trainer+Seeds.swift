public import ApusData
import ApusNN
import ApusOptimizers

extension Trainer {
    /// Trains several trainers at once that differ in their seeds alone, on the same samples.
    ///
    /// What a result is worth shows over several seeds. Small networks are trained faster together than one after the other: all
    /// steps are one program, whose variables have an axis of trainings. Each trainer ends with the weights that `fit` would give
    /// it, up to rounding: with its own start values, order of samples and dropout.
    ///
    /// ```swift
    /// let (training, test) = try Dataset.moons(noise: 0.2, seed: 1).split(validation: 0.3, seed: 7)
    /// let net = Sequential { Dense(16, activation: .tanh); Dense(2) }
    /// var trainers = (1...10).map {
    ///     Trainer(
    ///         net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01), metrics: [.accuracy], seed: UInt64($0))
    /// }
    /// try Trainer.fit(&trainers, training, epochs: 5, batchSize: 10)
    /// let accuracies = try trainers.map { try $0.evaluate(test)[.accuracy]! }
    /// print(accuracies.min()!, accuracies.max()!)
    /// ```
    ///
    /// A training that diverges goes on with numbers that are not finite, beside the others; its history says so. `fit` of
    /// one trainer has callbacks, augmentations and checkpoints; here there are none.
    ///
    /// - Parameters:
    ///   - trainers: Trainers of one model, objective, optimizer and schedule, fresh ones or all trained for as many steps.
    ///   - training: The samples to train on.
    ///   - epochs: How many epochs.
    ///   - batchSize: How many samples a step of each training takes; the last batch of an epoch may have fewer.
    ///   - onEpoch: Receives the trainers after each epoch.
    /// - Returns: The epochs of each trainer. Their seconds are those of all trainings together.
    /// - Throws: `TrainingError` for trainers that differ in more than their seeds, and where the optimizer unfreezes variables; what `fit`
    ///   throws, and what `onEpoch` throws.
    @discardableResult
    public static func fit(
        _ trainers: inout [Trainer], _ training: Dataset, epochs: Int, batchSize: Int,
        onEpoch: (([Trainer]) throws -> Void)? = nil
    ) throws -> [History] {
        try fit(&trainers, trainers.map { _ in training }, epochs: epochs, batchSize: batchSize, onEpoch: onEpoch)
    }

    /// Trains several trainers at once that differ in their seeds alone, each on samples of its own.
    ///
    /// - Parameters:
    ///   - trainers: Trainers of one model, objective, optimizer and schedule.
    ///   - training: The samples of each trainer, as many for each and scaled alike.
    ///   - epochs: How many epochs.
    ///   - batchSize: How many samples a step of each training takes.
    ///   - onEpoch: Receives the trainers after each epoch.
    /// - Returns: The epochs of each trainer.
    /// - Throws: As with the same samples for all, and `DatasetError` for samples that differ in their shapes, classes, scaling or number.
    @discardableResult
    public static func fit(
        _ trainers: inout [Trainer], _ training: [Dataset], epochs: Int, batchSize: Int,
        onEpoch: (([Trainer]) throws -> Void)? = nil
    ) throws -> [History] {
        guard let first = trainers.first else { return [] }
        guard training.count == trainers.count else {
            throw TrainingError(
                "each trainer has samples of its own: expected \(trainers.count) data sets, received \(training.count)")
        }
        guard trainers.allSatisfy(first.differsInSeedAlone) else {
            throw TrainingError(
                "trainers side by side differ in their seeds alone: give all of them one model, objective, optimizer, schedule, "
                    + "precision, memory and device")
        }
        let session = TrainingSession(objective: first.objective, schedule: first.schedule)
        for place in trainers.indices {
            try session.check(training[place], epochs: epochs, batchSize: batchSize, augmentations: [])
            try trainers[place].begin(training[place], batchSize: batchSize)
        }
        let states = trainers.compactMap(\.state)
        try states[0].checkGroups()
        var seeds = try SeedTraining(first.makeStep(first.model, first.objective), states)
        let samples = try SeedBatches(training)
        let (start, end) = (states[0].epoch, states[0].epoch + epochs)
        let total = end * ((samples.count - 1) / batchSize + 1)
        var histories = trainers.map { _ in History() }
        for epoch in start..<end {
            let began = ContinuousClock.now
            var (sums, rate) = (trainers.map { _ in MeasurementSum(first.objective) }, 0.0)
            let batches = try samples.batches(of: batchSize, epoch: epoch, seeds: trainers.map(\.seed))
            for batch in batches {
                rate = first.optimizer.learningRate * first.schedule.factor(step: seeds.stepCount, total: total)
                for (place, result) in try seeds(batch, learningRate: rate).enumerated() { sums[place].add(result) }
            }
            try batches.checkFailure()
            let seconds = (ContinuousClock.now - began) / .seconds(1)
            for place in histories.indices {
                histories[place].epochs.append(
                    EpochRecord(
                        epoch: epoch + 1, step: seeds.stepCount, training: sums[place].measurements, validation: nil,
                        learningRate: rate, seconds: seconds,
                        samplesPerSecond: Double(samples.count * trainers.count) / max(seconds, 1e-9)))
            }
            if onEpoch != nil || epoch + 1 == end {
                for (place, state) in seeds.states(epoch: epoch + 1).enumerated() { trainers[place].state = state }
            }
            try onEpoch?(trainers)
        }
        for place in histories.indices { histories[place].stopReason = .completed }
        return histories
    }

    private func differsInSeedAlone(from other: Trainer) -> Bool {
        AnyHashable(model) == AnyHashable(other.model) && objective == other.objective && optimizer == other.optimizer
            && schedule == other.schedule && precision == other.precision && memory == other.memory
            && device == other.device
    }
}
