import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTestKit
import ApusTraining
import ApusTrainingKit
import Foundation
import Synchronization
import Testing

/// What callbacks and clocks remember goes on where a training is resumed.
@Suite struct CallbackMemoryTests {
    /// A session with given validation losses whose steps only count, interrupted after a step.
    private func run(
        _ losses: [Double], _ callbacks: [Callback], _ folder: String, stepsPerEpoch: Int = 1, until last: Int? = nil,
        pause: Double = 0
    ) throws -> (history: History, state: TrainingState, factor: Double) {
        var state = try TrainingState(Sequential.small, optimizer: .sgd(learningRate: 0.1), input: [2], seed: 1)
        let factor = Mutex(1.0)
        let stop = Callback.onEvent(receivesSteps: true) { event, training in
            factor.withLock { $0 = training.learningRateFactor }
            if case .stepEnded = event, training.state.step == last { training.stop(.interrupted) }
        }
        let session = TrainingSession(
            loss: .softmaxCrossEntropy, callbacks: callbacks + [stop, .checkpoint(folder, everySeconds: 0)])
        let step = try TrainingStep(Sequential.small, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1))
        let history = try session.run(
            &state, on: try blobs(2 * stepsPerEpoch), epochs: losses.count, batchSize: 2, resuming: folder
        ) { state, batch, learningRate in
            if pause > 0 { Thread.sleep(forTimeInterval: pause) }
            return try step(&state, batch, learningRate: learningRate)
        } validation: {
            Measurements([("loss", losses[$0.epoch - 1])])
        }
        return (history, state, factor.withLock { $0 })
    }

    /// The epochs that passed before an interruption count.
    @Test(arguments: [2, 3, 4]) func patience(step: Int) throws {
        try withTemporaryFolder { folder in
            let losses: [Double] = [3, 1, 2, 3, 4, 5, 6, 7]
            let rule = Callback.earlyStopping(patience: 3)
            #expect(try run(losses, [rule], folder, until: step).history.stopReason == .interrupted)
            let resumed = try run(losses, [rule], folder)
            #expect(resumed.history.epochs.count == 5)
            // Whose weights are put back, though another process saw them.
            #expect(resumed.state.epoch == 2 && resumed.state.step == 2)
            #expect(
                resumed.history.stopReason
                    == .callback("validation.loss has not improved for 3 epochs; the best was 1.0000 in epoch 2"))
        }
    }

    @Test(arguments: [2, 3, 4]) func plateaus(step: Int) throws {
        try withTemporaryFolder { folder in
            let losses: [Double] = [3, 1, 2, 3, 4]
            let rule = Callback.reduceOnPlateau(factor: 0.5, patience: 3)
            let factors = (
                try run(losses, [rule], folder, until: step).factor, try run(losses, [rule], folder).factor
            )
            #expect(factors == (1, 0.5))
        }
    }

    /// Two callbacks of one kind have a memory each.
    @Test(arguments: [2, 3, 4]) func twoOfAKind(step: Int) throws {
        try withTemporaryFolder { folder in
            let losses: [Double] = [5, 1, 2, 3, 4]
            // Neither the least nor the largest is surpassed in the last epochs.
            let rules = [
                Callback.reduceOnPlateau(mode: .min, factor: 0.5, patience: 3),
                .reduceOnPlateau(mode: .max, factor: 0.25, patience: 4),
            ]
            let factors = (try run(losses, rules, folder, until: step).factor, try run(losses, rules, folder).factor)
            #expect(factors == (1, 0.125))
        }
    }

    /// The time before an interruption is used up.
    @Test func timeLimits() throws {
        try withTemporaryFolder { folder in
            let losses = [Double](repeating: 1, count: 50)
            _ = try run(losses, [.timeLimit(seconds: 1000)], folder, until: 1, pause: 0.05)
            let resumed = try run(losses, [.timeLimit(seconds: 0.05)], folder)
            #expect(resumed.history.stopReason == .callback("the time limit of 0.05 s is reached"))
            // The end of the epoch is the first event.
            #expect(resumed.state.step == 1 && resumed.history.epochs.count == 1)
        }
    }

    /// The seconds of an epoch are those before and after an interruption in its midst, and so is its rate.
    @Test func secondsOfAnEpoch() throws {
        try withTemporaryFolder { folder in
            _ = try run([1, 1], [], folder, stepsPerEpoch: 3, until: 2, pause: 0.05)
            let record = try #require(try run([1, 1], [], folder, stepsPerEpoch: 3).history.epochs.first)
            #expect(record.seconds >= 0.1)
            #expect(abs(record.samplesPerSecond * record.seconds - 6) < 1e-9)
        }
    }
}
