import ApusNN
import ApusTensor
import ApusTraining
import ApusTestKit
import ApusTrainingKit
import Testing

/// The function that `fit` calls for every event.
@Suite struct FitEventTests {
    private struct Failure: Error {}

    private func trainer() -> Trainer {
        Trainer(Sequential.lively, loss: .softmaxCrossEntropy, optimizer: .sgd(), metrics: [.accuracy], seed: 7)
    }

    /// It may change what it captures, and watching changes nothing.
    @Test func receivesEveryEvent() throws {
        let data = try blobs(48)
        var names: [String] = []
        var losses: [Double] = []
        var watched = trainer()
        let history = try watched.fit(data, epochs: 2, batchSize: 16) { event, training in
            switch event {
            case .began: names.append("began")
            case .epochBegan(let epoch): names.append("epoch \(epoch)")
            case .stepEnded(let batch, _, _): names.append("step \(batch) \(training.state.step)")
            case .epochEnded(let record): losses.append(record.training.loss)
            case .checkpointSaved, .observed, .stopped, .unfroze: names.append("not expected")
            case .ended(let reason): names.append("ended \(reason)")
            }
        }
        #expect(
            names == [
                "began", "epoch 1", "step 1 1", "step 2 2", "step 3 3", "epoch 2", "step 1 4", "step 2 5", "step 3 6",
                "ended completed",
            ])
        #expect(losses == history.epochs.map(\.training.loss))
        var alone = trainer()
        try alone.fit(data, epochs: 2, batchSize: 16)
        #expect(watched.state?.numbers == alone.state?.numbers)
    }

    /// It comes after the callbacks, and may do what they may.
    @Test func controlsTheTraining() throws {
        try withTemporaryFolder { folder in
            let slow = Callback.onEvent(receivesSteps: true) { event, training in
                if case .stepEnded = event { training.learningRateFactor = 0.5 }
            }
            var saved: [String] = []
            var trainer = trainer()
            let history = try trainer.fit(
                try blobs(48), epochs: 2, batchSize: 16, callbacks: [slow, .checkpoint(folder)]
            ) { event, training in
                switch event {
                case .stepEnded:
                    #expect(training.learningRateFactor == 0.5)
                    if training.state.step == 2 { training.stop(.callback("enough")) }
                case .checkpointSaved(let path): saved.append(path)
                default: break
                }
            }
            #expect(history.stopReason == .callback("enough"))
            #expect(trainer.state?.step == 2)
            #expect(saved == ["\(folder)/last"])
        }
    }

    @Test func itsErrorEndsTheTraining() throws {
        var trainer = trainer()
        #expect(throws: Failure.self) {
            try trainer.fit(try blobs(48), epochs: 2, batchSize: 16) { event, _ in
                if case .epochEnded = event { throw Failure() }
            }
        }
        #expect(trainer.state?.epoch == 1)
    }
}
