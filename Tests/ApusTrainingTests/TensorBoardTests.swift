import ApusData
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

@Suite struct TensorBoardCallbackTests {
    private func trainer() -> Trainer {
        Trainer(
            Sequential.lively, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01),
            metrics: [.accuracy], schedule: .cosine(), seed: 1)
    }

    private func files(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
    }

    /// With and without: the same weights, slots and numbers, bit for bit.
    @Test(arguments: [(0, 2), (1, 0)]) func watchingChangesNothing(epochs: Int, steps: Int) throws {
        let data = try blobs(90)
        var alone = trainer()
        let plain = try alone.fit(data, validation: data, epochs: 3, batchSize: 32)
        try withTemporaryFolder { folder in
            var watched = trainer()
            let history = try watched.fit(
                data, validation: data, epochs: 3, batchSize: 32,
                callbacks: [
                    .tensorBoard(folder, everySteps: 1, histogramEpochs: epochs, histogramSteps: steps),
                    .histograms("\(folder)/histograms.jsonl", everySteps: 2),
                ])
            #expect(watched.state?.numbers == alone.state?.numbers)
            #expect(history.epochs.map(\.training) == plain.epochs.map(\.training))
            #expect(history.epochs.map(\.validation) == plain.epochs.map(\.validation))
            #expect(try files(folder) == ["histograms.jsonl", "training", "validation"])
            let training = try files("\(folder)/training")
            #expect(training.count == 1)
            let content = try Data(contentsOf: URL(filePath: "\(folder)/training/\(training[0])"))
            for tag in [
                "epoch/loss", "epoch/accuracy", "epoch/learningRate", "step/loss", "weights/0.dense/kernel",
                "gradients/3.dense/bias", "activations/2.dropout",
            ] {
                #expect(content.range(of: Data(tag.utf8)) != nil, "\(tag)")
            }
        }
    }

    @Test func stepsAreNotWatchedInVain() throws {
        #expect(!TensorBoard().receivesSteps)
        #expect(TensorBoard(everySteps: 5).receivesSteps)
        #expect(!TensorBoard(histogramEpochs: 1).receivesSteps)
        #expect(TensorBoard(histogramSteps: 1).receivesSteps)
    }

    /// Scalars and histograms are of every so many steps, whatever the epochs are.
    @Test(arguments: [(2, 0, 0, 4, 0), (0, 2, 0, 0, 1), (4, 0, 3, 2, 3), (0, 4, 2, 0, 4)])
    func steps(everySteps: Int, epochs: Int, steps: Int, scalars: Int, histograms: Int) throws {
        try withTemporaryFolder { folder in
            var trainer = trainer()
            // Three steps an epoch.
            try trainer.fit(
                try blobs(48), epochs: 3, batchSize: 16,
                callbacks: [
                    .tensorBoard(folder, everySteps: everySteps, histogramEpochs: epochs, histogramSteps: steps)
                ])
            let name = try #require(try files("\(folder)/training").first)
            let content = try Data(contentsOf: URL(filePath: "\(folder)/training/\(name)"))
            func count(_ tag: String) -> Int {
                String(decoding: content, as: UTF8.self).components(separatedBy: tag).count - 1
            }
            #expect(count("epoch/loss") == 3)
            #expect(count("step/loss") == scalars)
            #expect(count("weights/0.dense/kernel") == histograms)
        }
    }

    /// TensorBoard's histograms have the upper ends of the bins, sums and sums of squares.
    @Test func histogramsByHand() {
        let found = ValueHistogram([0, 1, 2, 5, .nan], bins: 2).forTensorBoard
        #expect((found.minimum, found.maximum, found.count) == (0, 5, 4))
        #expect(abs(found.sum - 8) < 1e-9 && abs(found.sumOfSquares - 30) < 1e-9)
        #expect(found.limits == [2.5, 5] && found.counts == [3, 1])
    }

    /// A training that is resumed adds files and leaves those that are there alone; without validation there is no such run.
    @Test func goingOnAddsAFile() throws {
        try withTemporaryFolder { folder in
            var trainer = trainer()
            for _ in 0..<2 {
                try trainer.fit(try blobs(40), epochs: 1, batchSize: 20, callbacks: [.tensorBoard(folder)])
            }
            #expect(try files(folder) == ["training"])
            #expect(try files("\(folder)/training").count == 2)
        }
    }

    @Test func impossibleIntervals() throws {
        var trainer = trainer()
        #expect(
            message {
                try trainer.fit(
                    try blobs(8), epochs: 1, batchSize: 4, callbacks: [.tensorBoard("/nowhere", everySteps: -1)])
            }
                == "TensorBoard needs everySteps, histogramEpochs and histogramSteps of at least 0, received -1, 0 and 0"
        )
    }

    // MARK: For TensorBoard itself

    /// What `Tests/Fixtures/check_tensorboard.py` compares with what TensorBoard reads.
    private struct Expected: Codable {
        struct Value: Codable {
            var run: String
            var tag: String
            var step: Int
            var scalar: String?
            var text: String?
            var histogram: [[Double]]?
            /// Minimum, maximum, number, sum, sum of squares.
            var numbers: [Double]?
            /// Height, width, pixels.
            var image: [Int]?
        }
        var values: [Value] = []
    }

    /// Writes event files and, beside them, what they hold, to the folder that the environment names.
    @Test(.enabled(if: ProcessInfo.processInfo.environment["APUS_TENSORBOARD"] != nil))
    func filesForTheScript() throws {
        let folder = try #require(ProcessInfo.processInfo.environment["APUS_TENSORBOARD"])
        var expected = Expected()
        func add(_ run: String, _ tag: String, _ step: Int, _ value: TensorBoardValue) {
            var entry = Expected.Value(run: run, tag: tag, step: step)
            switch value {
            case .scalar(let number): entry.scalar = "\(number)"
            case .text(let text): entry.text = text
            case .histogram(let h):
                entry.histogram = [h.limits, h.counts]
                entry.numbers = [h.minimum, h.maximum, h.count, h.sum, h.sumOfSquares]
            case .image: entry.image = [2, 3, 10, 20, 30, 40, 50, 255]
            }
            expected.values.append(entry)
        }

        // Every sort of value.
        let writer = try TensorBoardWriter(folder: "\(folder)/values")
        let numbers: [Double] = [
            0, -0.0, 0.5, 1 / 3, -1e-50, 1e-40, 1e300, -1e300, .greatestFiniteMagnitude, .infinity, -.infinity, .nan,
        ]
        let image = try Image(height: 2, width: 3, channels: 1, pixels: [10, 20, 30, 40, 50, 255])
        let spread = ValueHistogram([.nan, -3, -1, 0, 0, 0.5, 2, 1e30], bins: 7)
        let histogramValues: [ValueHistogram] = [
            spread, ValueHistogram([2, 2, 2], bins: 5), ValueHistogram([.infinity], bins: 5),
            ValueHistogram(Tensor.normal([1000], key: RandomKey(seed: 1)).scalars),
        ]
        for (step, number) in numbers.enumerated() {
            var values: [(tag: String, value: TensorBoardValue)] = [
                ("scalars/number", .scalar(number)), ("text/größe", .text("step **\(step)** – größer")),
                ("image", .image(try TensorBoardImage(image))),
            ]
            for (index, histogram) in histogramValues.enumerated() {
                values.append(("histogram/\(index)", .histogram(histogram.forTensorBoard)))
            }
            try writer.write(values, step: step)
            for (tag, value) in values { add("values", tag, step, value) }
        }
        try writer.flush()

        // A run that was killed at step 10 and is resumed from a checkpoint at step 5: steps 6 to 10 of the first file are void.
        let killed = try TensorBoardWriter(folder: "\(folder)/restarted")
        let resumed = try TensorBoardWriter(folder: "\(folder)/restarted")
        try killed.start(at: 1)
        for step in 1...10 { try killed.write([("loss", .scalar(Double(step)))], step: step) }
        try resumed.start(at: 6)
        for step in 6...8 { try resumed.write([("loss", .scalar(Double(100 * step)))], step: step) }
        try killed.close()
        try resumed.close()
        for step in 1...8 { add("restarted", "loss", step, .scalar(Double(step < 6 ? step : 100 * step))) }

        // A real training, stopped and continued.
        let run = "\(folder)/fit"
        let recorded = Mutex<[(step: Int, means: Measurements)]>([])
        let seen = Mutex<[ModelObservation]>([])
        var trainer = trainer()
        let observer = try ModelHistograms(trainer)
        let data = try blobs(90)
        let batch = try data.prefix(32).whole
        for _ in 0..<2 {
            let history = try trainer.fit(
                data, validation: data, epochs: 2, batchSize: 32,
                callbacks: [
                    .tensorBoard(run, everySteps: 2, histogramEpochs: 1),
                    .onEvent(receivesSteps: true) { event, control in
                        guard case .stepEnded(_, _, let means) = event, control.state.step % 2 == 0 else { return }
                        recorded.withLock { $0.append((control.state.step, means)) }
                    },
                    .onEvent { event, control in
                        guard case .epochEnded = event else { return }
                        let observation = try observer(control.state, batch)
                        seen.withLock { $0.append(observation) }
                    },
                ])
            for record in history.epochs {
                for (name, value) in zip(record.training.names, record.training.values) {
                    add("fit/training", "epoch/\(name)", record.step, .scalar(value))
                }
                add("fit/training", "epoch/learningRate", record.step, .scalar(record.learningRate))
                let validation = try #require(record.validation)
                for (name, value) in zip(validation.names, validation.values) {
                    add("fit/validation", "epoch/\(name)", record.step, .scalar(value))
                }
            }
        }
        for (step, means) in recorded.withLock({ $0 }) {
            for (name, value) in zip(means.names, means.values) {
                add("fit/training", "step/\(name)", step, .scalar(value))
            }
        }
        for observation in seen.withLock({ $0 }) {
            let groups = [
                ("weights", observation.weights), ("gradients", observation.gradients),
                ("activations", observation.activations),
            ]
            for (group, entries) in groups {
                for entry in entries {
                    add(
                        "fit/training", "\(group)/\(entry.path)", observation.step,
                        .histogram(entry.histogram.forTensorBoard))
                }
            }
        }
        let encoder = JSONEncoder()
        try encoder.encode(expected).write(to: URL(filePath: "\(folder)/expected.json"))
    }
}
