import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTestKit
import ApusTraining
import ApusTrainingKit
import Testing

/// What trainers and histories have for everyday use.
@Suite struct EverydayTests {
    private func trained(_ optimizer: Optimizer) throws -> (Trainer, Dataset, History) {
        let data = Dataset.blobs(count: 64, seed: 1)
        var trainer = Trainer(
            Sequential {
                Dense(4, activation: .relu); Dense(3)
            }, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy], seed: 1)
        let history = try trainer.fit(data, validation: data, epochs: 3, batchSize: 16)
        return (trainer, data, history)
    }

    @Test func historiesHaveSeries() throws {
        let (_, _, history) = try trained(.sgd(learningRate: 0.1))
        #expect(history["validation.loss"] == history.epochs.compactMap { $0.validation?.loss })
        #expect(history["training.accuracy"].count == 3)
        #expect(history["loss"] == history["validation.loss"])
        #expect(history["validation.f1"] == [])
        let first = history.epochs[0]
        #expect("\(first)" == "1 \(first.training)  validation \(try #require(first.validation))")
    }

    /// Those with which the model is evaluated: where training averages, the averages.
    @Test func weightsGoToFilesAndBack() throws {
        let (trainer, data, _) = try trained(.sgd(learningRate: 0.1).averagingWeights(decay: 0.9))
        try withTemporaryFolder { folder in
            let path = "\(folder)/w.safetensors"
            try trainer.saveWeights(to: path)
            var other = Trainer(
                trainer.model as! Sequential, loss: .softmaxCrossEntropy, optimizer: .sgd(), metrics: [.accuracy])
            #expect(
                message { try other.loadWeights(from: path) }
                    == "the model has no weights yet, so their shapes are not known; give loadWeights the input, the shape of one sample"
            )
            #expect(try other.loadWeights(from: path, input: data.sampleShape).isComplete)
            #expect(try other.evaluate(data) == trainer.evaluate(data))
            let empty = Trainer(Dense(1), loss: .meanSquaredError, optimizer: .sgd())
            #expect(
                message { try empty.saveWeights(to: path) } == "the model has no weights yet; call fit or load first")
        }
    }

    /// A schedule that is a function.
    @Test func schedulesAreFunctions() throws {
        let data = Dataset.blobs(count: 64, seed: 1)
        let halving = Schedule.custom("halving") { step, total in step < total / 2 ? 1 : 0.5 }
        #expect((0..<4).map { halving.factor(step: $0, total: 4) } == [1, 1, 0.5, 0.5])
        var trainer = Trainer(
            Dense(3), loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1), schedule: halving)
        let history = try trainer.fit(data, epochs: 2, batchSize: 16)
        #expect(history.epochs.map(\.learningRate) == [0.1, 0.05])
    }
}
