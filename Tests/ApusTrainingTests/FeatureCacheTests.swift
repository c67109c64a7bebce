import ApusData
import ApusGraph
import ApusModels
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTestKit
import ApusTraining
import ApusTrainingKit
import Foundation
import Testing

/// Training on kept outputs of frozen layers gives the bits of training with these layers.
@Suite struct FeatureCacheTests {
    /// Images of random bytes in a few classes, told apart by how bright they are.
    static func images(_ count: Int, _ shape: Shape, classes: Int = 4, seed: UInt64 = 5) throws -> Dataset {
        let labels = (0..<count).map { ($0 * 7) % classes }
        let noise = Tensor.uniform(Shape([count] + shape.dimensions), low: 0, high: 190, key: RandomKey(seed: seed))
        let light = Tensor(labels.map { Float($0 * 15) }, shape: Shape([count] + shape.dimensions.map { _ in 1 }))
        var data = try Dataset(inputs: (noise + light).cast(to: .uint8), labels: labels)
        data.preprocessing = .unitRange
        return data
    }

    /// What a training did: all numbers of its state and of its history.
    struct Outcome: Equatable {
        var numbers: [[UInt32]] = []
        var history: [[UInt64]] = []

        init(_ trainer: Trainer, _ history: History) throws {
            let state = try #require(trainer.state)
            numbers = state.numbers.map { $0.map(\.bitPattern) }
            self.history = history.epochs.map { epoch in
                [epoch.training, epoch.validation].compactMap { $0 }.flatMap { measured in
                    measured.names.map { measured[$0]?.bitPattern ?? 0 }
                }
            }
        }
    }

    private func outcome(
        _ make: () -> Trainer, _ training: Dataset, _ validation: Dataset?, batchSize: Int, epochs: Int = 3,
        cache: FeatureCache?, report: (String) -> Void = { _ in }
    ) throws -> Outcome {
        var trainer = make()
        trainer.featureCache = cache
        let history = try trainer.fit(
            training, validation: validation, epochs: epochs, batchSize: batchSize, report: report)
        return try Outcome(trainer, history)
    }

    /// Trains without a cache, with an empty one, and with one that holds the features; returns what the latter two report.
    @discardableResult
    private func expectSame(
        _ training: Dataset, _ validation: Dataset? = nil, batchSize: Int, _ make: () -> Trainer
    ) throws -> [String] {
        try withTemporaryFolder { folder in
            let cache = FeatureCache(folder: "\(folder)/features")
            let whole = try outcome(make, training, validation, batchSize: batchSize, cache: nil)
            var reports: [String] = []
            for word in ["computed features", "from the cache"] {
                var lines: [String] = []
                let cut = try outcome(make, training, validation, batchSize: batchSize, cache: cache) {
                    lines.append($0)
                }
                #expect(cut == whole)
                #expect(lines.count == 1 && lines[0].contains(word), "\(lines)")
                reports += lines
            }
            return reports
        }
    }

    // MARK: Bits

    @Test func leNetWithFrozenConvolutions() throws {
        let lines = try expectSame(
            Self.images(150, [28, 28, 1]), Self.images(40, [28, 28, 1], seed: 6), batchSize: 32
        ) {
            Trainer(
                Zoo.lenet5.model(classes: 4), loss: .softmaxCrossEntropy,
                optimizer: .adam(learningRate: 0.002).freezing("*.conv2D/*"), metrics: [.accuracy], seed: 7)
        }
        #expect(lines[1] == "features of 190 samples from the cache; what trains begins with 5.dense")
    }

