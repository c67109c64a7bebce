public import ApusData
public import ApusGraph
public import ApusInference
import ApusNN

extension Trainer {
    /// The model with its weights as they are now, for use without the trainer.
    ///
    /// Samples are scaled by the trainer's `preprocessing`.
    ///
    /// - Parameter classNames: In the order of labels; without them, those of the data that `fit` was given.
    /// - Throws: `TrainingError` if `fit` has not been called.
    public func trained(classNames: [String]? = nil) throws -> TrainedModel {
        guard let samples else {
            throw TrainingError(
                "the trainer has seen no data, so it does not know how samples are scaled; call fit, or give trained "
                    + "input, preprocessing and classNames")
        }
        return try trained(
            inputs: samples.inputs, preprocessing: preprocessing ?? .identity,
            classNames: classNames ?? samples.classNames)
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
        try trained(inputs: Signature(input), preprocessing: preprocessing, classNames: classNames)
    }

    private func trained(
        inputs: Signature, preprocessing: Preprocessing, classNames: [String]
    ) throws -> TrainedModel {
        guard let state else { throw TrainingError("the model has no weights yet; call fit or load first") }
        let output = try model.traced(inputs, batch: 1, mode: .inference).output.shape
        return TrainedModel(
            model, variables: state.evaluatedVariables, inputs: inputs, preprocessing: preprocessing,
            classNames: classNames, meaning: loss.meaning(of: output, hasClasses: !classNames.isEmpty),
            precision: precision, device: device)
    }
}

/// What a trainer remembers of the samples that it was given.
struct TrainedSamples: Sendable {
    let inputs: Signature
    let classNames: [String]

    init(_ dataset: Dataset) {
        inputs = dataset.signature
        classNames = dataset.classNames
    }
}
