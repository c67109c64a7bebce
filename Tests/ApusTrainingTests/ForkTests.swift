import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import ApusTrainingKit
import Testing

/// Trainings that go on from another one.
@Suite struct ForkTests {
    private static func trained(
        _ net: Sequential = .lively, _ optimizer: Optimizer = .adam(learningRate: 0.01), seed: UInt64 = 1,
        epochs: Int = 3, schedule: Schedule = .cosine()
    ) throws -> Trainer {
        var trainer = Trainer(
            net, loss: .softmaxCrossEntropy, optimizer: optimizer, schedule: schedule, seed: seed)
        let data = try blobs(80)
        try trainer.prepare(inputs: data.signature)
        try trainer.fit(data, epochs: epochs, batchSize: 16) { event, training in
            if case .epochEnded(let record) = event, record.epoch == 3 { training.stop(.completed) }
        }
        return trainer
    }

    /// With the same settings a fork is the training itself, bit for bit; with another seed it is not.
    @Test func aForkThatChangesNothing() throws {
        let data = try blobs(80)
        // Of six epochs three are done.
        var original = try Self.trained(epochs: 6)
        let half = try #require(original.state)
        #expect(half.epoch == 3 && half.step == 15)
        try original.fit(data, epochs: 3, batchSize: 16)
        for (seed, isSame) in [(UInt64(1), true), (2, false)] {
            var fork = Trainer(
                Sequential.lively, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01),
                schedule: .cosine(), seed: seed)
            #expect(try fork.fork(half, on: data).isWhole)
            #expect(try #require(fork.state).numbers == half.numbers)
            try fork.fit(data, epochs: 3, batchSize: 16)
            let (a, b) = (try #require(fork.state), try #require(original.state))
            #expect(a.step == b.step && a.epoch == b.epoch)
            #expect((a.numbers == b.numbers) == isSame)
        }
        // The training that was forked from stays where it was.
        #expect(half.epoch == 3)
    }

    /// What another optimizer or network lacks begins anew, and is named.
    @Test func whatDoesNotFit() throws {
        let data = try blobs(80)
        let half = try #require(try Self.trained(.small).state)
        var momentum = Trainer(
            Sequential.small, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1, momentum: 0.9), seed: 2)
        let fork = try momentum.fork(half, on: data)
        #expect(fork.begun.sorted() == half.variables.paths.map { "\($0)/momentum" }.sorted())
        #expect(fork.left.sorted() == half.slots.map(\.path).sorted() && !fork.isWhole)
        let taken = try #require(momentum.state).variables
        #expect(taken.paths.allSatisfy { taken[$0]!.scalars == half.variables[$0]!.scalars })
        #expect(try #require(momentum.state).slots.allSatisfy { $0.value.scalars.allSatisfy { $0 == 0 } })

        let wider = Sequential {
            Dense(16, activation: .relu); Dense(5)
        }
        var other = Trainer(wider, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01), seed: 2)
        let begun = try other.fork(half, on: data).begun
        #expect(begun.allSatisfy { $0.hasPrefix("1.dense/") } && begun.count == 6)
        let kernel = try #require(other.state).variables["0.dense/kernel"]!
        #expect(kernel.scalars == half.variables["0.dense/kernel"]!.scalars)
    }

    /// Averages are taken over; where there were none they begin with the weights.
    @Test func averages() throws {
        let data = try blobs(80)
        let averaging = Optimizer.sgd(learningRate: 0.1).averagingWeights(decay: 0.9)
        let half = try #require(try Self.trained(.small, averaging).state)
        var same = Trainer(Sequential.small, loss: .softmaxCrossEntropy, optimizer: averaging, seed: 2)
        #expect(try same.fork(half, on: data).isWhole)
        let (path, averaged) = ("0.dense/kernel", try #require(same.state).evaluatedVariables)
        #expect(averaged[path]!.scalars == half.evaluatedVariables[path]!.scalars)
        #expect(averaged[path]!.scalars != half.variables[path]!.scalars)
        let plain = try #require(try Self.trained(.small, .sgd(learningRate: 0.1)).state)
        var begun = Trainer(Sequential.small, loss: .softmaxCrossEntropy, optimizer: averaging, seed: 2)
        #expect(try begun.fork(plain, on: data).begun.count == 4)
        #expect(try #require(begun.state).evaluatedVariables[path]!.scalars == plain.variables[path]!.scalars)
    }

    /// What the plan has unfrozen by then is trained from the first step.
    @Test func unfreezing() throws {
        let data = try blobs(80)
        let half = try #require(try Self.trained(.small).state)
        let gradual = Optimizer.sgd(learningRate: 0.1, momentum: 0.9).unfreezing("0.*", epoch: 3)
        var fork = Trainer(Sequential.small, loss: .softmaxCrossEntropy, optimizer: gradual, seed: 2)
        try fork.fork(half, on: data)
        #expect(try #require(fork.state).slots.count == 4)
        try fork.fit(data, epochs: 1, batchSize: 16)
        let kernel = try #require(fork.state).variables["0.dense/kernel"]!
        #expect(kernel.scalars != half.variables["0.dense/kernel"]!.scalars)
    }
}
