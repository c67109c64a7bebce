public import ApusData
import ApusNN
import ApusTraining

extension Experiment {
    /// Runs model, loss and metrics on two samples of the data, loads the weights to start from, and checks callbacks: what does not fit together is found without training.
    ///
    /// - Returns: The data, which may have notes.
    /// - Throws: What reading the data and building the model throw.
    @discardableResult
    public func tryOut() throws -> LoadedData {
        let data = try loadedData()
        try checkCallbacks(data)
        let samples = data.training.prefix(2)
        let model = try network(for: samples)
        var trainer = trainer(of: model)
        try trainer.checked(model, data.training, batchSize: batchSize)
        try trainer.checkFeatures(data.training, augmentations: data.augmentations)
        try trainer.prepare(inputs: samples.signature)
        try initialization?.load(into: &trainer)
        _ = try trainer.evaluate(samples)
        return data
    }
}
