import ApusConfiguration
import ApusData
import ApusExperiments
import ApusNN
import ApusOptimizers
import ApusTraining
import Foundation

/// Trains edited experiments, each with the same data, order and random numbers for one seed; keeps what came of them.
final class Trials {
    /// Samples that are held back and measured at most.
    static let heldOutLimit = 2000
    private(set) var count = 0
    private let deadline: Date
    private var trials: [Key: Trial] = [:]
    private var data: [DataKey: LoadedData] = [:]
    private let given: LoadedData?
    /// How trials are made shorter than the experiment; `nil` if they are not.
    private(set) var shortening: Shortening?
    private let budget: Double
    /// Where every training begins; `nil` for the start.
    private let relapse: Relapse?

    /// Fewer samples and epochs than the experiment has, the same for all arms.
    struct Shortening: Sendable {
        let samples: Int
        /// The share of the epochs.
        let epochs: Double

        func epochs(of count: Int) -> Int { max(1, Int((Double(count) * epochs).rounded())) }
    }

    private struct Key: Hashable {
        let experiment: Experiment
        let seed: UInt64
    }

    private struct DataKey: Hashable {
        let source: DataSource
        let seed: UInt64
    }

    /// - Parameters:
    ///   - given: The data in place of those that the experiment names.
    ///   - budget: Seconds after which no training begins.
    ///   - relapse: Where every training begins, with the data of the training that came so far; `nil` for the start.
    init(given: LoadedData?, budget: Double, from relapse: Relapse? = nil) {
        self.given = given
        self.budget = budget
        self.relapse = relapse
        deadline = Date(timeIntervalSinceNow: budget)
    }

    var isOver: Bool { Date() >= deadline }

    /// The data of an experiment with a seed, divided, with a part that is held back.
    func loadedData(_ experiment: Experiment, seed: UInt64) throws -> LoadedData {
        if let given { return given }
        let key = DataKey(source: experiment.data, seed: seed)
        if let known = data[key] { return known }
        var experiment = experiment
        experiment.seed = seed
        let loaded = try experiment.loadedData()
        data[key] = loaded
        return loaded
    }

    /// Measures how fast an experiment trains, and shortens trials so that many of them fit into the budget.
    func adapt(to experiment: Experiment) throws {
        let (training, _) = try Trials.parts(loadedData(experiment, seed: experiment.seed), seed: experiment.seed)
        let sample = try Trials.thinned(training, min(training.count, max(512, 4 * experiment.batchSize)))
        var trainer = experiment.trainer(of: try experiment.network(for: training))
        func seconds() throws -> Double {
            let begin = Date()
            try trainer.fit(sample, epochs: 1, batchSize: experiment.batchSize)
            return Date().timeIntervalSince(begin)
        }
        // The first epoch compiles.
        guard (try? seconds()) != nil, let seconds = try? seconds() else { return }
        let (samples, epochs) = (training.count, experiment.epochs)
        let whole = seconds / Double(sample.count) * Double(samples) * Double(epochs)
        let limit = budget / Trials.trainingsOfBudget
        guard whole > limit else { return }
        let share = limit / whole
        // Half of it, on a logarithmic scale, by fewer epochs.
        let kept = max(1, (Double(epochs) * share.squareRoot()).rounded())
        let rest = share * Double(epochs) / kept
        shortening = Shortening(samples: max(64, Int(Double(samples) * min(1, rest))), epochs: kept / Double(epochs))
    }

    /// How many trainings a budget is divided into at least.
    private static let trainingsOfBudget = 40.0

    /// Training and held-out part of data: where an experiment holds nothing back, a fifth.
    static func parts(_ data: LoadedData, seed: UInt64) throws -> (training: Dataset, heldOut: Dataset) {
        if let validation = data.validation, !validation.isEmpty {
            return (data.training, try thinned(validation, heldOutLimit))
        }
        let (training, heldOut) = try data.training.split(
            validation: 0.2,
            stratified: data.training.targetNames.count == 1 && data.training.isClassification
                && data.training.targetType.shape.rank == 0, seed: seed)
        return (training, try thinned(heldOut, heldOutLimit))
    }

    /// At most so many samples from all over a data set.
    static func thinned(_ data: Dataset, _ limit: Int) throws -> Dataset {
        data.count > limit ? try data.subset(places(data.count, limit)) : data
    }

    /// At most so many places from all over as many as there are.
    static func places(_ count: Int, _ limit: Int) -> [Int] {
        count > limit ? (0..<limit).map { $0 * count / limit } : Array(0..<count)
    }

    /// Trains, or recalls what came of the same training before.
    ///
    /// - Throws: What reading the data throws; a training that fails is a trial, too.
    func callAsFunction(_ experiment: Experiment, seed: UInt64, change: DataChange? = nil) throws -> Trial {
        let key = Key(experiment: experiment, seed: seed)
        if change == nil, let known = trials[key] { return known }
        let trial = try train(experiment, seed: seed, change)
        count += 1
        if change == nil { trials[key] = trial }
        return trial
    }

