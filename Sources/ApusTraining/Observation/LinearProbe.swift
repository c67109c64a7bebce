public import ApusData
import ApusNN
public import ApusOptimizers

/// How well a linear classifier reads the classes from what a layer yields (Alain & Bengio, 2016).
///
/// A probe is one dense layer on standardized features, trained by softmax cross-entropy. What it gets right of samples that neither it nor
/// the model has seen says how far the layer has separated the classes; nothing flows back to the model.
///
/// ```swift
/// let (training, test) = try Dataset.spirals(count: 300, noise: 0.02, classes: 3, seed: 1).split(validation: 0.3, seed: 7)
/// let net = Sequential { Dense(32, activation: .relu); Dense(32, activation: .relu); Dense(3) }
/// var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01))
/// try trainer.fit(training, epochs: 5, batchSize: 50)
/// let raw = try LinearProbe(training, epochs: 5)          // of the samples themselves
/// print(try raw.accuracy(on: test))
/// for layer in ["0.dense", "1.dense"] {
///     let probe = try LinearProbe(trainer, at: layer, training, epochs: 5)
///     print(layer, try probe.accuracy(on: test))
/// }
/// ```
public struct LinearProbe: Sendable {
    /// The path of the layer; `nil` for a probe of the samples themselves.
    public let layer: String?
    /// The epochs that the probe was trained for, with their losses.
    public let history: History
    private let probed: Trainer?
    private let classifier: Trainer

    /// A probe of samples themselves, such as features that were computed before, or raw pixels.
    ///
    /// - Parameters:
    ///   - samples: What it learns from, with one label a sample; of any shape, which is flattened.
    ///   - epochs: How many epochs it is trained for.
    ///   - batchSize: How many samples a step takes.
    ///   - optimizer: What changes its weights.
    ///   - seed: The seed of its start values and of the order of samples.
    /// - Throws: `TrainingError` for samples without one label each, and what training throws.
    public init(
        _ samples: Dataset, epochs: Int = 15, batchSize: Int = 100, optimizer: Optimizer = .adam(learningRate: 0.001),
        seed: UInt64 = 0
    ) throws {
        try self.init(samples, nil, nil, epochs, batchSize, optimizer, seed)
    }

    /// A probe of what a layer of a trained model yields.
    ///
    /// - Parameters:
    ///   - trainer: The model with its weights, which stay as they are.
    ///   - layer: The path of the layer, as in `Trainer.features(of:at:)`.
    ///   - samples: What the probe learns from, as the model takes them.
    ///   - epochs: How many epochs it is trained for.
    ///   - batchSize: How many samples a step takes.
    ///   - optimizer: What changes its weights.
    ///   - seed: The seed of its start values and of the order of samples.
    /// - Throws: `TrainingError` for samples without one label each, what `features(of:at:)` throws, and what training throws.
    public init(
        _ trainer: Trainer, at layer: String, _ samples: Dataset, epochs: Int = 15, batchSize: Int = 100,
        optimizer: Optimizer = .adam(learningRate: 0.001), seed: UInt64 = 0
    ) throws {
        try self.init(
            trainer.features(of: samples, at: layer), trainer, layer, epochs, batchSize, optimizer, seed)
    }

    private init(
        _ features: Dataset, _ probed: Trainer?, _ layer: String?, _ epochs: Int, _ batchSize: Int,
        _ optimizer: Optimizer, _ seed: UInt64
    ) throws {
        guard features.isClassification, features.targetType.shape.rank == 0 else {
            throw TrainingError(
                "a linear probe reads classes: it needs one label a sample, but the targets are \(features.targetType)")
        }
        var features = features
        features.preprocessing = try Scaling.standardize().fitted(to: features)
        let classes = features.classCount
        var classifier = Trainer(
            Sequential {
                Flatten(); Dense(classes)
            }, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy], seed: seed)
        history = try classifier.fit(features, epochs: epochs, batchSize: batchSize)
        (self.classifier, self.probed, self.layer) = (classifier, probed, layer)
    }

    /// The share of samples whose class the probe reads.
    ///
    /// - Parameter samples: As those that it learned from: as the model takes them where it is a probe of a layer.
    /// - Throws: `TrainingError` if there are none; what `Trainer.features(of:at:)` throws.
    public func accuracy(on samples: Dataset) throws -> Double {
        guard let probed, let layer else { return try classifier.evaluate(samples)[.accuracy] ?? .nan }
        return try classifier.evaluate(probed.features(of: samples, at: layer))[.accuracy] ?? .nan
    }
}
