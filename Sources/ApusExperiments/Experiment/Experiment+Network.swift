public import ApusData
public import ApusNN
package import ApusTraining

extension Experiment {
    /// The number of outputs that the targets ask for: one a class, one for a yes-or-no answer, or one a number.
    func outputCount(for data: Dataset) -> Int {
        guard data.isClassification else { return max(1, data.targetType.shape.count) }
        if case .yesOrNo = loss.meaning(of: [1, 1], hasClasses: true) { return 1 }
        return max(1, data.classCount)
    }

    /// The network that the experiment trains; one of the zoo has as many outputs as the data ask for, and the form for their size.
    ///
    /// - Throws: `TrainingError` with a suggestion if the zoo has no such name, or if a network for texts gets no tokens.
    public func network(for data: Dataset) throws -> any Model {
        if let network = model.textNetwork, data.vocabularySize == nil {
            throw TrainingError(
                "\(network.name) reads tokens of texts, but a sample of the data is \(data.elementType)\(data.sampleShape); "
                    + "give data: {source: {\(network.isLanguageModel ? "corpus" : "text"): …}}", kind: .malformed)
        }
        return try model.model(
            outputs: outputCount(for: data), input: data.sampleShape, vocabulary: data.vocabularySize ?? 0,
            padding: data.padding)
    }

    /// A trainer of a network with the experiment's settings.
    package func trainer(of model: any Model) -> Trainer {
        var trainer = Trainer(
            model, objective: objective, optimizer: optimizer, schedule: schedule, precision: precision, memory: memory,
            device: device, seed: seed)
        if cacheFeatures { trainer.featureCache = FeatureCache() }
        return trainer
    }
}
