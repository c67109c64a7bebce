package import ApusData
import ApusGraph
import ApusNN
import ApusOptimizers
import ApusTensor

/// A training whose features are to be kept.
struct FeatureRequest {
    let trainer: Trainer
    /// With which training begins or goes on.
    let state: TrainingState
    let training: Dataset
    /// Scaled as the model is trained.
    let validation: Dataset?
    let batchSize: Int
    let validationBatchSize: Int
    /// A step of the whole model.
    let step: TrainingStep
    /// A measurement of the whole model.
    let inference: InferenceStep

    /// Which variables keep their values from the first step to the last.
    var isFrozen: @Sendable (String) -> Bool { trainer.isFrozenThroughout }

    /// - Parameter remedy: What to do if features are to be kept.
    static func error(_ reason: String, remedy: String) -> TrainingError {
        TrainingError("features can't be cached: \(reason); \(remedy), or train without cacheFeatures")
    }
}

extension Trainer {
    /// Which variables keep their values from the first step to the last.
    fileprivate var isFrozenThroughout: @Sendable (String) -> Bool {
        let optimizer = optimizer
        return { optimizer.freezesThroughout($0) }
    }

    /// Finds before the training what stands in the way of keeping features, where they are to be kept.
    package func checkFeatures(_ training: Dataset, augmentations: [Augmentation]) throws {
        if featureCache != nil { _ = try constantLayers(training, augmentations) }
    }

    /// The model as a list of layers, and where those end that yield the same in every step.
    ///
    /// - Throws: `TrainingError` that says what stands in the way.
    func constantLayers(
        _ training: Dataset, _ augmentations: [Augmentation]
    ) throws -> (model: Sequential, layers: ConstantLayers) {
        guard let layers = model as? Sequential else {
            throw FeatureRequest.error(
                "the model is no list of layers, but \(model.label)",
                remedy: "give one, which is cut behind the layers that are frozen")
        }
        if let change = augmentations.first {
            throw FeatureRequest.error(
                "the augmentation \(change.name) makes other samples in every epoch", remedy: "leave augmentations out")
        }
        guard !objective.terms.contains(where: \.target.isInput) else {
            throw FeatureRequest.error(
                "the output is compared with the input, in whose place the features stand",
                remedy: "compare it with a target of the data")
        }
        let constant = ConstantLayers(of: layers, inputs: training.signature, isFrozen: isFrozenThroughout)
        guard let end = constant.end, constant.isCutShort || constant.places.isEmpty else { return (layers, constant) }
        let name = "\(end.path) (\(end.label))"
        switch end.reason {
        case .draws where constant.isCutShort:
            throw FeatureRequest.error(
                "\(name) draws random numbers in every step, and frozen layers come after it",
                remedy: "leave it out, or train the layers after it")
        case .penalizes where constant.isCutShort:
            throw FeatureRequest.error(
                "\(name) adds a penalty of its output to the loss, and frozen layers come after it",
                remedy: "leave the penalty out")
        case .changes(let variable):
            throw FeatureRequest.error(
                "the first layers are not frozen: \(name) changes its \(Self.parts(variable).name)",
                remedy: "freeze them, as with the pattern \"\(Self.parts(variable).layer)/*\"")
        case .draws, .penalizes:
            throw FeatureRequest.error(
                "the first layers are not frozen before \(name)", remedy: "freeze some that have weights")
        }
    }

    /// The path of a variable's layer, and its name there.
    private static func parts(_ variable: String) -> (layer: String, name: String) {
        let words = variable.split(separator: "/")
        return (words.dropLast().joined(separator: "/"), String(words.last ?? ""))
    }
}
