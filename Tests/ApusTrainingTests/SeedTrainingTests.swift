import ApusData
import ApusGraph
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTestKit
import ApusTraining
import ApusTrainingKit
import Testing

/// Trainings side by side are what each is alone.
@Suite struct SeedTrainingTests {
    /// The greatest difference of a variable or slot, in parts of the greatest number in it.
    private static func difference(_ a: Trainer, _ b: Trainer) throws -> Double {
        let (a, b) = (try #require(a.state).numbers, try #require(b.state).numbers)
        #expect(a.map(\.count) == b.map(\.count))
        return zip(a, b).map { one, other in
            let greatest = Swift.max(other.map(abs).max() ?? 0, 1e-3)
            return Double(zip(one, other).map { abs($0 - $1) }.max() ?? 0) / Double(greatest)
        }.max() ?? 0
    }

    private static func check(
        _ model: some Model, _ optimizer: Optimizer, _ data: [Dataset], schedule: Schedule = .constant, epochs: Int = 2,
        tolerance: Double = 1e-4, precision: NumericPrecision = .float32, _ name: String
    ) throws {
        func trainers() -> [Trainer] {
            data.indices.map {
                Trainer(
                    model, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy, .confusionMatrix],
                    schedule: schedule, precision: precision, seed: UInt64($0 + 3))
            }
        }
        var (together, alone) = (trainers(), trainers())
        let histories = try Trainer.fit(&together, data, epochs: epochs, batchSize: 16)
        for place in data.indices {
            let history = try alone[place].fit(data[place], epochs: epochs, batchSize: 16)
            #expect(try difference(together[place], alone[place]) < tolerance, "\(name), \(place)")
            #expect(histories[place].stopReason == .completed)
            for (one, other) in zip(histories[place].epochs, history.epochs) {
                #expect(
                    abs(one.training.loss - other.training.loss) < 1e-3 * Swift.max(1, other.training.loss), "\(name)")
                #expect(one.training.names == other.training.names)
                #expect(one.step == other.step && one.epoch == other.epoch && one.learningRate == other.learningRate)
                let tables = (
                    one.training.tables["confusionMatrix"] ?? [], other.training.tables["confusionMatrix"] ?? []
                )
                #expect(tables.0.joined().reduce(0, +) == tables.1.joined().reduce(0, +))
            }
            let states = (try #require(together[place].state), try #require(alone[place].state))
            #expect(states.0.step == states.1.step && states.0.epoch == epochs && states.0.seed == UInt64(place + 3))
        }
        #expect(try difference(together[0], together[1]) > 0.01, "\(name): seeds differ")
    }

    private static let optimizers: [(String, Optimizer)] = [
        ("sgd", .sgd(learningRate: 0.1)), ("momentum", .sgd(learningRate: 0.05, momentum: 0.9)),
        ("adam", .adam(learningRate: 0.01)),
        ("adamW", .adamW(learningRate: 0.01).clippingGradients(.globalNorm(0.5)).averagingWeights(decay: 0.9)),
        ("accumulated", .sgd(learningRate: 0.1).accumulatingGradients(3)),
    ]

    @Test(arguments: optimizers.indices) func rules(index: Int) throws {
        let (name, optimizer) = SeedTrainingTests.optimizers[index]
        let data = try blobs(70)
        try SeedTrainingTests.check(Sequential.small, optimizer, [data, data, data], name)
    }

    /// Layers that draw numbers, keep states, look at neighbours; with penalties and constraints.
    @Test func layers() throws {
        let images = Tensor.normal([40, 6, 6, 2], key: RandomKey(seed: 1))
        let labels = (0..<40).map { $0 % 3 }
        let data = try Dataset(
            inputs: images + Tensor(labels.map { Float($0) }, shape: [40, 1, 1, 1]), labels: labels,
            preprocessing: .standardizing(mean: 1, standardDeviation: 2)
        ).weighted((0..<40).map { 1 + Double($0 % 2) })
        let net = Sequential {
            Conv2D(filters: 4, kernelSize: 3, padding: .same, activation: .relu)
            BatchNorm()
            MaxPool2D(2)
            Dropout(0.3)
            Flatten()
            LayerNorm()
            Dense(8, activation: .tanh, kernelRegularizer: .l2(0.01), kernelConstraint: .maxNorm(1))
            Dense(3)
        }
        try SeedTrainingTests.check(
            net, .adam(learningRate: 0.01), [data, data, data], schedule: .cosine(), tolerance: 2e-3, "layers")
    }

