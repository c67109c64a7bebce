import ApusData
import ApusTraining
import Foundation

extension ExperimentRun {
    /// The run of a folder, wherever it stands: one that is complete keeps its weights, one that was cut off is resumed, and where there
    /// is none it begins.
    ///
    /// - Throws: `TrainingError` if the folder holds the run of another experiment.
    init(_ experiment: Experiment, data: LoadedData?, continuing path: String) throws {
        guard RunFolder.exists(path) else {
            // What a process left that died before its run began.
            if FileManager.default.fileExists(atPath: "\(path)/\(RunRecord.fileName)") {
                try FileManager.default.removeItem(atPath: path)
            }
            try self.init(experiment, data: data)
            try begin(in: path)
            return
        }
        let folder = try RunFolder(existing: path)
        var earlier = try folder.experiment()
        let hasMoreEpochs = experiment.epochs > earlier.epochs
        // More epochs continue it; with fewer the run would be another.
        if hasMoreEpochs { earlier.epochs = experiment.epochs }
        guard earlier == experiment else {
            throw TrainingError("\(path) holds the run of another experiment; choose another folder, or remove it")
        }
        let record = try folder.record()
        if record.state == .completed, !hasMoreEpochs {
            try self.init(completed: folder, data: data)
            return
        }
        try self.init(resuming: folder, epochs: experiment.epochs, data: data)
    }
}
