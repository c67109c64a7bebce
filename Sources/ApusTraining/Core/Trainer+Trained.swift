public import ApusData
public import ApusGraph
public import ApusInference
import ApusNN

extension Trainer {
    /// The model with its weights as they are now, for use without the trainer.
    ///
    /// Samples are scaled by the trainer's `preprocessing`.
    ///
    /// - Parameter classNames: Of the first output, in the order of labels; without them, those of the data that `fit` was given.
    /// - Throws: `TrainingError` if `fit` has not been called.
    public func trained(classNames: [String]? = nil) throws -> TrainedModel {
        guard let samples else {
            throw TrainingError(
                "the trainer has seen no data, so it does not know how samples are scaled; call fit, or give trained "
                    + "input, preprocessing and classNames")
        }
        return try trained(samples, preprocessing ?? .identity, classNames)
    }

    /// The model with its weights as they are now, for use without the trainer.
    ///
    /// - Parameters:
    ///   - input: The shape of one sample.
    ///   - preprocessing: How samples are scaled before the model sees them.
    ///   - classNames: In the order of labels; empty where numbers are predicted.
    /// - Throws: `TrainingError` if there are no weights yet; `GraphError` if the model does not fit the samples.
    public func trained(
        input: Shape, preprocessing: Preprocessing, classNames: [String]
    ) throws -> TrainedModel {
        try trained(
            TrainedSamples(inputs: [ModelDescription.Input("", input, .float32)], classNames: [:]), preprocessing,
            classNames)
    }

    private func trained(
        _ samples: TrainedSamples, _ preprocessing: Preprocessing, _ classNames: [String]?
    ) throws -> TrainedModel {
        guard let state else { throw TrainingError("the model has no weights yet; call fit or load first") }
        return TrainedModel(
            model, try details(samples, preprocessing, classNames), variables: state.evaluatedVariables, device: device)
    }

    /// What the model takes and what its outputs mean, for samples like those of a data set.
    package func modelDescription(for dataset: Dataset) throws -> ModelDescription {
        try details(TrainedSamples(dataset), dataset.preprocessing, nil)
    }

    private func details(
        _ samples: TrainedSamples, _ preprocessing: Preprocessing, _ classNames: [String]?
    ) throws -> ModelDescription {
        var details = ModelDescription(
            model, inputs: samples.inputs, outputs: [], preprocessing: preprocessing, precision: precision)
        let outputs = try model.traced(details.signature, batch: 1, mode: .inference).outputs
        details.outputs = outputs.enumerated().map { place, output in
            let term = objective.terms.first { $0.output == output.name || $0.output.isEmpty && place == 0 }
            let names = place == 0 ? classNames ?? samples.classNames(of: term) : samples.classNames(of: term)
            let meaning = term?.loss.meaning(of: output.tensor.shape, hasClasses: !names.isEmpty)
            return ModelDescription.Output(output.name, classNames: names, meaning: meaning ?? .numbers)
        }
        return details
    }
}

/// What a trainer remembers of the samples that it was given.
struct TrainedSamples: Sendable {
    let inputs: [ModelDescription.Input]
    /// The targets in order; that of plain data has an empty name.
    let targetNames: [String]
    /// By the names of targets.
    let classNames: [String: [String]]

    init(inputs: [ModelDescription.Input], classNames: [String: [String]]) {
        self.inputs = inputs
        self.targetNames = classNames.keys.sorted()
        self.classNames = classNames
    }

    init(_ dataset: Dataset) {
        inputs = dataset.inputNames.map { name in
            let (type, features) = (dataset.inputType(of: name), dataset.features(of: name))
            return ModelDescription.Input(
                name, type.shape, type.elementType,
                features: features.isEmpty
                    ? nil : features.map { ModelDescription.Feature(name: $0.name, mean: $0.mean) })
        }
        targetNames = dataset.targetNames
        classNames = Dictionary(uniqueKeysWithValues: dataset.targetNames.map { ($0, dataset.classNames(of: $0)) })
    }

    /// The classes of what an output is compared with.
    func classNames(of term: Objective.Term?) -> [String] {
        guard let target = term?.target, !target.isInput else { return [] }
        return classNames[target.name(among: targetNames)] ?? []
    }
}
