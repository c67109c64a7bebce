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

@Suite struct CallbackTests {
    private func trainer(_ optimizer: Optimizer = .adam(learningRate: 0.05)) -> Trainer {
        Trainer(Sequential.small, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy], seed: 7)
    }

    // MARK: Early stopping

    @Test func stopsWithAReason() throws {
        var trainer = trainer(.sgd(learningRate: 0))
        let data = try blobs(32)
        let history = try trainer.fit(
            data, validation: data, epochs: 10, batchSize: 16, callbacks: [.earlyStopping(patience: 3)])
        #expect(history.epochs.count == 4)
        let loss = try #require(history.epochs.first?.validation?.loss)
        let rounded = String(format: "%.4f", loss)
        #expect(
            history.stopReason.map { "\($0)" }
                == "validation.loss has not improved for 3 epochs; the best was \(rounded) in epoch 1")
    }

    /// Labels without meaning: validation becomes worse while training becomes better.
    @Test(arguments: [true, false]) func restoresTheBestWeights(restoring: Bool) throws {
        let labels = (0..<64).map { Int(RandomKey(seed: UInt64($0)).child(1).permutation(4)[0]) }
        let data = try Dataset(inputs: Tensor.normal([64, 2], key: RandomKey(seed: 5)), labels: labels)
        let (training, validation) = try data.split(validation: 0.5, seed: 1)
        let seen = Mutex<[[[Float]]]>([])
        var trainer = trainer()
        let history = try trainer.fit(
            training, validation: validation, epochs: 60, batchSize: 8,
            callbacks: [
                .onEvent { event, control in
                    let variables = control.state.variables
                    if case .epochEnded = event {
                        seen.withLock { $0.append(variables.paths.map { variables[$0]!.scalars }) }
                    }
                },
                .earlyStopping(patience: 4, restoreBest: restoring),
            ])
        let losses = history.epochs.map { $0.validation!.loss }
        let best = losses.indices.min { losses[$0] < losses[$1] }!
        #expect(history.epochs.count == best + 5)
        let state = try #require(trainer.state)
        let weights = state.variables.paths.map { state.variables[$0]!.scalars }
        #expect(weights == seen.withLock { $0[restoring ? best : best + 4] })
        #expect(state.epoch == (restoring ? best + 1 : best + 5))
    }

    @Test func watchesWhatShallRise() throws {
        var trainer = trainer(.sgd(learningRate: 0))
        let data = try blobs(32)
        let history = try trainer.fit(
            data, validation: data, epochs: 10, batchSize: 16,
            callbacks: [.earlyStopping(monitor: "validation.accuracy", patience: 1)])
        #expect(history.epochs.count == 2)
        #expect("\(history.stopReason!)".hasPrefix("validation.accuracy has not improved for 1 epoch; the best was "))
    }

    @Test func unknownMonitors() throws {
        let data = try blobs(32)
        var trainer = trainer()
        #expect(
            message {
                try trainer.fit(
                    data, validation: data, epochs: 3, batchSize: 16,
                    callbacks: [.earlyStopping(monitor: "validation.f1", patience: 1)])
            } == """
                earlyStopping watches validation.f1, which this training does not measure (did you mean validation.loss?)
                """)
        func problem(_ callback: Callback, _ validation: Dataset?) -> String {
            message { try trainer.fit(data, validation: validation, epochs: 3, batchSize: 16, callbacks: [callback]) }
        }
        #expect(
            problem(.earlyStopping(patience: 1), nil)
                == "earlyStopping watches validation.loss, but there are no validation data: hold some back, or watch training.loss"
        )
        let unknown =
            "watches validation.acuracy, which this training does not measure (did you mean validation.accuracy?)"
        for monitor in ["validation.acuracy"] {
            #expect(problem(.checkpoint("x", monitor: monitor), data) == "checkpoint \(unknown)")
            #expect(problem(.reduceOnPlateau(monitor: monitor), data) == "reduceOnPlateau \(unknown)")
            #expect(
                problem(.checkpoint("x", monitor: monitor), nil).contains("which this training does not measure"))
        }
        // Before the first step.
        #expect(trainer.state == nil)
    }

    // MARK: Checkpoints

    @Test func checkpointsAreExact() throws {
        try withTemporaryFolder { folder in
            var trainer = trainer()
            let data = try blobs(64)
            try trainer.fit(data, validation: data, epochs: 2, batchSize: 16, callbacks: [.checkpoint("\(folder)/a/b")])
            for part in ["last", "best"] {
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: "\(folder)/a/b/\(part)").sorted()
                        == ["state.json", "state.safetensors"])
            }
            let state = try #require(trainer.state)
            var variables = try Sequential.small.initialized(input: [2], seed: 99)
            try variables.load("\(folder)/a/b/last/state.safetensors")
            #expect(
                variables.paths.map { variables[$0]!.scalars }
                    == state.variables.paths.map { state.variables[$0]!.scalars })
            // The optimizer's slots lie beside them.
            let file = try SafetensorsFile("\(folder)/a/b/last/state.safetensors")
            #expect(Set(file.names) == Set(variables.paths + state.slots.map(\.path)))
            #expect(file.metadata["step"] == "8")
            let position = try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(filePath: "\(folder)/a/b/last/state.json")))
            let entries = try #require(position as? [String: Any])
            #expect(entries["epoch"] as? Int == 2)
            #expect(entries["step"] as? Int == 8)
            #expect(entries["seed"] as? Int == 7)
            #expect(entries["version"] as? Int == 1)
        }
    }

    @Test func bestIsKept() throws {
        try withTemporaryFolder { folder in
            // A rate that ruins the weights after a while: the first epochs are best.
            let kept = Mutex<[(loss: Double, kernel: [Float])]>([])
            var trainer = trainer(.sgd(learningRate: 2))
            let data = try blobs(64, deviation: 2)
            try trainer.fit(
                data, validation: data, epochs: 6, batchSize: 16,
                callbacks: [
                    .checkpoint(folder),
                    .onEvent { event, control in
                        guard case .epochEnded(let record) = event else { return }
                        kept.withLock {
                            $0.append((record.validation!.loss, control.state.variables["0.dense/kernel"]!.scalars))
                        }
                    },
                ])
            var variables = try Sequential.small.initialized(input: [2], seed: 1)
            try variables.load("\(folder)/best/state.safetensors")
            let best = kept.withLock { $0.min { $0.loss < $1.loss }! }
            #expect(variables["0.dense/kernel"]!.scalars == best.kernel)
        }
    }

    @Test func anInterruptedTrainingIsSaved() throws {
        try withTemporaryFolder { folder in
            var trainer = trainer()
            let stop = Callback.onEvent(receivesSteps: true) { event, control in
                if case .stepEnded(3, _, _) = event { control.stop(.interrupted) }
            }
            try trainer.fit(try blobs(64), epochs: 2, batchSize: 16, callbacks: [stop, .checkpoint(folder)])
            let position = try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(filePath: "\(folder)/last/state.json")))
            let entries = try #require(position as? [String: Any])
            #expect(entries["batch"] as? Int == 3)
            #expect(entries["epoch"] as? Int == 0)
            #expect(entries["step"] as? Int == 3)
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/best"))
        }
    }

    @Test func weightsSurviveAFile() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/weights.safetensors"
            let variables = try Sequential.lively.initialized(input: [2], seed: 1)
            try variables.write(to: path, metadata: ["note": "a"])
            var copy = try Sequential.lively.initialized(input: [2], seed: 2)
            try copy.load(path)
            #expect(copy.paths.map { copy[$0]!.scalars } == variables.paths.map { variables[$0]!.scalars })
            #expect(try SafetensorsFile(path).metadata == ["note": "a"])
        }
    }

    @Test func weightsOfAnotherModelAreListed() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/weights.safetensors"
            try Sequential([Dense(16), Dropout(0.1), Dense(3)]).initialized(input: [2], seed: 1).write(to: path)
            var variables = try Sequential([Dense(15), Dense(4)]).initialized(input: [2], seed: 2)
            let before = variables.paths.map { variables[$0]!.scalars }
            #expect(
                message { try variables.load(path) } == """
                    the weights in \(path) do not belong to this model: \
                    missing in the file: 1.dense/kernel, 1.dense/bias; \
                    not variables of the model: 2.dense/kernel, 2.dense/bias; \
                    other shapes: 0.dense/kernel has shape [2, 16], the model expects [2, 15]; 0.dense/bias has shape [16], the model expects [15]
                    """)
            #expect(variables.paths.map { variables[$0]!.scalars } == before)
            // As many numbers in another order do not fit either.
            var turned = try Dense(2).initialized(input: [3], seed: 1)
            try Dense(3).initialized(input: [2], seed: 1).write(to: path)
            #expect(message { try turned.load(path) }.contains("kernel has shape [2, 3], the model expects [3, 2]"))
        }
    }

    /// A disk that is full while a checkpoint is written leaves the old one whole. Needs permission to mount a small disk.
    @Test(.enabled(if: try SmallDisk.isPermitted, "there is no permission to mount a file system"))
    func aFullDiskLeavesTheOldFile() throws {
        try withTemporaryFolder { folder in
            try #require(SmallDisk.mount(folder))
            defer { umount(folder) }
            var state = try TrainingState(Sequential([Dense(1000)]), optimizer: .sgd(), input: [4], seed: 1)
            try state.write(to: "\(folder)/last")
            let old = try Data(contentsOf: URL(filePath: "\(folder)/last/state.safetensors"))
            let names = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/last").sorted()
            // 20 KB each: two of them fit, not the filler besides.
            try Data(count: 24_000).write(to: URL(filePath: "\(folder)/filler"))
            state.variables = try Sequential([Dense(1000)]).initialized(input: [4], seed: 2)
            let text = message { try state.write(to: "\(folder)/last") }
            #expect(text.contains("No space left on device"), "\(text)")
            #expect(try Data(contentsOf: URL(filePath: "\(folder)/last/state.safetensors")) == old)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/last").sorted() == names)
        }
    }

    private enum SmallDisk {
        static func mount(_ folder: String) -> Bool { Foundation.mount("tmpfs", folder, "tmpfs", 0, "size=64k") == 0 }

        static var isPermitted: Bool {
            get throws {
                try withTemporaryFolder { folder in
                    let isMounted = mount(folder)
                    if isMounted { umount(folder) }
                    return isMounted
                }
            }
        }
    }
}