    /// How good the training is that forks go on from.
    func scoreAtStart(_ experiment: Experiment) throws -> Score? {
        let seed = dataSeed(experiment.seed)
        let (training, heldOut) = try Trials.parts(loadedData(experiment, seed: seed), seed: seed)
        guard let task = Task(experiment, training) else { return nil }
        return try Score(trainer(experiment, for: training), task, on: heldOut)
    }

    /// The seed by which data are divided: what weights have learned from is not held back from them.
    private func dataSeed(_ seed: UInt64) -> UInt64 { relapse?.state.seed ?? seed }

    /// A trainer where trainings begin.
    private func trainer(_ experiment: Experiment, for training: Dataset) throws -> Trainer {
        var trainer = experiment.trainer(of: try experiment.network(for: training))
        trainer.preprocessing = training.preprocessing
        try trainer.prepare(inputs: training.signature)
        if let relapse {
            try trainer.fork(relapse.state, on: training)
        } else {
            try experiment.initialization?.load(into: &trainer)
        }
        return trainer
    }

    /// The greatest rate at which an experiment's gradient descent is stable where trainings begin.
    ///
    /// - Returns: `nil` for optimizers that scale the steps of each weight, and where the loss can't be measured.
    func stableRate(_ experiment: Experiment) -> Double? {
        guard let rule = experiment.optimizer.rule as? SGD, experiment.optimizer.groups.isEmpty else { return nil }
        let seed = dataSeed(experiment.seed)
        guard let (training, _) = try? Trials.parts(loadedData(experiment, seed: seed), seed: seed),
            let trainer = try? trainer(experiment, for: training),
            let curvature = try? trainer.curvature(
                on: Trials.thinned(training, Trials.curvedSamples),
                batchSize: min(experiment.batchSize, Trials.curvedSamples, training.count))
        else { return nil }
        return curvature.greatestStableRate(momentum: rule.momentum)
    }

    /// The samples at most over which the curvature of the loss is measured.
    private static let curvedSamples = 256

    /// Another training or held-out part than the experiment's, for what no setting says.
    typealias DataChange = (_ training: Dataset, _ heldOut: Dataset) throws -> (Dataset, Dataset)

    private func train(_ experiment: Experiment, seed: UInt64, _ change: DataChange?) throws -> Trial {
        var experiment = experiment
        experiment.seed = seed
        let dataSeed = dataSeed(seed)
        let loaded = try loadedData(experiment, seed: dataSeed)
        var (training, heldOut) = try Trials.parts(loaded, seed: dataSeed)
        if let shortening {
            training = try Trials.thinned(training, shortening.samples)
            experiment.epochs = shortening.epochs(of: experiment.epochs)
        }
        if let change { (training, heldOut) = try change(training, heldOut) }
        guard let task = Task(experiment, training) else { throw DoctorError("the targets are of no known kind") }
        var epochs: [EpochRecord] = []
        var isStopped = false
        var start: Look?
        do {
            var trainer = try trainer(experiment, for: training)
            let epochsBefore = relapse?.state.epoch ?? 0
            start = Look(trainer, training)
            // The best epoch is kept, as in a run; but of a fork it is asked what becomes of it.
            let keepsBest = experiment.keepsBest && relapse == nil
            var best: (loss: Double, state: TrainingState)?
            try trainer.fit(
                training, validation: heldOut, epochs: experiment.epochs - epochsBefore,
                batchSize: experiment.batchSize, augmentations: loaded.augmentations,
                callbacks: experiment.callbacks.filter(\.writesNothing)
            ) { event, control in
                switch event {
                case .epochEnded(let record):
                    epochs.append(record)
                    let loss = record.validation?.loss ?? record.training.loss
                    if keepsBest, loss.isFinite, loss < best?.loss ?? .infinity { best = (loss, control.state) }
                    // The schedule is that of the whole training.
                    if let relapse, record.epoch >= relapse.end { control.stop(.completed) }
                case .stopped(let reason): isStopped = reason != .completed
                case .ended: if let best { control.replaceState(best.state) }
                default: break
                }
            }
            let measured = try trainer.evaluate(heldOut)
            return Trial(
                score: try Score(trainer, task, on: heldOut),
                training: try Score(trainer, task, on: try Trials.thinned(training, 1000)), epochs: epochs,
                failure: nil, diverged: false, start: start, end: Look(trainer, training),
                stoppedEarly: isStopped, heldOutLoss: measured.loss,
                test: try loaded.test.map { try Score(trainer, task, on: try Trials.thinned($0, 1000)) },
                reportedAccuracy: measured["accuracy"] ?? measured["binaryAccuracy"])
        } catch let error as any ApusError {
            let worst = Score.failed(task, on: heldOut)
            return Trial(
                score: worst, training: worst, epochs: epochs, failure: error.description,
                diverged: error.failureKind == .diverged, start: start, end: nil,
                stoppedEarly: true, heldOutLoss: .infinity, test: nil, reportedAccuracy: nil)
        }
    }
}

extension Callback {
    fileprivate var writesNothing: Bool { !rule.needsModelObserver && rule.files(in: "run").isEmpty }
}
