public import ApusInference
import ApusTraining

extension TrainedModel {
    /// The model of a run, with the weights of its best epoch, or of the last where no best one was kept, on the device of the run.
    ///
    /// Runs of versions whose folders did not hold the model are opened as well.
    ///
    /// - Throws: `TrainingError` if the folder is not that of a run; `FormatError` if its weights are missing or damaged.
    public init(run folder: RunFolder) throws {
        let run = try FinishedRun(folder)
        self = run.trainer.trained(run.details)
    }
}
