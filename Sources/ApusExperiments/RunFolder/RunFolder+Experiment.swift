import ApusInference
import ApusTraining
import Foundation

extension Experiment {
    /// What the file is called in the folder of a run.
    package static let fileName = RunFiles.experiment
}

extension RunFolder {
    /// Writes `experiment.yaml`, with which the folder becomes that of a run.
    public func write(_ experiment: Experiment) throws { try write(Experiment.fileName, experiment.yaml()) }

    /// The experiment that the run did.
    public func experiment() throws -> Experiment {
        let file = "\(path)/\(Experiment.fileName)"
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw TrainingError("\(file) can't be read")
        }
        return try ExperimentFile(yaml: text, path: file).runExperiment()
    }
}
