import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import ApusTestKit
import ApusTrainingKit
import Testing

@Suite struct DivergenceTests {
    private func fit(
        _ data: Dataset, loss: Loss = .softmaxCrossEntropy, learningRate: Double, schedule: Schedule = .constant,
        epochs: Int = 20
    ) throws -> (error: DivergenceError?, state: TrainingState?) {
        var trainer = Trainer(
            Sequential.small, loss: loss, optimizer: .sgd(learningRate: learningRate, momentum: 0.9),
            schedule: schedule, seed: 7)
        do {
            try trainer.fit(data, epochs: epochs, batchSize: 16)
        } catch let error as DivergenceError {
            return (error, trainer.state)
        }
        return (nil, trainer.state)
    }

    /// Rates, factors on the samples, losses, and where which step breaks first.
    static let places: [(rate: Double, factor: Float, loss: Loss, step: Int, place: String)] = [
        // Beyond the range of float32 already in the update.
        (1e39, 1, .softmaxCrossEntropy, 1, "the update of 0.dense/kernel"),
        // Weights of 1e37 and samples of a thousand: the first layer overflows.
        (1e35, 1000, .softmaxCrossEntropy, 2, "0.dense (Dense(16, activation: .relu))"),
        // Weights of 1e20 in both layers: the product of the two overflows.
        (1e20, 1, .softmaxCrossEntropy, 2, "1.dense (Dense(4))"),
        // Outputs of 1e20 are numbers, their squares are none.
        (1e10, 1, .meanSquaredError, 2, "the loss"),
    ]

    /// The error names the step and the place, and the trainer is left before that step, with finite weights.
    @Test(arguments: places.indices) func tooGreatALearningRate(_ index: Int) throws {
        let (rate, factor, loss, step, place) = DivergenceTests.places[index]
        let samples = try blobs(64)
        let inputs = try samples.whole.inputs.only * factor
        let data =
            loss == .meanSquaredError
            ? try Dataset(inputs: inputs, targets: .ones([64, 4]))
            : try Dataset(inputs: inputs, labels: (0..<64).map { $0 % 4 })
        let (found, state) = try fit(data, loss: loss, learningRate: rate)
        let error = try #require(found)
        #expect(error.place == place)
        #expect(error.step == step && error.epoch == 1)
        #expect(error.loss.isFinite == (step == 1))
        #expect("\(error)".hasPrefix("training diverged at step \(step) (epoch 1): the loss is "))
        #expect(try #require(state).step == step - 1)
        #expect(try #require(state).numbers.joined().allSatisfy(\.isFinite))
        // The same training up to there ends in the same state.
        #expect(try fit(data, loss: loss, learningRate: rate).state?.numbers == state?.numbers)
    }

    /// The search repeats the steps with the rates that they had.
    @Test func aRateThatRises() throws {
        let samples = try blobs(64)
        let data = try Dataset(inputs: try samples.whole.inputs.only * 1000, labels: (0..<64).map { $0 % 4 })
        // Weights of 1e37 after the seventh step.
        let schedule = Schedule.piecewise(boundaries: [5], factors: [1, 1e40])
        let (found, state) = try fit(data, learningRate: 1e-5, schedule: schedule)
        let error = try #require(found)
        #expect(error.place == "0.dense (Dense(16, activation: .relu))")
        #expect(error.step == 8 && error.epoch == 2)
        #expect(try #require(state).step == 7)
    }

    @Test func brokenData() throws {
        var values = try blobs(64).whole.inputs.only.scalars
        values[75] = .nan
        let data = try Dataset(inputs: Tensor(values, shape: [64, 2]), labels: (0..<64).map { $0 % 4 })
        let (found, state) = try fit(data, learningRate: 0.01)
        let error = try #require(found)
        #expect(error.place == "the input data")
        #expect(error.epoch == 1)
        #expect(error.loss.isNaN)
        #expect(try #require(state).numbers.joined().allSatisfy(\.isFinite))
        #expect(
            "\(error)"
                == "training diverged at step \(error.step) (epoch 1): the loss is NaN; the first value that is not finite arose in "
                + "the input data. Try a smaller learning rate, check the data for NaN, or clip gradients")
    }

    /// The layer whose output is the first that is not finite, also where layers nest differently deep.
    @Test func theFirstLayerIsNamed() throws {
        struct Logarithm: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor { log(x) }
        }
        let model = Sequential {
            Dense(4)
            Logarithm()
            Sequential { Sequential { Dense(4) } }
        }
        var trainer = Trainer(model, loss: .softmaxCrossEntropy, optimizer: .sgd(), seed: 7)
        #expect(
            message { try trainer.fit(try blobs(64), epochs: 1, batchSize: 64) }.contains(
                "arose in 1.logarithm (Logarithm())."))
    }

    @Test func longAfterTheLastSnapshot() throws {
        // 250 steps of 16 samples pass before the broken sample comes: more than one snapshot.
        var values = try blobs(4096).whole.inputs.only.scalars
        let order = RandomKey(seed: 7).child("shuffle").child(0).permutation(4096)
        values[2 * order[4005]] = .infinity
        let data = try Dataset(inputs: Tensor(values, shape: [4096, 2]), labels: (0..<4096).map { $0 % 4 })
        let error = try #require(try fit(data, learningRate: 0.01).error)
        #expect(error.step == 251)
        #expect(error.place == "the input data")
    }
}
