import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import ApusTestKit
import ApusTrainingKit
import Testing

/// A session drives a custom step as `Trainer.fit` drives its own.
@Suite struct SessionTests {
    private let optimizer = Optimizer.sgd(learningRate: 0.1, momentum: 0.9)
    private let schedule = Schedule.cosine(warmupSteps: 3)

    private func state() throws -> TrainingState {
        try TrainingState(Sequential.lively, optimizer: optimizer, input: [2], seed: 7)
    }

    private func step(metrics: [Metric] = []) throws -> TrainingStep {
        try TrainingStep(Sequential.lively, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: metrics)
    }

    /// A callback that records the events, without times.
    private func recorder(_ events: Collector<Event>) -> Callback {
        .onEvent(receivesSteps: true) { event, training in
            var event = event
            if case .epochEnded(var record) = event {
                (record.seconds, record.samplesPerSecond) = (0, 0)
                event = .epochEnded(record)
            }
            events.add(event)
        }
    }

    @Test func aCustomLoopTrainsAsFitDoes() throws {
        let data = try blobs(90, deviation: 1.5)
        let validation = try blobs(40, deviation: 1.5, seed: 3)
        let plateau = Callback.reduceOnPlateau(factor: 0.5, patience: 1, threshold: 0.1)
        var trainer = Trainer(
            Sequential.lively, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy],
            schedule: schedule, seed: 7)
        let expected = Collector<Event>()
        try trainer.fit(
            data, validation: validation, epochs: 6, batchSize: 16, callbacks: [plateau, recorder(expected)])

        var state = try state()
        let step = try step(metrics: [.accuracy])
        let found = Collector<Event>()
        let session = TrainingSession(
            loss: .softmaxCrossEntropy, metrics: [.accuracy], schedule: schedule,
            callbacks: [plateau, recorder(found)])
        try session.run(&state, on: data, epochs: 6, batchSize: 16) { state, batch, learningRate in
            try step(&state, batch, learningRate: learningRate)
        } validation: { state in
            var trainer = trainer
            trainer.load(state.evaluatedVariables)
            return try trainer.evaluate(validation)
        }
        #expect(state.numbers == trainer.state?.numbers)
        #expect(found.elements == expected.elements)
        #expect(found.elements.count == 1 + 6 * (1 + 6 + 1) + 1)
    }

    @Test func learningRatesFollowScheduleAndCallbacks() throws {
        var state = try state()
        let halve = Callback.onEvent { event, training in
            if case .epochEnded = event { training.learningRateFactor *= 0.5 }
        }
        let session = TrainingSession(loss: .softmaxCrossEntropy, schedule: schedule, callbacks: [halve])
        var rates: [Double] = []
        try session.run(&state, on: try blobs(40), epochs: 3, batchSize: 20) { state, _, learningRate in
            state.step += 1
            rates.append(learningRate)
            return nil
        }
        let factors = [1, 1, 0.5, 0.5, 0.25, 0.25]
        #expect(rates == factors.enumerated().map { 0.1 * schedule.factor(step: $0, total: 6) * $1 })
    }

    /// A training that goes on has a schedule over all its steps, those before included.
    @Test func schedulesGoOn() throws {
        var state = try state()
        let session = TrainingSession(loss: .softmaxCrossEntropy, schedule: schedule)
        func rates(epochs: Int) throws -> [Double] {
            var rates: [Double] = []
            try session.run(&state, on: try blobs(40), epochs: epochs, batchSize: 20) { state, _, learningRate in
                state.step += 1
                rates.append(learningRate)
                return nil
            }
            return rates
        }
        #expect(try rates(epochs: 2) == (0..<4).map { 0.1 * schedule.factor(step: $0, total: 4) })
        #expect(try rates(epochs: 3) == (4..<10).map { 0.1 * schedule.factor(step: $0, total: 10) })
    }

    /// The epoch's means are those of the steps that return a result.
    @Test func stepsMayBeLeftOut() throws {
        var state = try state()
        let step = try step()
        var results: [StepResult] = []
        let session = TrainingSession(loss: .softmaxCrossEntropy)
        let history = try session.run(&state, on: try blobs(50), epochs: 1, batchSize: 20) { state, batch, rate in
            let result = try step(&state, batch, learningRate: rate)
            if state.batch == 1 { return nil }
            results.append(result)
            return result
        }
        #expect(results.map(\.count) == [20, 10])
        let mean = (results[0].loss * 20 + results[1].loss * 10) / 30
        #expect(try #require(history.epochs.first).training.loss == mean)
    }

    /// The rate of an epoch is that of its samples, without the validation's time.
    @Test func ratesAreSamplesOverSeconds() throws {
        var state = try state()
        let step = try step()
        let history = try TrainingSession(loss: .softmaxCrossEntropy).run(
            &state, on: try blobs(50), epochs: 3, batchSize: 20
        ) { try step(&$0, $1, learningRate: $2) }
        #expect(history.epochs.count == 3)
        for record in history.epochs {
            #expect(record.seconds > 0)
            #expect(abs(record.samplesPerSecond * record.seconds - 50) < 1e-9)
        }
    }

    /// A session that a callback ends in the midst of an epoch is continued by another one.
    @Test func aStopChangesNothing() throws {
        let data = try blobs(90)
        let step = try step()
        func run(_ state: inout TrainingState, _ callbacks: [Callback], epochs: Int) throws -> History {
            try TrainingSession(loss: .softmaxCrossEntropy, callbacks: callbacks).run(
                &state, on: data, epochs: epochs, batchSize: 32
            ) { try step(&$0, $1, learningRate: $2) }
        }
        var whole = try state()
        #expect(try run(&whole, [], epochs: 2).stopReason == .completed)
        let stop = Callback.onEvent(receivesSteps: true) { event, training in
            if case .stepEnded = event, training.state.step == 4 { training.stop(.interrupted) }
        }
        var parts = try state()
        let history = try run(&parts, [stop], epochs: 2)
        #expect(history.stopReason == .interrupted && history.epochs.count == 1)
        #expect(parts.epoch == 1 && parts.batch == 1)
        #expect(try run(&parts, [], epochs: 1).epochs.map(\.epoch) == [2])
        #expect(parts.numbers == whole.numbers)
    }

    @Test func impossibleRequests() throws {
        let data = try blobs(20)
        var state = try state()
        func problem(_ data: Dataset, epochs: Int = 1, batchSize: Int = 4) -> String {
            message {
                try TrainingSession(loss: .softmaxCrossEntropy).run(
                    &state, on: data, epochs: epochs, batchSize: batchSize
                ) { _, _, _ in nil }
            }
        }
        #expect(problem(data.prefix(0)) == "there is nothing to train on: the data set is empty")
        #expect(
            problem(data, epochs: -1) == "epochs must be at least 0 and batchSize at least 1, received -1 and 4")
        #expect(
            problem(data, batchSize: 0) == "epochs must be at least 0 and batchSize at least 1, received 1 and 0")
    }
}
