import Apus
import ArgumentParser
import Foundation

extension Zoo {
    /// The network of a name, with a suggestion where there is none.
    static func model(named name: String) throws -> Sequential {
        guard let network = Zoo(rawValue: name) else {
            throw ValidationError("there is no network \(name); the zoo has \(Zoo.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return network.model()
    }
}

extension Experiment.DataSource {
    /// Reads the data.
    func load() throws -> (train: Dataset, test: Dataset) {
        guard source == "fashion-mnist" else {
            throw ValidationError("there is no data source \(source); known is fashion-mnist")
        }
        return try FashionMNIST.load(directory: directory)
    }
}

/// A finished run: its experiment and a trainer with its weights.
struct FinishedRun {
    let folder: RunFolder
    let experiment: Experiment
    let trainer: Trainer

    init(_ path: String, input: Shape = [28, 28, 1]) throws {
        folder = try RunFolder(existing: path)
        experiment = try folder.experiment()
        let model = try Zoo.model(named: experiment.model)
        var trainer = Trainer(
            model, loss: experiment.loss, optimizer: experiment.optimizer, metrics: experiment.metrics, seed: experiment.seed)
        var variables = try model.initialized(input: input, seed: experiment.seed)
        try variables.load(folder.weights)
        trainer.load(variables)
        self.trainer = trainer
    }
}
