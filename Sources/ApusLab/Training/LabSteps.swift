import Apus
import ApusData
import ApusTraining

/// A training of a network of ten classes or so, step by step, that something looks into at times.
struct LabSteps {
    var net: Sequential
    var optimizer: Optimizer
    var batch = 100
    var steps: Int
    var seed: UInt64
    /// The steps from one look to the next.
    var every = 50

    /// What is looked into: the state before a step, and the batch of that step.
    struct Look {
        let training: TrainingStep
        let state: TrainingState
        let batch: Batch

        /// The gradient of the batch, which changes nothing.
        func gradients() throws -> StepGradients {
            var copy = state
            return try training.gradients(&copy, batch)
        }
    }

    /// The end of a training.
    struct Result {
        var state: TrainingState
        /// The mean loss of the steps from each look to the next.
        var losses: [Double]
        /// Whether a loss was not finite; the training ended there.
        var hasDiverged: Bool
    }

    /// Trains for so many steps, in as many epochs as they take.
    ///
    /// - Parameter look: Is called before the first step, after every `every` steps, and after the last.
    func run(on data: Dataset, look: (Look) throws -> Void = { _ in }) throws -> Result {
        var state = try TrainingState(net, optimizer: optimizer, input: data.sampleShape, seed: seed)
        let step = try TrainingStep(net, loss: .softmaxCrossEntropy, optimizer: optimizer)
        var (losses, sum, count): ([Double], Double, Int) = ([], 0, 0)
        while true {
            for samples in data.batches(of: batch, epoch: state.epoch, seed: seed) {
                if state.step % every == 0 || state.step == steps {
                    if count > 0 { losses.append(sum / Double(count)) }
                    (sum, count) = (0, 0)
                    try look(Look(training: step, state: state, batch: samples))
                }
                guard state.step < steps else { return Result(state: state, losses: losses, hasDiverged: false) }
                let loss = try step(&state, samples).loss
                guard loss.isFinite else { return Result(state: state, losses: losses, hasDiverged: true) }
                sum += loss
                count += 1
            }
            state.epoch += 1
        }
    }
}

extension LabSteps {
    /// Trains several seeds side by side, each on samples of its own.
    ///
    /// - Parameters:
    ///   - data: As many samples for each seed.
    ///   - look: Is called for each seed, by its place, before the first step, after every `every` steps, and after the last.
    /// - Returns: The states after the last step.
    func run(
        on data: [Dataset], seeds: [UInt64], look: (_ place: Int, _ state: TrainingState) throws -> Void
    ) throws -> [TrainingState] {
        // One matrix is multiplied otherwise than several: alone it would have other last bits.
        if seeds.count == 1 {
            let twice = try run(on: [data[0], data[0]], seeds: [seeds[0], seeds[0]]) { place, state in
                if place == 0 { try look(0, state) }
            }
            return [twice[0]]
        }
        let states = try zip(data, seeds).map { data, seed in
            try TrainingState(net, optimizer: optimizer, input: data.sampleShape, seed: seed)
        }
        let step = try TrainingStep(net, loss: .softmaxCrossEntropy, optimizer: optimizer)
        var training = try SeedTraining(step, states)
        let samples = try SeedBatches(data)
        var epoch = 0
        while true {
            let batches = try samples.batches(of: batch, epoch: epoch, seeds: seeds)
            for batch in batches {
                if training.stepCount % every == 0 || training.stepCount == steps {
                    for (place, state) in training.states(epoch: epoch).enumerated() { try look(place, state) }
                }
                guard training.stepCount < steps else { return training.states(epoch: epoch) }
                try training(batch, learningRate: optimizer.learningRate)
            }
            try batches.checkFailure()
            epoch += 1
        }
    }
}

extension StepGradients {
    /// The root mean square of the gradient to each kernel, from the first layer to the last.
    var kernelSizes: [Double] {
        values.filter { $0.path.hasSuffix("kernel") }.map {
            Double(($0.value * $0.value).mean().item()).squareRoot()
        }
    }
}
