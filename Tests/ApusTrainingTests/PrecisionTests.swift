import ApusData
import ApusModels
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTraining
import ApusTrainingKit
import Testing

/// Mixed precision, saved memory, and predictions between steps of training.
@Suite struct PrecisionTests {
    /// A small residual network with every kind of kernel: Winograd, strides, 1 × 1, normalization.
    private static let network = Sequential {
        Conv2D(filters: 32, kernelSize: 3, padding: .same, useBias: false)
        BatchNorm(momentum: 0.9)
        ActivationLayer(.relu)
        Residual {
            Conv2D(filters: 32, kernelSize: 3, padding: .same, activation: .relu)
            Conv2D(filters: 32, kernelSize: 3, padding: .same)
            BatchNorm(momentum: 0.9)
        }
        MaxPool2D(2)
        Conv2D(filters: 48, kernelSize: 3, strides: 2, padding: .same)
        BatchNorm(momentum: 0.9)
        ActivationLayer(.relu)
        GlobalAveragePool()
        Dense(4)
    }

    /// Noisy images whose class is the quadrant that is brighter.
    private func images(_ count: Int) throws -> Dataset {
        let labels = (0..<count).map { $0 % 4 }
        var pixels = Tensor.normal([count, 16, 16, 3], standardDeviation: 0.5, key: RandomKey(seed: 3)).scalars
        for (sample, label) in labels.enumerated() {
            for row in 0..<8 {
                for column in 0..<8 {
                    let at = ((sample * 16 + row + label / 2 * 8) * 16 + column + label % 2 * 8) * 3
                    for channel in 0..<3 { pixels[at + channel] += 1 }
                }
            }
        }
        return try Dataset(inputs: Tensor(pixels, shape: [count, 16, 16, 3]), labels: labels)
    }

    private func trainer(_ precision: NumericPrecision = .float32, memory: MemoryUse = .standard) -> Trainer {
        Trainer(
            PrecisionTests.network, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.003),
            metrics: [.accuracy], precision: precision, memory: memory, seed: 5)
    }

    @Test(arguments: NumericPrecision.allCases) func learns(precision: NumericPrecision) throws {
        var trainer = trainer(precision)
        let history = try trainer.fit(try images(256), epochs: 4, batchSize: 32)
        #expect(try #require(history.epochs.last?.training[.accuracy]) > 0.95)
        #expect(try #require(trainer.evaluate(try images(64))[.accuracy]) > 0.9)
        #expect(try trainer.predict(.zeros([3, 16, 16, 3])).elementType == .float32)
        for path in trainer.state!.variables.paths {
            #expect(trainer.state!.variables[path]!.elementType == .float32)
        }
    }

    private func length(_ numbers: [Double]) -> Double { numbers.map { $0 * $0 }.reduce(0, +).squareRoot() }

    /// The first gradients agree as far as eight bits allow.
    @Test func gradientsAreThoseOfFloat32() throws {
        let batch = try images(32).whole
        func trained(_ precision: NumericPrecision) throws -> TrainingState {
            let optimizer = Optimizer.sgd(learningRate: 1)
            let step = try TrainingStep(
                PrecisionTests.network, loss: .softmaxCrossEntropy, optimizer: optimizer, precision: precision)
            var state = try TrainingState(PrecisionTests.network, optimizer: optimizer, input: [16, 16, 3], seed: 2)
            try step(&state, batch)
            return state
        }
        let start = try TrainingState(
            PrecisionTests.network, optimizer: .sgd(learningRate: 1), input: [16, 16, 3], seed: 2)
        let wide = try trained(.float32)
        let mixed = try trained(.mixedBFloat16)
        for path in start.variables.paths where path.hasSuffix("kernel") || path.hasSuffix("gamma") {
            let from = start.variables[path]!.scalars(as: Double.self)
            let a = zip(wide.variables[path]!.scalars(as: Double.self), from).map { $0 - $1 }
            let b = zip(mixed.variables[path]!.scalars(as: Double.self), from).map { $0 - $1 }
            let distance = length(zip(a, b).map { $0 - $1 }), size = length(a)
            #expect(distance < 0.2 * size, "\(path): \(distance / size)")
            #expect(distance > 0)
        }
    }

    @Test(arguments: NumericPrecision.allCases) func savingMemoryChangesNoBit(precision: NumericPrecision) throws {
        let data = try images(64)
        func trained(_ memory: MemoryUse) throws -> [[Float]] {
            var trainer = trainer(precision, memory: memory)
            try trainer.fit(data, epochs: 2, batchSize: 32)
            return trainer.state!.numbers
        }
        #expect(try trained(.standard) == trained(.saving))
        // Memory is what it saves, with as many images as outweigh what kernels need besides.
        let batch = try images(256).whole
        func arena(_ memory: MemoryUse) throws -> Int {
            let optimizer = Optimizer.adam(learningRate: 0.003)
            let step = try TrainingStep(
                PrecisionTests.network, loss: .softmaxCrossEntropy, optimizer: optimizer, precision: precision,
                memory: memory)
            let state = try TrainingState(PrecisionTests.network, optimizer: optimizer, input: [16, 16, 3], seed: 5)
            return try step.report(for: state, batch).arenaByteCount
        }
        let (saving, standard) = (try arena(.saving), try arena(.standard))
        #expect(saving < standard, "\(saving), \(standard)")
    }

    /// What a prediction has prepared from the weights is prepared again after they changed, in place or by loading.
    @Test func predictionsFollowTheWeights() throws {
        let data = try images(64)
        let samples = try images(8).whole.inputs.only
        var trainer = trainer()
        try trainer.fit(data, epochs: 1, batchSize: 32)
        func expectCurrent() throws {
            var fresh = self.trainer()
            fresh.load(trainer.state!.variables)
            #expect(try trainer.predict(samples).scalars == fresh.predict(samples).scalars)
        }
        try expectCurrent()
        let before = try trainer.predict(samples).scalars
        try trainer.fit(data, epochs: 1, batchSize: 32)
        try expectCurrent()
        #expect(try trainer.predict(samples).scalars != before)
        trainer.load(try PrecisionTests.network.initialized(input: [16, 16, 3], seed: 9))
        try expectCurrent()
    }
}
