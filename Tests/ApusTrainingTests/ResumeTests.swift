import ApusData
import ApusExperiments
import ApusFormats
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import Foundation
import Synchronization
import ApusTestKit
import ApusTrainingKit
import Testing

/// A training that was stopped anywhere gives, resumed, the weights of one that was not.
@Suite struct ResumeTests {
    private struct Killed: Error {}

    private func trainer() -> Trainer {
        Trainer(
            Sequential.lively, loss: .softmaxCrossEntropy,
            optimizer: .adam(learningRate: 0.02).accumulatingGradients(2).averagingWeights(decay: 0.9),
            metrics: [.accuracy, Metric(ROCAUC())],
            schedule: .cosine(warmupSteps: 3), seed: 7)
    }

    private func callbacks(_ others: [Callback] = []) -> [Callback] {
        [
            .earlyStopping(monitor: "validation.loss", patience: 4, minimumDelta: 0.002),
            .reduceOnPlateau(factor: 0.5, patience: 1, threshold: 0.01), .timeLimit(seconds: 1000), .csv(),
            .checkpoint(everySeconds: 0, everySteps: 2, keepLast: 3, keepBest: 2),
        ] + others
    }

    private func fit(
        _ trainer: inout Trainer, _ folder: String, resumes: Bool = false, _ others: [Callback] = [],
        report: (String) -> Void = { _ in }
    ) throws -> History {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let data = try blobs(72, deviation: 1.5)
        return try trainer.fit(
            data, validation: try blobs(40, deviation: 1.5, seed: 3), epochs: 6, batchSize: 16,
            callbacks: [Callback(RunRecorder("\(folder)/events.jsonl", 3))] + callbacks(others), folder: folder,
            resuming: resumes ? "\(folder)/checkpoints" : nil, report: report)
    }

    private func bytes(_ folder: String) throws -> [Data] {
        try ["last", "best", "best-1"].map {
            try Data(contentsOf: URL(filePath: "\(folder)/checkpoints/\($0)/state.safetensors"))
        }
    }

    /// The lines of events without times.
    private func events(_ folder: String) throws -> [NSDictionary] {
        try String(contentsOfFile: "\(folder)/events.jsonl", encoding: .utf8).split(separator: "\n").map { line in
            var fields = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
            for name in ["time", "seconds", "samplesPerSecond"] { fields[name] = nil }
            return fields as NSDictionary
        }
    }

    private func table(_ folder: String) throws -> [String] {
        try String(contentsOfFile: "\(folder)/metrics.csv", encoding: .utf8).split(separator: "\n").map {
            $0.split(separator: ",").dropLast(2).joined(separator: ",")
        }
    }

    /// Each at a step or in the midst of what happens around the end of an epoch.
    @Test(arguments: [1, 2, 3, 5, 7, 10, 14, 15, 22, 29]) func resumedIsAsUndisturbed(_ killedAt: Int) throws {
        try withTemporaryFolder { parent in
            var whole = trainer()
            let history = try fit(&whole, "\(parent)/a")
            let isDead = Callback.onEvent(receivesSteps: true) { event, control in
                if case .stepEnded = event, control.state.step == killedAt { throw Killed() }
            }
            var first = trainer()
            #expect(throws: Killed.self) { try fit(&first, "\(parent)/b", [isDead]) }
            // Half a line, and a checkpoint that was begun.
            let log = try FileHandle(forWritingTo: URL(filePath: "\(parent)/b/events.jsonl"))
            try log.seekToEnd()
            try log.write(contentsOf: Data("{\"v\":1,\"ev".utf8))
            try FileManager.default.createDirectory(
                atPath: "\(parent)/b/checkpoints/.apus-1", withIntermediateDirectories: true)
            var second = trainer()
            let resumed = try fit(&second, "\(parent)/b", resumes: true)
            #expect(try #require(second.state).numbers == (try #require(whole.state).numbers))
            #expect(try bytes("\(parent)/b") == bytes("\(parent)/a"))
            #expect(try events("\(parent)/b") == events("\(parent)/a"))
            #expect(try table("\(parent)/b") == table("\(parent)/a"))
            #expect(resumed.stopReason == history.stopReason)
            #expect(resumed.epochs.map(\.validation) == history.epochs.map(\.validation))
        }
    }

