import ApusData
import ApusNN
import ApusOptimizers
import ApusTensor
import ApusTestKit
import ApusTraining
import ApusTrainingKit
import Testing

/// What stands in the way of keeping features, word for word.
@Suite struct FeatureCacheErrorTests {
    private func failure(
        _ model: some Model, _ optimizer: Optimizer, target: Objective.Target = .named(""),
        augmentations: [Augmentation] = []
    ) throws -> String {
        try withTemporaryFolder { folder in
            var trainer = Trainer(
                model, loss: target.isInput ? .meanSquaredError : .softmaxCrossEntropy, target: target,
                optimizer: optimizer, seed: 7)
            trainer.featureCache = FeatureCache(folder: folder)
            let data = try FeatureCacheTests.images(20, [6, 6, 1])
            return message { try trainer.fit(data, epochs: 1, batchSize: 10, augmentations: augmentations) }
        }
    }

    private func expect(_ found: String, _ expected: String) { #expect(found == expected) }

    private func freezing(_ patterns: String...) -> Optimizer {
        patterns.reduce(.sgd(learningRate: 0.1)) { $0.freezing($1) }
    }

    private struct Penalized: Layer {
        func output(for x: Tensor, in context: Context) -> Tensor {
            context.addLoss(square(x).mean())
            return x
        }
    }

    @Test func models() throws {
        let graph = ModelGraph([
            "a": .init(from: "input") {
                Flatten(); Dense(4)
            }
        ])
        expect(
            try failure(graph, freezing("a/*")),
            "features can't be cached: the model is no list of layers, but ModelGraph(a); give one, which is cut behind the layers "
                + "that are frozen, or train without cacheFeatures")
        let trained = Sequential {
            Conv2D(filters: 2, kernelSize: 3); Flatten(); Dense(4)
        }
        expect(
            try failure(trained, .sgd(learningRate: 0.1).freezing("2.*")),
            "features can't be cached: the first layers are not frozen: 0.conv2D (Conv2D(filters: 2, kernelSize: 3)) changes its "
                + "kernel; freeze them, as with the pattern \"0.conv2D/*\", or train without cacheFeatures")
        expect(
            try failure(
                Sequential {
                    Dropout(0.5); Flatten(); Dense(4)
                }, .sgd(learningRate: 0.1)),
            "features can't be cached: the first layers are not frozen before 0.dropout (Dropout(0.5)); freeze some that have "
                + "weights, or train without cacheFeatures")
    }

    /// The scale alone is frozen: the statistics go on.
    @Test func movingStatistics() throws {
        let model = Sequential {
            BatchNorm(); Flatten(); Dense(4)
        }
        expect(
            try failure(model, .sgd(learningRate: 0.1).freezing("*/gamma").freezing("*/beta")),
            "features can't be cached: the first layers are not frozen: 0.batchNorm (BatchNorm()) changes its runningMean; freeze "
                + "them, as with the pattern \"0.batchNorm/*\", or train without cacheFeatures")
    }

    @Test func layersInBetween() throws {
        let noisy = Sequential {
            Conv2D(filters: 2, kernelSize: 3); Dropout(0.5); Conv2D(filters: 2, kernelSize: 3); Flatten(); Dense(4)
        }
        expect(
            try failure(noisy, freezing("0.*", "2.*")),
            "features can't be cached: 1.dropout (Dropout(0.5)) draws random numbers in every step, and frozen layers come after it; "
                + "leave it out, or train the layers after it, or train without cacheFeatures")
        let penalized = Sequential {
            Flatten(); Penalized(); Dense(8); Dense(4)
        }
        expect(
            try failure(penalized, freezing("2.*")),
            "features can't be cached: 1.penalized (Penalized()) adds a penalty of its output to the loss, and frozen layers come "
                + "after it; leave the penalty out, or train without cacheFeatures")
    }

    @Test func data() throws {
        let model = Sequential {
            Conv2D(filters: 2, kernelSize: 3); Flatten(); Dense(4)
        }
        expect(
            try failure(model, freezing("0.*"), augmentations: [.flip()]),
            "features can't be cached: the augmentation flip makes other samples in every epoch; leave augmentations out, or train "
                + "without cacheFeatures")
        let coder = Sequential {
            Conv2D(filters: 2, kernelSize: 3, padding: .same); Conv2D(filters: 1, kernelSize: 3, padding: .same)
        }
        expect(
            try failure(coder, .sgd(learningRate: 0.1).freezing("0.*"), target: .input),
            "features can't be cached: the output is compared with the input, in whose place the features stand; compare it with a "
                + "target of the data, or train without cacheFeatures")
    }

    /// A layer that mixes the samples of a batch.
    @Test func neighbours() throws {
        struct Centred: Layer {
            func output(for x: Tensor, in context: Context) -> Tensor { x - x.mean(axes: [0], keepingAxes: true) }
        }
        let model = Sequential {
            Flatten(); Dense(8); Centred(); Dense(4)
        }
        // The cut lies before it.
        try withTemporaryFolder { folder in
            var trainer = Trainer(model, loss: .softmaxCrossEntropy, optimizer: .sgd(learningRate: 0.1).freezing("1.*"))
            trainer.featureCache = FeatureCache(folder: folder)
            var lines: [String] = []
            try trainer.fit(FeatureCacheTests.images(20, [6, 6, 1]), epochs: 1, batchSize: 10) { lines.append($0) }
            #expect(lines.count == 1 && lines[0].hasSuffix("; what trains begins with 2.centred"), "\(lines)")
        }
        let first = Sequential {
            Flatten(); Centred(); Dense(8); Dense(4)
        }
        expect(
            try failure(first, .sgd(learningRate: 0.1).freezing("2.*")),
            "features can't be cached: training on them would differ in the last bits, for what the frozen layers yield for a sample "
                + "depends on those beside it; freeze layers that do not, or train without cacheFeatures")
    }
}
