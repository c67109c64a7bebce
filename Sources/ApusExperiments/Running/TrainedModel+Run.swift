public import ApusInference
import ApusTraining

extension TrainedModel {
    /// The model of a run, with the weights of its best epoch, or of the last where no best one was kept, on the device of the run.
    ///
    /// Runs of versions whose folders did not hold the model are opened as well.
    ///
    /// - Throws: `FormatError` if the folder is not that of a run, or its weights are missing or damaged; what reading its experiment
    ///   throws.
    public init(run folder: RunFolder) throws {
        try self.init(
            RunFiles(folder.path), try folder.modelDescription(), device: try folder.experiment().device)
    }
}