    /// Where epochs are short, checkpoints are few; what comes of it is the same.
    @Test(arguments: [1, 6, 11, 17, 24, 29]) func fewCheckpointsAreEnough(_ killedAt: Int) throws {
        try withTemporaryFolder { parent in
            func fit(_ trainer: inout Trainer, _ folder: String, resumes: Bool = false, _ others: [Callback] = [])
                throws
            {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
                let rules: [Callback] = [.earlyStopping(patience: 4), .csv(), .checkpoint(keepBest: 2), .histograms()]
                try trainer.fit(
                    try blobs(72, deviation: 1.5), validation: try blobs(40, deviation: 1.5, seed: 3), epochs: 6,
                    batchSize: 16, callbacks: others + rules, folder: folder,
                    resuming: resumes ? "\(folder)/checkpoints" : nil)
            }
            var whole = trainer()
            try fit(&whole, "\(parent)/a")
            let isDead = Callback.onEvent(receivesSteps: true) { event, control in
                if case .stepEnded = event, control.state.step == killedAt { throw Killed() }
            }
            var first = trainer()
            #expect(throws: Killed.self) { try fit(&first, "\(parent)/b", [isDead]) }
            var second = trainer()
            try fit(&second, "\(parent)/b", resumes: true)
            #expect(try #require(second.state).numbers == (try #require(whole.state).numbers))
            #expect(try bytes("\(parent)/b") == bytes("\(parent)/a"))
            #expect(try table("\(parent)/b") == table("\(parent)/a"))
            let logs = try ["a", "b"].map { try Data(contentsOf: URL(filePath: "\(parent)/\($0)/histograms.jsonl")) }
            #expect(logs[0] == logs[1])
        }
    }

    /// Checkpoints of before hold sums of another kind.
    @Test func checkpointsOfTheFormerSumsAreRead() throws {
        #expect(FormerChecksum.text(of: Data("123456789".utf8)) == "7ca01b908e9f274c")
        try withTemporaryFolder { parent in
            var whole = trainer()
            _ = try fit(&whole, "\(parent)/a")
            let isDead = Callback.onEvent(receivesSteps: true) { event, control in
                if case .stepEnded = event, control.state.step == 15 { throw Killed() }
            }
            var first = trainer()
            #expect(throws: Killed.self) { try fit(&first, "\(parent)/b", [isDead]) }
            let checkpoints = "\(parent)/b/checkpoints"
            let names = try FileManager.default.contentsOfDirectory(atPath: checkpoints)
            for name in names { try writeFormerSums("\(checkpoints)/\(name)") }
            var damages: [String] = []
            var second = trainer()
            _ = try fit(&second, "\(parent)/b", resumes: true) { damages.append($0) }
            #expect(damages.isEmpty)
            #expect(try #require(second.state).numbers == (try #require(whole.state).numbers))

            // And damage is seen.
            var third = trainer()
            #expect(throws: Killed.self) { try fit(&third, "\(parent)/c", [isDead]) }
            let last = "\(parent)/c/checkpoints/last"
            try writeFormerSums(last)
            var bytes = try Data(contentsOf: URL(filePath: "\(last)/state.safetensors"))
            bytes[bytes.count - 3] ^= 1
            // The best checkpoint may share the file.
            try bytes.write(to: URL(filePath: "\(last)/state.safetensors"), options: .atomic)
            var fourth = trainer()
            _ = try fit(&fourth, "\(parent)/c", resumes: true) { damages.append($0) }
            #expect(damages.count == 1 && damages[0].contains("damaged state.safetensors: its checksum is not"))
        }
    }

    private func writeFormerSums(_ folder: String) throws {
        let path = "\(folder)/state.json"
        var text = try String(contentsOfFile: path, encoding: .utf8)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name != "state.json" {
            let data = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"))
            text = text.replacing(Checksum.text(of: data), with: FormerChecksum.text(of: data))
        }
        // What is left is the sum of the text itself.
        let place = try #require(text.firstRange(of: /xxh3:[0-9a-f]{16}/))
        text.replaceSubrange(place, with: "0000000000000000")
        let sum = FormerChecksum.text(of: Data(text.utf8))
        text = text.replacing("\"checksum\" : \"0000000000000000\"", with: "\"checksum\" : \"\(sum)\"")
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
    }

