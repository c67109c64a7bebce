import ApusData
import ApusFormats
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import Foundation
import ApusTestKit
import ApusTrainingKit
import Testing

/// What callbacks write, and what they watch.
@Suite struct CallbackFileTests {
    private func trainer(_ optimizer: Optimizer = .adam(learningRate: 0.05)) -> Trainer {
        Trainer(Sequential.small, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy], seed: 7)
    }

    /// Where nothing is held back, the last weights are those that training gives.
    @Test func withoutValidationThereIsNoBest() throws {
        try withTemporaryFolder { folder in
            var trainer = trainer()
            let data = try blobs(32)
            try trainer.fit(data, epochs: 3, batchSize: 16, callbacks: [.checkpoint("\(folder)/a")])
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/a/best"))
            #expect(CheckpointStore("\(folder)/a").keptWeights == "\(folder)/a/last/state.safetensors")
            try trainer.fit(
                data, epochs: 3, batchSize: 16, callbacks: [.checkpoint("\(folder)/b", monitor: "training.loss")])
            #expect(FileManager.default.fileExists(atPath: "\(folder)/b/best"))
            // What early stopping puts back is what is kept.
            var stopped = self.trainer(.sgd(learningRate: 30))
            try stopped.fit(
                data, epochs: 9, batchSize: 16,
                callbacks: [.earlyStopping(monitor: "training.loss", patience: 2), .checkpoint("\(folder)/c")])
            var kept = try Sequential.small.initialized(input: [2], seed: 1)
            try kept.load(CheckpointStore("\(folder)/c").keptWeights)
            let state = try #require(stopped.state)
            #expect(kept.paths.map { kept[$0]!.scalars } == state.variables.paths.map { state.variables[$0]!.scalars })
        }
    }

    @Test func twoCallbacksOfOneFile() throws {
        try withTemporaryFolder { folder in
            var trainer = trainer()
            let data = try blobs(32)
            func problem(_ callbacks: [Callback]) -> String {
                message { try trainer.fit(data, epochs: 1, batchSize: 16, callbacks: callbacks, folder: folder) }
            }
            #expect(
                problem([.csv(), .csv("\(folder)/./metrics.csv")])
                    == "csv and csv both write \(folder)/./metrics.csv; leave one out, or give it another path")
            #expect(
                problem([.checkpoint(), .checkpoint(keepLast: 3)]).hasPrefix("checkpoint and checkpoint both write"))
            #expect(
                problem([.histograms("log"), .tensorBoard("log")]).hasPrefix("histograms and tensorBoard both write"))
            #expect(problem([.csv(), .csv("other.csv")]) == "no error")
        }
    }

    @Test func twoMetricsOfOneName() throws {
        let data = try blobs(32)
        func fit(_ metrics: [Metric]) throws -> [String] {
            var trainer = Trainer(
                Sequential.small, loss: .softmaxCrossEntropy, optimizer: .sgd(), metrics: metrics, seed: 1)
            return try trainer.fit(data, epochs: 1, batchSize: 16).epochs[0].training.names
        }
        #expect(
            try fit([.f1(), .f1(average: .micro), .f1(average: .weighted), .f1(average: .none)])
                == ["loss", "f1", "f1Micro", "f1Weighted", "f1[0]", "f1[1]", "f1[2]", "f1[3]"])
        #expect(
            message { try fit([.accuracy, .accuracy]) }
                == "two metrics are called accuracy, but results are found by their names; leave one out")
        #expect(message { try fit([.mean("loss") { output, _ in output }]) }.contains("can't be called loss"))
    }

    // MARK: Steps that are left out

    @Test func anEpochWithoutAStepHasNoLoss() throws {
        try withTemporaryFolder { folder in
            let good = try blobs(32)
            let broken = try Dataset(
                inputs: Tensor([Float](repeating: .nan, count: 64), shape: [32, 2]), labels: (0..<32).map { $0 % 4 })
            var trainer = Trainer(
                Sequential.small, loss: .softmaxCrossEntropy, optimizer: .adam().skippingNonFinite(),
                metrics: [.accuracy, .f1(average: .none)], seed: 7)
            var notes: [String] = []
            let history = try trainer.fit(
                broken, validation: good, epochs: 3, batchSize: 16,
                callbacks: [.csv(), .earlyStopping(monitor: "training.loss", patience: 2)], folder: folder
            ) { notes.append($0) }
            #expect(history.epochs.count == 2 && history.epochs.allSatisfy { $0.training.loss.isNaN })
            #expect(history.epochs[0].training["accuracy"]?.isNaN == true)
            #expect(
                notes.first == "no step of epoch 1 counts: all were left out, for their losses were not finite")
            #expect("\(try #require(history.stopReason))".hasSuffix("it was never a finite number"))
            let rows = try String(contentsOfFile: "\(folder)/metrics.csv", encoding: .utf8).split(separator: "\n")
                .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
            #expect(Set(rows.map(\.count)).count == 1 && rows[1][2] == "nan" && rows[1][3] == "nan")
        }
    }

    @Test func tablesKeepColumnsThatComeLater() throws {
        try withTemporaryFolder { folder in
            var state = try TrainingState(Sequential.small, optimizer: .sgd(), input: [2], seed: 1)
            let session = TrainingSession(loss: .softmaxCrossEntropy, callbacks: [.csv("\(folder)/a.csv")])
            try session.run(&state, on: try blobs(1), epochs: 3, batchSize: 1) { _, _, _ in
                nil
            } validation: { state in
                state.epoch < 2 ? nil : Measurements([("loss", -.nan), ("epoch\(state.epoch)", -.infinity)])
            }
            let text = try String(contentsOfFile: "\(folder)/a.csv", encoding: .utf8)
            let rows = try CSVRows.read(text, path: "a.csv")
            #expect(
                rows[0].dropLast(3)
                    == ["epoch", "step", "training.loss", "validation.loss", "validation.epoch2", "validation.epoch3"])
            #expect(rows.dropFirst().map { $0[3...5] } == [["", "", ""], ["nan", "-inf", ""], ["nan", "", "-inf"]])
            let read = try History(csv: text, path: "a.csv")
            #expect(read.epochs[0].validation == nil && read.epochs[2].validation?["epoch3"] == -.infinity)
        }
    }
}

/// Which steps histograms are of.
@Suite struct HistogramLogTests {
    @Test(arguments: [
        (0, 2, [0, 2, 4, 6, 8]), (2, 0, [0, 6]), (1, 0, [0, 3, 6, 9]), (1, 4, [0, 3, 4, 6, 8, 9]), (0, 0, [0]),
    ])
    func steps(everyEpochs: Int, everySteps: Int, expected: [Int]) throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/h.jsonl"
            var trainer = Trainer(Sequential.small, loss: .softmaxCrossEntropy, optimizer: .sgd(), seed: 7)
            // Three steps an epoch.
            try trainer.fit(
                try blobs(48), epochs: 3, batchSize: 16,
                callbacks: [.histograms(path, everyEpochs: everyEpochs, everySteps: everySteps)])
            let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
            let seen = try lines.map { try JSONDecoder().decode(ModelObservation.self, from: Data($0.utf8)).step }
            #expect(seen == expected)
        }
    }
}
