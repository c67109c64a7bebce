import ApusDoctor
public import ApusExperiments
import ApusNN
import ApusTraining

extension ExperimentRun {
    /// Writes pictures and `report.html` into the folder.
    ///
    /// - Parameter damaged: Is told which files of the run are damaged.
    /// - Throws: `TrainingError` if the run has not begun; `FormatError` if the disk refuses.
    public func writeReport(report damaged: (String) -> Void = { _ in }) throws {
        guard let folder else { throw TrainingError("the run has not begun: there is nothing to report") }
        var report = RunReport(experiment)
        report.record = record
        report.summary = summary
        report.describe(data)
        report.history = try folder.history(report: damaged)
        report.snapshots = folder.snapshots(report: damaged)
        report.diagnosis = folder.diagnosis
        report.watched = folder.watched
        // After an interrupt nobody wants to wait.
        let isComplete = record.state == .completed
        try report.look(
            at: isComplete ? try kept(folder) : trainer, training: data.training, test: isComplete ? data.test : nil,
            measured: record.test)
        try report.write(to: folder)
    }
}

extension FinishedRun {
    /// Writes pictures and `report.html` into the folder anew, with the weights that are kept.
    ///
    /// - Parameter damaged: Is told which files of the run are damaged.
    /// - Throws: What reading the data throws; `FormatError` if the disk refuses.
    public func writeReport(report damaged: (String) -> Void = { _ in }) throws {
        let data = try experiment.loadedData()
        var report = RunReport(experiment)
        report.record = try? folder.record()
        report.describe(data)
        report.history = try folder.history(report: damaged)
        report.snapshots = folder.snapshots(report: damaged)
        report.diagnosis = folder.diagnosis
        report.watched = folder.watched
        report.summary = try trainer.model.summary(inputs: data.training.signature)
        try report.look(at: trainer, training: data.training, test: data.test)
        try report.write(to: folder)
    }
}
