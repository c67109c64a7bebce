import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTestKit
import ApusTraining
import ApusTrainingKit
import Foundation
import Testing

@Suite struct LearningRateRangeTests {
    private func trainer() -> Trainer {
        Trainer(Sequential.small, loss: .softmaxCrossEntropy, optimizer: .sgd(), seed: 1)
    }

    /// Rates, losses and the end are those of a loop by hand; the trainer itself has not changed.
    @Test func aLoopByHand() throws {
        let trainer = trainer()
        let data = try blobs(200)
        let range = try trainer.learningRateRange(data, from: 1e-5, to: 1e4, steps: 90, batchSize: 20)
        #expect(trainer.state == nil)

        var state = try TrainingState(Sequential.small, optimizer: .sgd(), input: [2], seed: 1)
        let step = try TrainingStep(Sequential.small, loss: .softmaxCrossEntropy, optimizer: .sgd())
        // Weights 0.9ⁿ, which add up to 1.
        var losses: [Double] = []
        var means: [Double] = []
        for epoch in 0..<9 {
            for batch in data.batches(of: 20, epoch: epoch, seed: 1) {
                losses.append(try step(&state, batch, learningRate: 1e-5 * pow(1e9, Double(losses.count) / 89)).loss)
                let weights = losses.indices.reversed().map { pow(0.9, Double($0)) }
                means.append(try pairs(losses, weights).reduce(0) { $0 + $1.0 * $1.1 } / weights.reduce(0, +))
            }
        }
        let end = try #require(means.indices.first { !(means[$0] <= 4 * means[..<$0].reduce(.infinity, min)) })
        // It falls for a while and breaks well before the last rate.
        #expect((60..<85).contains(end))
        #expect(range.points.count == end)
        for (index, point) in range.points.enumerated() {
            let rate = 1e-5 * pow(1e9, Double(index) / 89)
            #expect(abs(point.learningRate - rate) <= 1e-12 * rate)
            #expect(abs(point.loss - means[index]) <= 1e-9 * means[index])
        }
        let slopes = (1..<end).map { means[$0] - means[$0 - 1] }
        let steepest = try #require(slopes.indices.min { slopes[$0] < slopes[$1] })
        #expect(range.suggestion == range.points[steepest].learningRate)
    }

    /// The slope is that over the logarithm of the rate, and the suggestion the rate at its beginning.
    @Test func suggestionsByHand() throws {
        var range = try trainer().learningRateRange(try blobs(8), steps: 4, batchSize: 4)
        func suggestion(_ rates: [Double], _ losses: [Double]) throws -> Double? {
            for (index, (rate, loss)) in try pairs(rates, losses).enumerated() {
                (range.points[index].learningRate, range.points[index].loss) = (rate, loss)
            }
            return range.suggestion
        }
        #expect(try suggestion([0.001, 0.01, 0.1, 1], [4, 3.5, 2, 1.5]) == 0.01)
        // From 0.01 to 1 it falls by more, but not as fast.
        #expect(try suggestion([0.001, 0.01, 1, 2], [4, 3, 1.5, 1.5]) == 0.001)
        // Beyond its lowest it rises, and falls again, steeper than before.
        #expect(try suggestion([0.001, 0.01, 0.1, 1], [2, 1, 4, 1.5]) == 0.001)
        #expect(try suggestion([0.001, 0.01, 0.1, 1], [1, 1, 2, 3]) == nil)
        #expect("\(range)".hasSuffix("\n1.0\t3.0000\nnever falls"))
    }

    @Test func impossibleRequests() throws {
        let trainer = trainer()
        let data = try blobs(8)
        let needs =
            "a range test needs samples, 0 < from < to, at least two steps and a positive batchSize, received"
        #expect(
            message { try trainer.learningRateRange(data, from: 0, batchSize: 4) }
                == "\(needs) 8 samples, 0.0, 1.0, 100 and 4")
        #expect(
            message { try trainer.learningRateRange(data, from: 0.5, to: 0.5, batchSize: 4) }
                == "\(needs) 8 samples, 0.5, 0.5, 100 and 4")
        #expect(
            message { try trainer.learningRateRange(data, to: .infinity, batchSize: 4) }
                == "\(needs) 8 samples, 1e-06, inf, 100 and 4")
        #expect(
            message { try trainer.learningRateRange(data, steps: 1, batchSize: 4) }
                == "\(needs) 8 samples, 1e-06, 1.0, 1 and 4")
        #expect(
            message { try trainer.learningRateRange(data.prefix(0), batchSize: 0) }
                == "\(needs) 0 samples, 1e-06, 1.0, 100 and 0")
    }
}
