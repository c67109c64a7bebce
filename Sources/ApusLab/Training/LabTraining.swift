import Apus
import ApusTraining
import Foundation

/// A training of a network of ten classes or so, epoch by epoch, as the experiments measure it.
struct LabTraining {
    var net: Sequential
    var optimizer: Optimizer
    var schedule: Schedule = .constant
    var epochs: Int
    var batch = 100
    var seed: UInt64
    var augmentations: [Augmentation] = []
    var callbacks: [Callback] = []
    /// The weights to begin with; drawn ones unless given.
    var start: Variables?

    /// A training that has ended, or has diverged.
    struct Trained {
        /// Has the weights; those before the step that broke them if it diverged.
        var trainer: Trainer
        /// The epochs that were finished.
        var epochs: [EpochRecord]
        var hasDiverged: Bool
    }

    /// Trains. A training that diverges ends there; it is not an error.
    func run(on training: Dataset, validation: Dataset? = nil) throws -> Trained {
        var trainer = Trainer(
            net, loss: .softmaxCrossEntropy, optimizer: optimizer, metrics: [.accuracy], schedule: schedule, seed: seed)
        if let start { trainer.load(start) }
        var epochs: [EpochRecord] = []
        do {
            _ = try trainer.fit(
                training, validation: validation, epochs: self.epochs, batchSize: batch, augmentations: augmentations,
                callbacks: callbacks
            ) { event, _ in
                if case .epochEnded(let record) = event { epochs.append(record) }
            }
            return Trained(trainer: trainer, epochs: epochs, hasDiverged: false)
        } catch is DivergenceError {
            return Trained(trainer: trainer, epochs: epochs, hasDiverged: true)
        }
    }

    /// Trains, and measures the three parts of the data at the end.
    ///
    /// - Returns: The numbers `training.loss`, `training.accuracy`, the same of `validation` and `test` where they are given, `gap`
    ///   (training minus test accuracy, or validation without test), `diverged` (0 or 1), and as series the same of each epoch, except of `test`.
    func measure(
        on data: (training: Dataset, validation: Dataset?, test: Dataset?)
    ) throws -> (measurement: LabMeasurement, trained: Trained) {
        let trained = try run(on: data.training, validation: data.validation)
        var measurement = LabMeasurement(["diverged": trained.hasDiverged ? 1 : 0])
        for (part, samples) in [("training", data.training), ("validation", data.validation), ("test", data.test)] {
            guard let samples else { continue }
            let found = try trained.trainer.evaluate(samples)
            measurement["\(part).loss"] = found.loss
            measurement["\(part).accuracy"] = found[.accuracy]
        }
        if let other = measurement["test.accuracy"] ?? measurement["validation.accuracy"],
            let own = measurement["training.accuracy"]
        {
            measurement["gap"] = own - other
        }
        for name in ["training.loss", "training.accuracy", "validation.loss", "validation.accuracy"] {
            let values = trained.epochs.compactMap { $0.value(name) }
            if !values.isEmpty { measurement.series[name] = values }
        }
        return (measurement, trained)
    }
}