    @Test func tokens() throws {
        let numbers = (0..<200).map { (place: Int) -> Int in (place * 7 + place / 5) % 11 }
        let tokens = Tensor(numbers, shape: [40, 5]).cast(to: .int32)
        let data = try Dataset(inputs: tokens, labels: (0..<40).map { $0 % 2 })
        let net = Sequential {
            Embedding(vocabulary: 11, 4); GRU(6); Dense(2)
        }
        try SeedTrainingTests.check(net, .adam(learningRate: 0.01), [data, data], tolerance: 1e-3, "tokens")
    }

    /// Each training has samples of its own, in one memory or in several.
    @Test func ownSamples() throws {
        let all = try blobs(120)
        let parts = try [0, 1, 2].map { part in try all.subset((0..<40).map { $0 * 3 + part }) }
        try SeedTrainingTests.check(Sequential.small, .sgd(learningRate: 0.1), parts, "views")
        let others = try [1, 2, 3].map { try blobs(40, seed: $0) }
        try SeedTrainingTests.check(Sequential.small, .sgd(learningRate: 0.1), others, "memories")
    }

    /// A training among several is the same, bit for bit, whoever is beside it; and goes on where it stopped.
    @Test func companyAndGoingOn() throws {
        let data = try blobs(50)
        func trainers(_ seeds: [UInt64]) -> [Trainer] {
            seeds.map { Trainer(Sequential.lively, loss: .softmaxCrossEntropy, optimizer: .adam(), seed: $0) }
        }
        var (one, three, twice) = (trainers([5, 8]), trainers([4, 5, 6]), trainers([5, 9]))
        var seen: [Int] = []
        try Trainer.fit(&one, data, epochs: 3, batchSize: 8) { seen.append($0[0].state?.epoch ?? -1) }
        try Trainer.fit(&three, data, epochs: 3, batchSize: 8)
        try Trainer.fit(&twice, data, epochs: 1, batchSize: 8)
        try Trainer.fit(&twice, data, epochs: 2, batchSize: 8)
        #expect(seen == [1, 2, 3])
        #expect(one[0].state?.numbers == three[1].state?.numbers)
        #expect(one[0].state?.numbers == twice[0].state?.numbers)
        #expect(one[0].state?.numbers != three[0].state?.numbers)
        // Trained trainers are like others.
        #expect(try three[1].evaluate(data).loss == one[0].evaluate(data).loss)
        #expect(three[1].preprocessing == data.preprocessing)
    }

    @Test func errors() throws {
        let data = try blobs(20)
        func trainer(_ optimizer: Optimizer = .sgd(), seed: UInt64 = 1) -> Trainer {
            Trainer(Sequential.small, loss: .softmaxCrossEntropy, optimizer: optimizer, seed: seed)
        }
        func problem(_ trainers: [Trainer], _ data: [Dataset]) -> String {
            var trainers = trainers
            return message { try Trainer.fit(&trainers, data, epochs: 1, batchSize: 4) }
        }
        #expect(
            problem([trainer(), trainer(.adam())], [data, data])
                == "trainers side by side differ in their seeds alone: give all of them one model, objective, optimizer, schedule, "
                + "precision, memory and device")
        #expect(
            problem([trainer(), trainer()], [data])
                == "each trainer has samples of its own: expected 2 data sets, received 1")
        #expect(
            problem([trainer(), trainer(seed: 2)], [data, data.prefix(19)])
                == "trainings side by side have batches of the same size. Expected 20 samples in each data set; received 19. "
                + "Take as many samples for each.")
        var trained = trainer()
        try trained.fit(data, epochs: 1, batchSize: 4)
        #expect(
            problem([trainer(), trained], [data, data])
                == "trainings side by side have one model, one optimizer and one position; begin all of them anew, or train each by "
                + "itself")
        #expect(
            problem([trainer(.sgd().unfreezingGradually())], [data])
                == "variables can't be unfrozen in trainings side by side; train each by itself")
        #expect(problem([], []) == "no error")
    }
}