    /// The running values of the normalization are frozen, the head draws random numbers.
    @Test(arguments: [NumericPrecision.float32, .mixedBFloat16])
    func normalizationAndDropout(precision: NumericPrecision) throws {
        let model = Sequential {
            Conv2D(filters: 32, kernelSize: 3, padding: .same, useBias: false)
            BatchNorm(momentum: 0.9)
            ActivationLayer(.relu)
            Conv2D(filters: 48, kernelSize: 3, strides: 2, activation: .relu)
            GlobalAveragePool()
            Dropout(0.4)
            Dense(24, activation: .tanh, kernelRegularizer: .l2(0.01))
            BatchNorm()
            Dropout(0.2)
            Dense(4)
        }
        let optimizer = Optimizer.sgd(learningRate: 0.05, momentum: 0.9).freezing("0.*").freezing("1.*").freezing("3.*")
        try expectSame(Self.images(90, [12, 12, 3]), Self.images(30, [12, 12, 3], seed: 6), batchSize: 16) {
            Trainer(
                model, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy], precision: precision,
                seed: 3)
        }
    }

    /// Blocks of the zoo: depthwise convolutions, residuals, everything that has kernels of its own.
    @Test(arguments: [Zoo.mobilenetV2, .resnet18, .vgg11BN, .densenet121, .squeezenet1_1])
    func networksOfTheZoo(_ network: Zoo) throws {
        let model = network.model(classes: 4)
        let heads = ["classifier/*", "fc/*"]
        let optimizer = Optimizer.adam(learningRate: 0.01)
        let frozen = try model.initialized(input: [32, 32, 3], seed: 1).paths.compactMap { path -> ParameterGroup? in
            heads.contains { path.hasPrefix($0.dropLast()) } ? nil : ParameterGroup(path, isFrozen: true)
        }
        let grouped = Optimizer(optimizer.rule, groups: frozen)
        try expectSame(Self.images(27, [32, 32, 3]), Self.images(11, [32, 32, 3], seed: 6), batchSize: 8) {
            Trainer(model, loss: .softmaxCrossEntropy, optimizer: grouped, metrics: [.accuracy], seed: 2)
        }
    }

    // MARK: The pipeline around

    private static let small = Sequential {
        Conv2D(filters: 8, kernelSize: 3, activation: .relu, kernelRegularizer: .l2(0.01))
        Flatten()
        Dense(12, activation: .relu, kernelConstraint: .maxNorm(1))
        Dropout(0.3)
        Dense(4)
    }

    /// Weights of samples and classes, gathered gradients, averages, skipped steps, penalties of frozen weights.
    @Test func whatElseATrainingHas() throws {
        var data = try Self.images(50, [8, 8, 1])
        data = try data.weighted((0..<50).map { 0.5 + Double($0 % 3) })
        var loss = Loss.softmaxCrossEntropy
        loss.classWeights = [1, 2, 0.5, 1]
        let optimizer = Optimizer.adam(learningRate: 0.01).accumulatingGradients(2).averagingWeights(decay: 0.9)
            .freezing("0.*")
        let lines = try expectSame(data, try Self.images(20, [8, 8, 1], seed: 6), batchSize: 12) {
            Trainer(
                Self.small, loss: loss, optimizer: optimizer, metrics: [.accuracy, Metric(ROCAUC())],
                schedule: .cosine(warmupSteps: 3), memory: .saving, seed: 7)
        }
        #expect(lines[1] == "features of 70 samples from the cache; what trains begins with 2.dense")
    }

    /// A part of the data set in an order of its own; samples that are in it twice.
    @Test func viewsOfSamples() throws {
        let all = try Self.images(60, [8, 8, 1])
        let view = try all.shuffled(seed: 4).subset([7, 3, 50, 3, 11, 12, 13, 14, 15, 16, 40, 41, 42])
        try expectSame(view, all.prefix(9), batchSize: 5) {
            Trainer(Self.small, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1).freezing("0.*"), seed: 7)
        }
    }

    /// The place to cut may lie inside a layer that holds others; shared weights may stand on both sides of it.
    @Test func cutsInside() throws {
        let shared = Dense(6, activation: .tanh).shared("twice")
        let model = Sequential {
            Sequential {
                Conv2D(filters: 4, kernelSize: 3, activation: .relu).named("0")
                Flatten().named("1")
                Dense(6).named("2")
                shared
                Dense(6, activation: .relu).named("3")
            }.named("features")
            shared
            Dense(4).named("head")
        }
        let optimizer = Optimizer.sgd(learningRate: 0.1, momentum: 0.9).freezing("features/0/*").freezing(
            "features/2/*"
        )
        .freezing("twice/*")
        let lines = try expectSame(Self.images(22, [8, 8, 1]), batchSize: 8) {
            Trainer(model, loss: .softmaxCrossEntropy, optimizer: optimizer, seed: 7)
        }
        #expect(lines[1] == "features of 22 samples from the cache; what trains begins with features/3")
    }

    /// Fewer samples than a batch has.
    @Test func oneSmallBatch() throws {
        try expectSame(Self.images(7, [8, 8, 1]), batchSize: 32) {
            Trainer(Self.small, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1).freezing("0.*"), seed: 7)
        }
    }

    /// Nothing is left to train.
    @Test func everythingFrozen() throws {
        let lines = try expectSame(Self.images(14, [8, 8, 1]), Self.images(5, [8, 8, 1]), batchSize: 4) {
            Trainer(
                Sequential {
                    Flatten(); Dense(4)
                }, loss: .softmaxCrossEntropy,
                optimizer: .sgd(learningRate: 0.1).freezing("*"), seed: 7)
        }
        #expect(lines[1] == "features of 19 samples from the cache")
    }

    /// Whatever computed the steps before: a checkpoint goes on with and without a cache.
    @Test(arguments: [(false, true), (true, false), (true, true)]) func resumed(before: Bool, after: Bool) throws {
        struct Killed: Error {}
        try withTemporaryFolder { folder in
            let data = try Self.images(40, [8, 8, 1])
            func trainer(_ cached: Bool, seed: UInt64 = 7) -> Trainer {
                var trainer = Trainer(
                    Self.small, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01).freezing("0.*"),
                    metrics: [.accuracy], seed: seed)
                if cached { trainer.featureCache = FeatureCache(folder: "\(folder)/features") }
                return trainer
            }
            func fit(_ trainer: inout Trainer, resumes: Bool = false, _ others: [Callback] = []) throws -> Outcome {
                let history = try trainer.fit(
                    data, validation: data.prefix(10), epochs: 3, batchSize: 12,
                    callbacks: others.isEmpty && !resumes ? [] : [.checkpoint(everySeconds: 0, everySteps: 1)] + others,
                    folder: folder, resuming: resumes ? "\(folder)/checkpoints" : nil)
                return try Outcome(trainer, history)
            }
            var undisturbed = trainer(false)
            let whole = try fit(&undisturbed)
            var first = trainer(before)
            let kill = Callback.onEvent(receivesSteps: true) { event, control in
                if case .stepEnded = event, control.state.step == 6 { throw Killed() }
            }
            #expect(throws: Killed.self) { try fit(&first, [kill]) }
            // Its start weights are others; those of the checkpoint count.
            var second = trainer(after)
            second.load(try Self.small.initialized(input: [8, 8, 1], seed: 99))
            #expect(try fit(&second, resumes: true) == whole)
        }
    }

    /// Callbacks that put other weights in place.
    @Test func frozenWeightsThatChange() throws {
        try withTemporaryFolder { folder in
            var trainer = Trainer(
                Self.small, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1).freezing("0.*"), seed: 7)
            trainer.featureCache = FeatureCache(folder: folder)
            let other = try TrainingState(
                Self.small, optimizer: trainer.optimizer, input: [8, 8, 1], seed: 8)
            let replacing = Callback.onEvent { event, training in
                if case .epochEnded = event { training.replaceState(other) }
            }
            #expect(
                message {
                    try trainer.fit(try Self.images(20, [8, 8, 1]), epochs: 2, batchSize: 10, callbacks: [replacing])
                }
                    == "frozen weights have changed while training, as by a callback that puts others in their place: features that were "
                    + "computed with the former ones do not hold any more; train without cacheFeatures")
        }
    }
}