    /// A stop by the user is no part of the training, wherever it is.
    @Test(arguments: [4, 5]) func interruptionsLeaveNoTrace(_ step: Int) throws {
        try withTemporaryFolder { parent in
            var whole = trainer()
            _ = try fit(&whole, "\(parent)/a")
            let stop = Callback.onEvent(receivesSteps: true) { event, control in
                if case .stepEnded = event, control.state.step == step { control.stop(.interrupted) }
            }
            var trainer = trainer()
            #expect(try fit(&trainer, "\(parent)/b", [stop]).stopReason == .interrupted)
            #expect(try events("\(parent)/b").last?["reason"] as? String == "interrupted")
            var resumed = self.trainer()
            _ = try fit(&resumed, "\(parent)/b", resumes: true)
            #expect(try #require(resumed.state).numbers == (try #require(whole.state).numbers))
            #expect(try events("\(parent)/b") == events("\(parent)/a"))
        }
    }

    /// A training that has ended, or was killed just before its end, ends in the same way again.
    @Test func theEndIsRepeated() throws {
        try withTemporaryFolder { parent in
            var whole = trainer()
            let history = try fit(&whole, "\(parent)/a")
            let before = try events("\(parent)/a")
            var again = trainer()
            #expect(try fit(&again, "\(parent)/a", resumes: true).stopReason == history.stopReason)
            #expect(try #require(again.state).numbers == (try #require(whole.state).numbers))
            #expect(try events("\(parent)/a") == before)
        }
    }

    // MARK: Damage

    enum Damage: CaseIterable { case cutTensors, bitOfTensors, cutText, bitOfText, noText, noTensors }

    @Test(arguments: Damage.allCases) func damagedCheckpointsAreNotUsed(_ damage: Damage) throws {
        try withTemporaryFolder { parent in
            var whole = trainer()
            _ = try fit(&whole, "\(parent)/a")
            let isDead = Callback.onEvent(receivesSteps: true) { event, control in
                if case .stepEnded = event, control.state.step == 13 { throw Killed() }
            }
            var first = trainer()
            #expect(throws: Killed.self) { try fit(&first, "\(parent)/b", [isDead]) }
            let last = "\(parent)/b/checkpoints/last"
            func change(_ name: String, _ body: (inout Data) -> Void) throws {
                var data = try Data(contentsOf: URL(filePath: "\(last)/\(name)"))
                body(&data)
                try FileManager.default.removeItem(atPath: "\(last)/\(name)")
                try data.write(to: URL(filePath: "\(last)/\(name)"))
            }
            switch damage {
            case .cutTensors: try change("state.safetensors") { $0.removeLast(10) }
            case .bitOfTensors: try change("state.safetensors") { $0[$0.count / 2] ^= 1 }
            case .cutText: try change("state.json") { $0.removeLast($0.count / 2) }
            case .bitOfText:
                try change("state.json") { data in
                    let range = data.range(of: Data("\"learningRateFactor\" : 1".utf8))!
                    data[range.upperBound - 1] = UInt8(ascii: "2")
                }
            case .noText: try FileManager.default.removeItem(atPath: "\(last)/state.json")
            case .noTensors: try FileManager.default.removeItem(atPath: "\(last)/state.safetensors")
            }
            var resumed = trainer()
            var notes: [String] = []
            _ = try fit(&resumed, "\(parent)/b", resumes: true) { notes.append($0) }
            #expect(notes.count == 1)
            #expect(notes.first?.hasPrefix("the checkpoint \(last) has ") ?? false, "\(notes)")
            #expect(notes.first?.hasSuffix("continuing from \(parent)/b/checkpoints/last-1") ?? false, "\(notes)")
            #expect(try #require(resumed.state).numbers == (try #require(whole.state).numbers))
            #expect(try bytes("\(parent)/b") == bytes("\(parent)/a"))
            #expect(try events("\(parent)/b") == events("\(parent)/a"))
        }
    }

