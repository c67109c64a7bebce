import ApusData
import ApusExperiments
import ApusNN
import ApusTensor
import ApusTraining
import Foundation
import Synchronization
import ApusTestKit
import ApusTrainingKit
import Testing

/// The kinds of callbacks: what files say of them, and what they do.
@Suite struct CallbackKindTests {
    private func experiment(_ callbacks: String) throws -> Experiment {
        try Experiment(yaml: "name: x\nmodel: mlp\ncallbacks: \(callbacks)", path: "x.yaml")
    }

    @Test func filesNameThem() throws {
        let experiment = try experiment(
            """
            [{earlyStopping: {monitor: validation.loss, patience: 3, restoreBest: true}}, {checkpoint: {keepLast: 2, keepBest: 1}},
              {reduceOnPlateau: {factor: 0.5}}, {timeLimit: {seconds: 600}}, {timeLimit: 5}, terminateOnNonFinite, csv]
            """)
        #expect(
            experiment.callbacks == [
                .earlyStopping(patience: 3), .checkpoint(), .reduceOnPlateau(factor: 0.5), .timeLimit(seconds: 600),
                .timeLimit(seconds: 5), .terminateOnNonFinite, .csv(),
            ])
        #expect(try Experiment(yaml: experiment.yaml(), path: "y.yaml") == experiment)
        #expect(message { try self.experiment("[{earlyStoping: {}}]") }.contains("did you mean earlyStopping?"))
        #expect(message { try self.experiment("[{checkpoint: {keep: 1}}]") }.contains("there is no key keep"))
        let function = Callback.onEvent { _, _ in }
        #expect(function == function && function != Callback.onEvent { _, _ in })
        let mine = Experiment(name: "x", model: "mlp", callbacks: [function])
        #expect(message { try mine.yaml() }.contains("can't be written"))
    }

    /// A session with given validation losses, whose step does nothing; and the factor on the rate with which it ends.
    private func run(
        _ losses: [Double], _ callbacks: [Callback]
    ) throws -> (history: History, learningRateFactor: Double) {
        var state = try TrainingState(
            Sequential.small, optimizer: .sgd(learningRate: 0.1), input: [2], seed: 1)
        let factor = Mutex(1.0)
        let last = Callback.onEvent { _, training in factor.withLock { $0 = training.learningRateFactor } }
        let session = TrainingSession(loss: .softmaxCrossEntropy, callbacks: callbacks + [last])
        let history = try session.run(&state, on: try blobs(1), epochs: losses.count, batchSize: 1) { _, _, _ in
            nil
        } validation: { state in
            let loss = losses[state.epoch - 1]
            return Measurements([("loss", loss), ("accuracy", loss)])
        }
        return (history, factor.withLock { $0 })
    }

    @Test func earlyStoppingCounts() throws {
        func epochs(_ losses: [Double], _ rule: Callback) throws -> Int { try run(losses, [rule]).history.epochs.count }
        #expect(try epochs([3, 2, 2, 2, 2, 1], .earlyStopping(patience: 2)) == 4)
        #expect(try epochs([3, 2, 1.95, 1.9, 1, 1], .earlyStopping(patience: 2, minimumDelta: 0.2)) == 4)
        #expect(try epochs([1, 2, 3, 2, 2, 2], .earlyStopping(mode: .max, patience: 2)) == 5)
        #expect(try epochs([5, 4, 3, 2, 1, 1], .earlyStopping(patience: 2, baseline: 2.5)) == 2)
        #expect(try epochs([1, 4, 4, 3, 3, 3], .earlyStopping(patience: 2, startEpoch: 3)) == 6)
        #expect(try epochs([.nan, .nan, .nan, 1], .earlyStopping(patience: 2)) == 2)
        let ended = try run([5, 4, 3], [.earlyStopping(patience: 2, baseline: 2.5)])
        #expect(
            ended.history.stopReason.map { "\($0)" }
                == "validation.loss has not improved for 2 epochs; it never passed the baseline 2.5000")
    }

    @Test func plateausReduceTheRate() throws {
        func factor(_ losses: [Double], _ rule: Callback) throws -> Double {
            try run(losses, [rule]).learningRateFactor
        }
        #expect(try factor([1, 1, 1], .reduceOnPlateau(factor: 0.5, patience: 2)) == 0.5)
        #expect(try factor([1, 1, 0.5], .reduceOnPlateau(factor: 0.5, patience: 2)) == 1)
        #expect(try factor([1, 1, 1, 1, 1], .reduceOnPlateau(factor: 0.5, patience: 2)) == 0.25)
        // The rate falls after epoch 2; the epochs 3, 4 and 5 do not count, the sixth does.
        let cooled = Callback.reduceOnPlateau(factor: 0.5, patience: 1, cooldown: 3)
        #expect(try factor([1, 1, 1, 1, 1], cooled) == 0.5)
        #expect(try factor([1, 1, 1, 1, 1, 1], cooled) == 0.25)
        // What is better in between is the best from then on.
        #expect(try factor([2, 2, 1, 2, 2, 1.5], cooled) == 0.25)
        #expect(try factor([2, 2, 1, 2, 2, 0.5], cooled) == 0.5)
        #expect(
            try abs(
                factor([1, 1, 1, 1, 1], .reduceOnPlateau(factor: 0.1, patience: 1, minimumLearningRate: 0.02)) - 0.2)
                < 1e-12)
        #expect(try factor([1, 0.95], .reduceOnPlateau(factor: 0.5, patience: 1, threshold: 0.1)) == 0.5)
        // Of a negative value the share is that of its size.
        let rising = Callback.reduceOnPlateau(mode: .max, factor: 0.5, patience: 1, threshold: 0.1)
        #expect(try factor([-1, -0.95], rising) == 0.5)
        #expect(try factor([-1, -0.85], rising) == 1)
        #expect(message { try run([1], [.reduceOnPlateau(factor: 2)]) }.contains("needs a factor between 0 and 1"))
        let needs = "reduceOnPlateau needs a threshold and a minimumLearningRate of at least 0, received"
        #expect(message { try run([1], [.reduceOnPlateau(threshold: -0.5)]) } == "\(needs) -0.5 and 0.0")
        #expect(
            message { try run([1], [.reduceOnPlateau(threshold: 0.5, minimumLearningRate: -1)]) }
                == "\(needs) 0.5 and -1.0")
    }

    @Test func limits() throws {
        #expect(
            try run([1, 1], [.timeLimit(seconds: 0)]).history.stopReason
                == .callback("the time limit of 0 s is reached"))
        // None of the steps is measured.
        #expect(
            try run([1, 1], [.terminateOnNonFinite]).history.stopReason
                == .callback("training.loss is not finite in epoch 1"))
        var trainer = Trainer(Sequential.small, loss: .softmaxCrossEntropy, optimizer: .sgd(), seed: 1)
        let broken = try Dataset(inputs: Tensor([.nan, 1, 2, 3] as [Float], shape: [2, 2]), labels: [0, 1])
        #expect(
            try trainer.fit(
                try blobs(16), validation: broken, epochs: 3, batchSize: 16, callbacks: [.terminateOnNonFinite]
            ).stopReason == .callback("validation.loss is not finite in epoch 1"))
        #expect(message { try run([1], [.csv()]) }.contains("has no folder"))
        #expect(message { try run([1], [.checkpoint()]) }.contains("has no folder"))
    }

    /// Of short epochs few are written, but the best are the same, in their order.
    @Test(arguments: [
        [5.0, 3, 4, 1, 2], [1, 2, 3, 4, 5], [5, 4, 3, 2, 1], [3, 1, 2, 5, 0.5, 4], [2, 3, 1, 4, 0.5, 2.5],
    ])
    func shortEpochsAreNotAllWritten(_ losses: [Double]) throws {
        try withTemporaryFolder { parent in
            let saved = Mutex(0)
            let counting = Callback.onEvent { event, _ in
                if case .checkpointSaved = event { saved.withLock { $0 += 1 } }
            }
            for (name, seconds) in [("a", 0.0), ("b", 1000)] {
                saved.withLock { $0 = 0 }
                let rule = Callback.checkpoint("\(parent)/\(name)", everySeconds: seconds, keepLast: 3, keepBest: 3)
                _ = try run(losses, [rule, counting])
                // The first and the last.
                #expect(saved.withLock { $0 } == (seconds == 0 ? losses.count : 2))
            }
            func text(_ name: String) throws -> [String: Any] {
                let data = try Data(contentsOf: URL(filePath: "\(parent)/\(name)/state.json"))
                return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            }
            for name in ["last", "best", "best-1", "best-2"] {
                let (a, b) = (try text("a/\(name)"), try text("b/\(name)"))
                #expect(a["epoch"] as? Int == b["epoch"] as? Int && a["step"] as? Int == b["step"] as? Int)
            }
            #expect(
                message { try run([1], [.checkpoint(parent, everySeconds: -1)]) }.contains("everySeconds of at least 0")
            )
        }
    }

    /// Of accuracies the largest is best, of losses and errors the smallest.
    @Test(arguments: [("validation.accuracy", 2), ("validation.loss", 3)])
    func whatIsBest(monitor: String, epoch: Int) throws {
        try withTemporaryFolder { folder in
            _ = try run([0.5, 0.9, 0.2, 0.7], [.checkpoint(folder, monitor: monitor, everySeconds: 0)])
            let data = try Data(contentsOf: URL(filePath: "\(folder)/best/state.json"))
            let state = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            #expect(state["epoch"] as? Int == epoch)
        }
    }

    @Test func whatIsMinimized() {
        for name in [
            "loss", "validation.loss", "training.meanAbsoluteError", "validation.rootMeanSquaredError",
            "validation.perplexity",
        ] {
            #expect(MonitorMode.auto.minimizes(name) && !MonitorMode.max.minimizes(name), "\(name)")
        }
        for name in ["accuracy", "validation.rocAUC", "training.f1[0]", "validation.r2"] {
            #expect(!MonitorMode.auto.minimizes(name) && MonitorMode.min.minimizes(name), "\(name)")
        }
    }

    @Test func asManyAsAreToStay() throws {
        try withTemporaryFolder { folder in
            _ = try run([5, 3, 4, 1, 2], [.checkpoint(folder, everySeconds: 0, keepLast: 3, keepBest: 3)])
            func epoch(_ name: String) throws -> Int? {
                let data = try Data(contentsOf: URL(filePath: "\(folder)/\(name)/state.json"))
                return (try JSONSerialization.jsonObject(with: data) as? [String: Any])?["epoch"] as? Int
            }
            let names = ["last", "last-1", "last-2", "best", "best-1", "best-2"]
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == names.sorted())
            #expect(try names.map(epoch) == [5, 4, 3, 4, 5, 2])
            // Another training does not continue with these.
            _ = try run([9], [.checkpoint(folder, everySeconds: 0, keepLast: 3, keepBest: 3)])
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["best", "last"])
        }
    }
}
