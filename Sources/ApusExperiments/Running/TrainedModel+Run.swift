public import ApusInference
import ApusTraining

extension TrainedModel {
    /// The model of a run, with the weights of its best epoch, or of the last where no best one was kept.
    ///
    /// - Throws: `TrainingError` if the folder is not that of a run; `FormatError` if its weights are missing or damaged.
    public init(run folder: RunFolder) throws {
        let trainer = try FinishedRun(folder).trainer
        let inputs = try folder.inputs()
        self = try trainer.trained(
            input: inputs.sampleShape, preprocessing: inputs.preprocessing, classNames: inputs.classNames)
    }
}