    @Test func withoutAnyWholeCheckpoint() throws {
        try withTemporaryFolder { parent in
            let folder = "\(parent)/checkpoints/last"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            var trainer = trainer()
            let text = message { try fit(&trainer, parent, resumes: true) }
            #expect(
                text
                    == "no checkpoint is whole: \(folder) has no state.json. Remove \(parent)/checkpoints to begin anew"
            )
        }
    }

    @Test func checkpointsOfAnotherTraining() throws {
        try withTemporaryFolder { parent in
            var first = trainer()
            _ = try fit(&first, parent)
            var seed = Trainer(Sequential.lively, loss: .softmaxCrossEntropy, optimizer: .adam(), seed: 8)
            #expect(message { try fit(&seed, parent, resumes: true) }.contains("has the seed 7, this training has 8"))
            var other = Trainer(Sequential.small, loss: .softmaxCrossEntropy, optimizer: .sgd(), seed: 7)
            #expect(
                message { try fit(&other, parent, resumes: true) }.contains("belongs to another model or optimizer"))
        }
    }

    // MARK: A custom training loop

    /// Other conditions than those of the checkpoint are reported: the last bits may be others.
    @Test func resumingUnderOtherConditionsIsReported() throws {
        try withTemporaryFolder { folder in
            func notes(_ precision: NumericPrecision, data: UInt64 = 1) throws -> [String] {
                var notes: [String] = []
                var trainer = Trainer(
                    Sequential.small, loss: .softmaxCrossEntropy, optimizer: .sgd(), precision: precision, seed: 1)
                _ = try trainer.fit(
                    try blobs(32, seed: data), epochs: 1, batchSize: 16, callbacks: [Callback.checkpoint()],
                    folder: folder,
                    resuming: "\(folder)/checkpoints", report: { notes.append($0) })
                return notes
            }
            #expect(try notes(.float32) == [])
            #expect(try notes(.float32) == [])
            #expect(
                try notes(.mixedBFloat16) == [
                    "the training so far ran with precision float32, now mixedBFloat16: the last bits of its results may "
                        + "differ from those of a training that was not interrupted"
                ])
            // Other data are more than other bits.
            let found = try notes(.mixedBFloat16, data: 2)
            #expect(
                found.count == 1 && found[0].hasPrefix("the training so far saw other data (data xxh3:"), "\(found)")
            #expect(
                found[0].contains(", now xxh3:")
                    && found[0].contains("it continues with these. Also the training so far ran with precision"))
            let text = try String(contentsOfFile: "\(folder)/checkpoints/last/state.json", encoding: .utf8)
            for name in ["threads", "instruction set", "oneDNN", "device", "precision", "data"] {
                #expect(text.contains("\"\(name)\" : "))
            }
        }
    }

    @Test func customLoopsResumeAsWell() throws {
        let training = try blobs(64)
        let optimizer = Optimizer.sgd(learningRate: 0.1, momentum: 0.9)
        func run(_ folder: String, killedAt: Int?) throws -> TrainingState {
            var state = try TrainingState(Sequential.lively, optimizer: optimizer, input: [2], seed: 7)
            let step = try TrainingStep(Sequential.lively, loss: .softmaxCrossEntropy, optimizer: optimizer)
            let session = TrainingSession(
                loss: .softmaxCrossEntropy,
                callbacks: [
                    .checkpoint(everySteps: 3),
                    .reduceOnPlateau(monitor: "training.loss", patience: 1, threshold: 0.5),
                ], folder: folder)
            let history = try session.run(
                &state, on: training, epochs: 5, batchSize: 16, resuming: "\(folder)/checkpoints"
            ) { state, batch, learningRate in
                let result = try step(&state, batch, learningRate: learningRate)
                if state.step == killedAt { throw Killed() }
                return result
            }
            #expect(history.epochs.count == 5)
            return state
        }
        try withTemporaryFolder { parent in
            let whole = try run("\(parent)/a", killedAt: nil)
            #expect(throws: Killed.self) { try run("\(parent)/b", killedAt: 11) }
            #expect(try run("\(parent)/b", killedAt: nil).numbers == whole.numbers)
        }
    }
}
