import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import Synchronization
import ApusTestKit
import ApusTrainingKit
import Testing

@Suite struct TrainerTests {
    private func trainer(
        _ model: Sequential = .small, optimizer: Optimizer = .adam(learningRate: 0.01), schedule: Schedule = .constant,
        seed: UInt64 = 7
    ) -> Trainer {
        Trainer(
            model, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy], schedule: schedule,
            seed: seed)
    }

    @Test func learns() throws {
        var trainer = trainer(.lively)
        let (training, validation) = try blobs(400).split(validation: 0.25, stratified: true, seed: 1)
        let history = try trainer.fit(training, validation: validation, epochs: 8, batchSize: 32)
        #expect(history.stopReason == .completed)
        #expect(history.epochs.map(\.epoch) == Array(1...8))
        #expect(history.epochs.map(\.step) == (1...8).map { $0 * 10 })
        let (first, last) = (try #require(history.epochs.first), try #require(history.epochs.last))
        #expect(last.training.loss < 0.5 * first.training.loss)
        #expect(try #require(last.validation?[.accuracy]) > 0.95)
        #expect(last.value("validation.accuracy") == last.validation?[.accuracy])
        #expect(last.value("training.loss") == last.training.loss)
        #expect(last.value("loss") == last.validation?.loss)
        #expect(last.value("validation.f1") == nil)
        #expect(last.learningRate == 0.01)

        let test = try blobs(200, seed: 2)
        let measured = try trainer.evaluate(test)
        #expect(measured.names == ["loss", "accuracy"])
        #expect(try #require(measured[.accuracy]) > 0.95)
        let outputs = try trainer.predict(try test.whole.inputs.only)
        #expect(outputs.shape == [200, 4])
        #expect(try trainer.predict(.zeros([0, 2])).shape == [0, 4])
        for count in 1...40 { #expect(try trainer.predict(.ones([count, 2])).shape == [count, 4]) }
        let hits = try pairs(outputs.argmax(axis: -1).scalars(as: Int.self), (0..<200).map { $0 % 4 }).count {
            $0 == $1
        }
        #expect(measured[.accuracy] == Double(hits) / 200)
    }

    @Test func learnsNumbers() throws {
        let x = Tensor.uniform([256, 3], low: -1, high: 1, key: RandomKey(seed: 1))
        let y = x.matmul(Tensor([[1], [-2], [0.5]] as [[Float]])) + 0.25
        let data = try Dataset(inputs: x, targets: y)
        var trainer = Trainer(
            Dense(1), loss: .meanSquaredError, optimizer: .sgd(learningRate: 0.1, momentum: 0.9),
            metrics: [.meanAbsoluteError], seed: 1)
        let history = try trainer.fit(data, epochs: 30, batchSize: 32)
        #expect(try #require(history.epochs.last?.training[.meanAbsoluteError]) < 1e-3)
        let kernel = try #require(trainer.state?.variables["kernel"]).scalars
        #expect(try pairs(kernel, [1, -2, 0.5]).allSatisfy { abs($0 - $1) < 1e-3 })
    }

    /// Sums over all samples, not means of means: the last batch has two of 50.
    @Test func epochsAreMeasuredExactly() throws {
        var trainer = trainer(optimizer: .sgd(learningRate: 0))
        let data = try blobs(50, deviation: 2)
        let record = try #require(try trainer.fit(data, validation: data, epochs: 1, batchSize: 16).epochs.first)
        let whole = try trainer.evaluate(data, batchSize: 50)
        #expect(record.training[.accuracy] == whole[.accuracy])
        #expect(record.validation?[.accuracy] == whole[.accuracy])
        #expect(abs(record.training.loss - whole.loss) < 1e-6)
        #expect(abs(try trainer.evaluate(data, batchSize: 16).loss - whole.loss) < 1e-6)
        let outputs = try trainer.predict(try data.whole.inputs.only).argmax(axis: -1).scalars(as: Int.self)
        #expect(whole[.accuracy] == Double(outputs.enumerated().count { $0.offset % 4 == $0.element }) / 50)
    }

    /// Training and evaluation show the same quantity.
    @Test func penaltiesCountInBoth() throws {
        let model = Sequential([Dense(4, kernelRegularizer: .l2(0.1))])
        var trainer = trainer(model, optimizer: .sgd(learningRate: 0))
        let data = try blobs(32)
        let record = try #require(try trainer.fit(data, epochs: 1, batchSize: 32).epochs.first)
        #expect(abs(record.training.loss - (try trainer.evaluate(data)).loss) < 1e-6)
    }

    @Test func goesOnWhereItStopped() throws {
        let data = try blobs(96)
        var once = trainer(.lively)
        try once.fit(data, epochs: 4, batchSize: 32)
        var twice = trainer(.lively)
        try twice.fit(data, epochs: 1, batchSize: 32)
        let history = try twice.fit(data, epochs: 3, batchSize: 32)
        #expect(history.epochs.map(\.epoch) == [2, 3, 4])
        #expect(once.state?.numbers == twice.state?.numbers)
    }

    /// Stopped in the middle of an epoch and continued: the same bits as without a stop.
    @Test(arguments: [1, 2, 4]) func aStopChangesNothing(step: Int) throws {
        let data = try blobs(90)
        var once = trainer(.lively)
        try once.fit(data, epochs: 2, batchSize: 32)
        var twice = trainer(.lively)
        let stop = Callback.onEvent(receivesSteps: true) { event, control in
            if case .stepEnded = event, control.state.step == step { control.stop(.interrupted) }
        }
        #expect(try twice.fit(data, epochs: 2, batchSize: 32, callbacks: [stop]).stopReason == .interrupted)
        let position = try #require(twice.state)
        #expect(position.step == step && position.epoch == step / 3 && position.batch == step % 3)
        try twice.fit(data, epochs: 2 - position.epoch, batchSize: 32)
        #expect(once.state?.numbers == twice.state?.numbers)
    }

    @Test func seedsDecide() throws {
        let data = try blobs(96)
        func train(_ seed: UInt64) throws -> [[Float]]? {
            var trainer = trainer(.lively, seed: seed)
            try trainer.fit(data, epochs: 2, batchSize: 32)
            return trainer.state?.numbers
        }
        #expect(try train(1) == train(1))
        #expect(try train(1) != train(2))
    }

    @Test func watchingChangesNothing() throws {
        let data = try blobs(96)
        var alone = trainer(.lively)
        try alone.fit(data, epochs: 2, batchSize: 32)
        let events = Mutex<[String]>([])
        var watched = trainer(.lively)
        let watcher = Callback.onEvent(receivesSteps: true) { event, control in
            _ = control.state.variables
            let text =
                switch event {
                case .began(let epochs, let steps, let samples): "began \(epochs) \(steps) \(samples)"
                case .epochBegan(let epoch): "epoch \(epoch)"
                case .stepEnded(let batch, let samples, _): "step \(batch) \(samples)"
                case .epochEnded(let record): "epoch \(record.epoch) ended"
                case .checkpointSaved, .observed, .stopped, .unfroze: "not expected"
                case .ended(let reason): "ended \(reason)"
                }
            events.withLock { $0.append(text) }
        }
        try watched.fit(data.prefix(80), validation: data, epochs: 0, batchSize: 32, callbacks: [watcher])
        try watched.fit(data, validation: data, epochs: 2, batchSize: 32, callbacks: [watcher])
        #expect(watched.state?.numbers == alone.state?.numbers)
        #expect(
            events.withLock { $0 } == ["began 0 3 80", "ended completed", "began 2 3 96"]
                + (1...2).flatMap { ["epoch \($0)", "step 1 32", "step 2 64", "step 3 96", "epoch \($0) ended"] } + [
                    "ended completed"
                ])
    }

    @Test func callbacksStopWithAReason() throws {
        var trainer = trainer()
        let history = try trainer.fit(
            try blobs(96), epochs: 5, batchSize: 32,
            callbacks: [
                .onEvent(receivesSteps: true) { event, control in
                    if case .stepEnded(2, _, _) = event, control.state.epoch == 1 { control.stop(.callback("enough")) }
                },
                .onEvent { event, control in if case .epochEnded = event { control.stop(.interrupted) } },
            ])
        #expect(history.stopReason == .interrupted)
        #expect(trainer.state?.epoch == 1)
        let rest = try trainer.fit(
            try blobs(96), epochs: 5, batchSize: 32,
            callbacks: [
                .onEvent(receivesSteps: true) { event, control in
                    if case .stepEnded(2, _, _) = event { control.stop(.callback("enough")) }
                }
            ])
        #expect(rest.stopReason == .callback("enough"))
        #expect(trainer.state?.epoch == 1)
        #expect(trainer.state?.batch == 2)
        #expect(trainer.state?.step == 5)
    }

    @Test func scheduleSetsTheRate() throws {
        var trainer = trainer(optimizer: .sgd(learningRate: 0.5), schedule: .cosine(warmupSteps: 3))
        let history = try trainer.fit(try blobs(96), epochs: 4, batchSize: 32)
        let expected = [2, 5, 8, 11].map { 0.5 * Schedule.cosine(warmupSteps: 3).factor(step: $0, total: 12) }
        #expect(history.epochs.map(\.learningRate) == expected)
        // A rate of 0 moves nothing: a schedule that is ignored would.
        var still = self.trainer(optimizer: .sgd(learningRate: 0), schedule: .cosine())
        try still.prepare(input: [2])
        let before = still.state?.numbers
        try still.fit(try blobs(96), epochs: 1, batchSize: 32)
        #expect(still.state?.numbers == before)
    }

    // MARK: Mistakes

    @Test func impossibleRequests() throws {
        let data = try blobs(20)
        func problem(_ body: (inout Trainer) throws -> Void) -> String {
            var trainer = trainer()
            return message { try body(&trainer) }
        }
        #expect(
            problem { try $0.fit(data.prefix(0), epochs: 1, batchSize: 1) }
                == "there is nothing to train on: the data set is empty")
        #expect(
            problem { try $0.fit(data, epochs: 1, batchSize: 0) }
                == "epochs must be at least 0 and batchSize at least 1, received 1 and 0")
        #expect(
            problem { try $0.fit(data, epochs: -1, batchSize: 4) }
                == "epochs must be at least 0 and batchSize at least 1, received -1 and 4")
        #expect(
            problem { try $0.fit(data, validation: data.prefix(0), epochs: 1, batchSize: 4) }
                == "there is nothing to validate on: the data set is empty; leave validation out, or hold back more data"
        )
        #expect(problem { _ = try $0.evaluate(data) } == "the model has no weights yet; call fit or load first")
        #expect(
            problem { _ = try $0.predict(.ones([1, 2])) } == "the model has no weights yet; call fit or load first")
        #expect(
            problem {
                try $0.prepare(input: [2])
                _ = try $0.evaluate(data, batchSize: 0)
            } == "batchSize must be positive, received 0")
        #expect(
            problem {
                try $0.prepare(input: [3])
                _ = try $0.evaluate(data)
            }.contains(
                "0.dense (Dense(16, activation: .relu)): parameter: the variable 0.dense/kernel has the shape [3, 16]"))
        var unreduced = Trainer(
            Sequential.small, loss: .softmaxCrossEntropy.reduced(.none), optimizer: .sgd(), seed: 1)
        #expect(
            message { try unreduced.fit(data, epochs: 1, batchSize: 4) }
                == "training minimizes one number, but the loss has the reduction none; use mean or sum")
    }

    /// Metrics of many numbers, and of all samples at once, in the training and at inference.
    @Test func metricsOfEverySort() throws {
        let data = try blobs(50)
        var trainer = Trainer(
            Sequential.small, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.05),
            metrics: [.accuracy, .confusionMatrix, .f1(average: .none), .rocAUC, .topKAccuracy(k: 4)], seed: 1)
        let history = try trainer.fit(data, validation: data, epochs: 10, batchSize: 16)
        let measured = try trainer.evaluate(data, batchSize: 7)
        let matrix = try #require(measured.tables["confusionMatrix"])
        #expect(matrix.map { $0.reduce(0, +) } == data.classCounts.map(Double.init))
        #expect((0..<4).reduce(0) { $0 + matrix[$1][$1] } / 50 == measured[.accuracy])
        #expect(measured["top4Accuracy"] == 1)
        #expect(measured.names.filter { $0.hasPrefix("f1[") }.count == 4)
        #expect(try #require(measured[.rocAUC]) > 0.99)
        #expect(history.epochs.last?.validation?.values.dropFirst() == measured.values.dropFirst())
        #expect(history.epochs.last?.validation?.tables == measured.tables)
        #expect(history.epochs.last?.training.tables["confusionMatrix"] != nil)
    }

    /// A sample of weight 2 counts as two, one of weight 0 not at all.
    @Test func weightsOfSamples() throws {
        let data = try blobs(32)
        let weights = (0..<32).map { Double($0 % 3) }
        var trainer = Trainer(
            Sequential.small, loss: .softmaxCrossEntropy, optimizer: .sgd(), metrics: [.accuracy], seed: 1)
        try trainer.fit(data.weighted(weights), epochs: 1, batchSize: 8)
        let weighted = try trainer.evaluate(data.weighted(weights), batchSize: 5)
        let rows = (0..<32).flatMap { Array(repeating: $0, count: $0 % 3) }
        let repeated = try Dataset(
            inputs: .stacked(rows.map { data.features(at: $0) }), labels: rows.map { data.label(at: $0) })
        let plain = try trainer.evaluate(repeated)
        #expect(abs(weighted[.accuracy]! - plain[.accuracy]!) < 1e-6)
        // The loss is divided by the number of samples, as in Keras.
        #expect(abs(weighted.loss * 32 - plain.loss * Double(repeated.count)) < 1e-4)
        #expect(message { try data.weighted([1]) }.contains("weights must be one number ≥ 0 a sample"))
    }

    @Test func moreClassesThanOutputs() throws {
        var trainer = Trainer(Dense(3), loss: .softmaxCrossEntropy, optimizer: .sgd(), seed: 1)
        #expect(
            message { try trainer.fit(try blobs(20), epochs: 1, batchSize: 4) }
                == "the data have 4 classes but the model yields 3 outputs; end it with Dense(4)")
    }

    @Test func metricsThatDoNotFit() throws {
        var trainer = Trainer(
            Sequential.small, loss: .softmaxCrossEntropy, optimizer: .sgd(), metrics: [.accuracy, .meanAbsoluteError],
            seed: 1)
        #expect(
            message { try trainer.fit(try blobs(20), epochs: 1, batchSize: 4) }
                == "meanAbsoluteError: the model yields shape [4, 4] but the targets have [4]; they must be equal")
    }

    @Test func weightsOfAnotherShapeAreRefused() throws {
        var trainer = trainer()
        let data = try blobs(20)
        try trainer.fit(data, epochs: 1, batchSize: 4)
        _ = try trainer.evaluate(data)
        trainer.load(try Sequential.small.initialized(input: [3], seed: 1))
        #expect(
            message { try trainer.evaluate(data) } == """
                the variable 0.dense/kernel has the shape [3, 16] but the model expects [2, 16]; the weights belong to another model or input size
                """)
    }
}
