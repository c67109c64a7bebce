import ApusInference
import ApusNN
public import ApusTraining

/// A run that has weights: its experiment, and a trainer that measures and predicts with them.
///
/// ```swift
/// let run = try FinishedRun(RunFolder(existing: "runs/lenet5-1"))
/// let logits = try run.trainer.predict(Tensor.zeros([1, 28, 28, 1]))
/// try run.trainer.trained().write(to: "lenet5.safetensors")
/// ```
public struct FinishedRun: Sendable {
    /// Where the run is.
    public let folder: RunFolder
    /// What the run did, as its `experiment.yaml` says.
    public let experiment: Experiment
    /// With the weights of the best epoch, or of the last where no best one was kept, and the preprocessing of the run.
    public let trainer: Trainer

    /// The run in a folder, with the weights that it keeps.
    ///
    /// - Throws: `TrainingError` if the folder is not that of a run; `FormatError` if its weights are missing or damaged.
    public init(_ folder: RunFolder) throws { try self.init(folder, weights: folder.weights) }

    init(_ folder: RunFolder, weights: String) throws {
        self.folder = folder
        experiment = try folder.experiment()
        let details = try folder.modelDescription()
        guard let model = details.model else {
            throw TrainingError(
                "\(folder.path) does not hold its model, for files do not know its kind; register it before the run begins",
                kind: .missing)
        }
        var trainer = experiment.trainer(of: model)
        var variables = try model.initialized(inputs: details.signature, seed: experiment.seed)
        try variables.load(weights, usesAverages: true)
        trainer.load(variables)
        trainer.preprocessing = details.preprocessing
        self.trainer = trainer
    }
}
