import ApusData
import ApusExperiments
import ApusFormats
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import Foundation
import ApusTestKit
import ApusTrainingKit
import Testing

/// Trainings that unfreeze layers: events, stops and resumes in every phase, and what callbacks put back.
@Suite struct UnfreezingSessionTests {
    private struct Killed: Error {}

    private func trainer(
        _ optimizer: Optimizer = .adam(learningRate: 0.02).accumulatingGradients(2).averagingWeights(decay: 0.9)
            .unfreezingGradually(every: 2)
    ) -> Trainer {
        Trainer(
            Sequential.lively, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy],
            schedule: .cosine(warmupSteps: 3), seed: 7)
    }

    private func fit(
        _ trainer: inout Trainer, _ folder: String, epochs: Int = 6, resumes: Bool = false, _ others: [Callback] = []
    ) throws -> History {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let rules: [Callback] = [
            Callback(RunRecorder("\(folder)/events.jsonl", 3)), .histograms(),
            .checkpoint(everySeconds: 0, everySteps: 2, keepLast: 3, keepBest: 2),
            .earlyStopping(monitor: "validation.loss", patience: 6),
        ]
        return try trainer.fit(
            try blobs(72, deviation: 1.5), validation: try blobs(40, deviation: 1.5, seed: 3), epochs: epochs,
            batchSize: 16, callbacks: rules + others, folder: folder,
            resuming: resumes ? "\(folder)/checkpoints" : nil)
    }

    private func events(_ folder: String) throws -> [NSDictionary] {
        try String(contentsOfFile: "\(folder)/events.jsonl", encoding: .utf8).split(separator: "\n").map { line in
            var fields = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            for name in ["time", "seconds", "samplesPerSecond"] { fields[name] = nil }
            return fields as NSDictionary
        }
    }

    private func expectSame(_ a: String, _ b: String) throws {
        for name in ["last", "best", "best-1"] {
            let bytes = try [a, b].map {
                try Data(contentsOf: URL(filePath: "\($0)/checkpoints/\(name)/state.safetensors"))
            }
            #expect(bytes[0] == bytes[1], "\(name)")
        }
        #expect(try events(a) == events(b))
        let logs = try [a, b].map { try Data(contentsOf: URL(filePath: "\($0)/histograms.jsonl")) }
        #expect(logs[0] == logs[1])
    }

    /// Epochs of five steps; a layer more trains from the steps 11 and 21 on.
    @Test(arguments: [1, 9, 10, 11, 12, 15, 20, 21, 23, 29]) func killedAtAStep(_ step: Int) throws {
        try withTemporaryFolder { parent in
            var whole = trainer()
            _ = try fit(&whole, "\(parent)/a")
            var first = trainer()
            let death = Callback.onEvent(receivesSteps: true) { event, control in
                if case .stepEnded = event, control.state.step == step { throw Killed() }
            }
            #expect(throws: Killed.self) { try fit(&first, "\(parent)/b", [death]) }
            var second = trainer()
            _ = try fit(&second, "\(parent)/b", resumes: true)
            #expect(try #require(second.state).numbers == (try #require(whole.state).numbers))
            try expectSame("\(parent)/a", "\(parent)/b")
        }
    }

    /// In the events around the end of an epoch and the beginning of the next.
    @Test(arguments: [2, 3, 4, 5], ["epochEnded", "epochBegan", "unfroze", "checkpointSaved"])
    func killedAtABorder(_ epoch: Int, _ name: String) throws {
        try withTemporaryFolder { parent in
            var whole = trainer()
            _ = try fit(&whole, "\(parent)/a")
            var first = trainer()
            let death = Callback.onEvent { event, control in
                let isHere =
                    switch event {
                    case .epochEnded(let record): name == "epochEnded" && record.epoch == epoch
                    case .epochBegan(let number): name == "epochBegan" && number == epoch
                    case .unfroze(let number, _, _): name == "unfroze" && number >= epoch
                    case .checkpointSaved: name == "checkpointSaved" && control.state.epoch == epoch
                    default: false
                    }
                if isHere { throw Killed() }
            }
            #expect(throws: Killed.self) { try fit(&first, "\(parent)/b", [death]) }
            var second = trainer()
            _ = try fit(&second, "\(parent)/b", resumes: true)
            #expect(try #require(second.state).numbers == (try #require(whole.state).numbers))
            try expectSame("\(parent)/a", "\(parent)/b")
        }
    }

    /// A user's stop at the end of an epoch, after which layers join; and more epochs than there were.
    @Test(arguments: [2, 4]) func stoppedAtABorder(_ epoch: Int) throws {
        try withTemporaryFolder { parent in
            var whole = trainer()
            _ = try fit(&whole, "\(parent)/a")
            let stop = Callback.onEvent { event, control in
                if case .epochEnded(let record) = event, record.epoch == epoch { control.stop(.interrupted) }
            }
            var first = trainer()
            #expect(try fit(&first, "\(parent)/b", [stop]).stopReason == .interrupted)
            var second = trainer()
            _ = try fit(&second, "\(parent)/b", resumes: true)
            #expect(try #require(second.state).numbers == (try #require(whole.state).numbers))
            try expectSame("\(parent)/a", "\(parent)/b")
        }
    }

    /// One call after the other is one training; the state is not the one of the next phase before that begins.
    @Test func callsGoOn() throws {
        let data = try blobs(64)
        let optimizer = Optimizer.adam(learningRate: 0.02).unfreezing("0.*", epoch: 3)
        var whole = Trainer(Sequential.lively, loss: .softmaxCrossEntropy, optimizer: optimizer, seed: 7)
        var parts = whole
        try whole.fit(data, epochs: 5, batchSize: 16)
        var reports: [String] = []
        try parts.fit(data, epochs: 2, batchSize: 16) { reports.append($0) }
        #expect(
            reports == [
                "training ends after epoch 2, but the optimizer unfreezes 0.* in epoch 3; give more epochs, or unfreeze earlier"
            ])
        #expect(try #require(parts.state).slots.count == 2 * 4)
        try parts.fit(data, epochs: 3, batchSize: 16) { reports.append($0) }
        #expect(reports.count == 1)
        #expect(try #require(parts.state).numbers == (try #require(whole.state).numbers))
        #expect(try #require(parts.state).slots.count == 2 * 6)
    }

    @Test func eventsSayWhatWasUnfrozen() throws {
        let data = try blobs(32)
        var events: [String] = []
        var trainer = trainer(.sgd(momentum: 0.9).unfreezingGradually())
        try trainer.fit(data, epochs: 4, batchSize: 16) { event, control in
            switch event {
            case .epochBegan(let epoch): events.append("began \(epoch), \(control.state.slots.count)")
            case .unfroze(let epoch, let patterns, let parameters):
                events.append("unfroze \(epoch) \(patterns) \(parameters)")
            case .epochEnded(let record): events.append("ended \(record.epoch), \(control.state.slots.count)")
            default: break
            }
        }
        #expect(
            events == [
                "began 1, 2", "ended 1, 2", "began 2, 4", "unfroze 2 [\"1.batchNorm/*\"] 32", "ended 2, 4",
                "began 3, 6", "unfroze 3 [\"0.dense/*\"] 48", "ended 3, 6", "began 4, 6", "ended 4, 6",
            ])
        var patterns: [[String]] = []
        var other = self.trainer(.sgd().unfreezing("0.*", epoch: 2).unfreezing("1.*", epoch: 2))
        try other.fit(data, epochs: 2, batchSize: 16) { event, _ in
            if case .unfroze(_, let names, let parameters) = event {
                patterns.append(names + ["\(parameters)"])
            }
        }
        #expect(patterns == [["0.*", "1.*", "80"]])
    }

    /// A session of a closure, with a step that is cut: the same training.
    @Test func customLoops() throws {
        let data = try blobs(64)
        let optimizer = Optimizer.adam(learningRate: 0.02).unfreezingGradually()
        var whole = Trainer(Sequential.lively, loss: .softmaxCrossEntropy, optimizer: optimizer, seed: 7)
        try whole.fit(data, epochs: 4, batchSize: 16)
        let step = try TrainingStep(Sequential.lively, loss: .softmaxCrossEntropy, optimizer: optimizer)
        var state = try step.initialState(input: [2], seed: 7)
        try TrainingSession(of: step).run(&state, on: data, epochs: 4, batchSize: 16) { state, batch, rate in
            try step(&state, batch, learningRate: rate)
        }
        #expect(state.numbers == (try #require(whole.state).numbers))
        var own = try step.initialState(input: [2], seed: 7)
        for epoch in 0..<4 {
            own.epoch = epoch
            for batch in data.batches(of: 16, epoch: epoch, seed: 7) { try step(&own, batch) }
        }
        #expect(own.numbers == state.numbers)
    }

    /// A fork of before goes its own way: what is unfrozen in one is not in the other.
    @Test func forksArePartedByUnfreezing() throws {
        let data = try blobs(64)
        let optimizer = Optimizer.adam(learningRate: 0.02).unfreezing("0.*", epoch: 2)
        let step = try TrainingStep(Sequential.small, loss: .softmaxCrossEntropy, optimizer: optimizer)
        var state = try step.initialState(input: [2], seed: 7)
        try step(&state, try data.whole)
        let fork = state
        let before = fork.numbers
        state.epoch = 1
        try step(&state, try data.whole)
        #expect(fork.numbers == before && fork.slots.count == 4 && state.slots.count == 8)
        var again = fork
        again.epoch = 1
        try step(&again, try data.whole)
        #expect(again.numbers == state.numbers)
    }

    /// The best weights are put back from an epoch in which less was trained.
    @Test func theBestEpochWasAnotherPhase() throws {
        try withTemporaryFolder { folder in
            let epochs = Callback.onEvent { event, control in
                if case .ended = event { #expect(control.history.epochs.count == 4) }
            }
            // The greatest loss counts as the best: that of the first epoch.
            var trainer = trainer(.adam(learningRate: 0.02).unfreezingGradually())
            let rules: [Callback] = [.earlyStopping(monitor: "training.loss", mode: .max, patience: 3), epochs]
            try trainer.fit(try blobs(64), epochs: 8, batchSize: 16, callbacks: rules, folder: folder)
            let state = try #require(trainer.state)
            #expect(state.epoch == 1 && state.frozenPaths.contains("0.dense/kernel"))
        }
    }

    /// A loss that is not finite after layers joined is found by repeating steps of both phases.
    @Test func divergenceAcrossPhases() throws {
        let data = try blobs(64)
        var trainer = Trainer(
            Sequential.small, loss: .softmaxCrossEntropy,
            optimizer: .sgd(learningRate: 1).group("0.*", learningRate: 1e38).unfreezing("0.*", epoch: 2), seed: 7)
        let text = message { try trainer.fit(data, epochs: 3, batchSize: 16) }
        #expect(text.hasPrefix("training diverged at step "), "\(text)")
        #expect(try #require(trainer.state).epoch == 1)
    }

    /// A checkpoint of a training that unfroze more often than this one can.
    @Test func checkpointsOfOtherOptimizers() throws {
        try withTemporaryFolder { folder in
            var first = trainer(.sgd().unfreezingGradually())
            _ = try fit(&first, folder, epochs: 3)
            var other = trainer(.sgd())
            let text = message { _ = try fit(&other, folder, epochs: 4, resumes: true) }
            #expect(
                text.hasSuffix(
                    "belongs to another optimizer, which had unfrozen variables 2 times: at the steps 5, 10"), "\(text)"
            )
        }
    }
}
