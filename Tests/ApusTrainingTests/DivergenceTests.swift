import ApusData
import ApusNN
import ApusTensor
import ApusTraining
import Testing

@Suite struct DivergenceTests {
    private func fit(
        _ data: Dataset, learningRate: Double, epochs: Int = 20
    ) throws -> (error: DivergenceError?, state: TrainingState?) {
        var trainer = Trainer(
            Sequential.small, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: learningRate, momentum: 0.9),
            seed: 7)
        do {
            try trainer.fit(data, epochs: epochs, batchSize: 16)
        } catch let error as DivergenceError {
            return (error, trainer.state)
        }
        return (nil, trainer.state)
    }

    /// The error names the step and the place, and the trainer is left before that step, with finite weights.
    @Test func tooGreatALearningRate() throws {
        let (found, state) = try fit(try blobs(64), learningRate: 1e12)
        let error = try #require(found)
        #expect(!error.loss.isFinite || error.place.hasPrefix("the update of"))
        #expect(error.step >= 2)
        #expect((error.step - 1) / 4 + 1 == error.epoch)
        let places = ["0.dense (Dense(16, activation: .relu))", "1.dense (Dense(4))", "the update of ", "the loss"]
        #expect(places.contains { error.place.hasPrefix($0) }, "\(error.place)")
        #expect("\(error)".hasPrefix("training diverged at step \(error.step) (epoch \(error.epoch)): the loss is "))
        #expect(try #require(state).step == error.step - 1)
        #expect(try #require(state).numbers.joined().allSatisfy(\.isFinite))
        // The same training up to there ends in the same state.
        #expect(try fit(try blobs(64), learningRate: 1e12).state?.numbers == state?.numbers)
    }

    @Test func brokenData() throws {
        var values = try blobs(64).whole.inputs.scalars
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
        var values = try blobs(4096).whole.inputs.scalars
        let order = RandomKey(seed: 7).child("shuffle").child(0).permutation(4096)
        values[2 * order[4005]] = .infinity
        let data = try Dataset(inputs: Tensor(values, shape: [4096, 2]), labels: (0..<4096).map { $0 % 4 })
        let error = try #require(try fit(data, learningRate: 0.01).error)
        #expect(error.step == 251)
        #expect(error.place == "the input data")
    }
}
