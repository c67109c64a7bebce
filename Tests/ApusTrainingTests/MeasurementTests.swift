import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTestKit
import ApusTraining
import ApusTrainingKit
import Testing

/// What is measured over batches is what one batch with all samples gives.
@Suite struct MeasurementTests {
    private func trainer(_ loss: Loss, _ metrics: [Metric]) throws -> Trainer {
        var trainer = Trainer(Sequential.small, loss: loss, optimizer: .sgd(learningRate: 0), metrics: metrics, seed: 7)
        try trainer.prepare(input: [2])
        return trainer
    }

    private static let metrics: [Metric] = [
        .accuracy, .f1(), .recall(average: .weighted), .rocAUC, .prAUC, .topKAccuracy(k: 2), .confusionMatrix,
    ]

    /// Of epochs and of evaluations; the last batch has two of 50 samples.
    @Test(arguments: [Loss.Reduction.mean, .sum], [false, true])
    func batchesAddUp(reduction: Loss.Reduction, isWeighted: Bool) throws {
        var trainer = try trainer(.softmaxCrossEntropy.reduced(reduction), MeasurementTests.metrics)
        let plain = try blobs(50, deviation: 2)
        let data = isWeighted ? try plain.weighted((0..<50).map { Double($0 % 5) / 2 }) : plain
        let whole = try trainer.evaluate(data, batchSize: 50)
        #expect(whole.names == ["loss", "accuracy", "f1", "recallWeighted", "rocAUC", "prAUC", "top2Accuracy"])
        #expect(whole.values.dropFirst().allSatisfy { $0 > 0 && $0 < 1 })
        let record = try #require(try trainer.fit(data, epochs: 1, batchSize: 16).epochs.first)
        for parts in [try trainer.evaluate(data, batchSize: 16), record.training] {
            for (name, value) in try pairs(parts.names, parts.values) {
                let expected = try #require(whole[name])
                #expect(abs(value - expected) <= 1e-5 * expected, "\(name)")
            }
            let table = try #require(parts.tables["confusionMatrix"]).joined()
            #expect(Array(table).reduce(0, +) == 50)
            // Rows are shuffled in training, which changes no count.
            #expect(parts.tables == whole.tables)
        }
    }

    /// Weights of samples count in loss and metrics.
    @Test func weightsByHand() throws {
        let model = Sequential { Dense(2, useBias: false, kernelInitializer: .identity()) }
        var trainer = Trainer(
            model, loss: .meanAbsoluteError, optimizer: .sgd(learningRate: 0),
            metrics: [.meanAbsoluteError, .rootMeanSquaredError], seed: 1)
        try trainer.prepare(input: [2])
        let data = try Dataset(
            inputs: Tensor([[1, 1], [2, 2], [4, 4]] as [[Float]]), targets: Tensor.zeros([3, 2])
        ).weighted([1, 0, 0.5])
        for batchSize in [1, 2, 3] {
            let measured = try trainer.evaluate(data, batchSize: batchSize)
            // The loss is a mean over samples, metrics divide by the weights: (1 + 2) / 3, (1 + 2) / 1.5, √((1 + 8) / 1.5).
            #expect(abs(measured.loss - 1) < 1e-6)
            #expect(abs(try #require(measured[.meanAbsoluteError]) - 2) < 1e-6)
            #expect(abs(try #require(measured[.rootMeanSquaredError]) - 6.0.squareRoot()) < 1e-6)
        }
    }
}
