import ApusBackend
import ApusConfiguration
public import ApusInference
public import ApusNN
public import ApusTraining
import ApusTensor
public import ApusData
import Foundation

/// An experiment that is run in a folder of its own, which then tells everything: what `apus train` does.
///
/// ```swift
/// let experiment = Experiment(name: "lenet", model: "lenet5", epochs: 3)
/// var run = try ExperimentRun(experiment)
/// try run.train(callbacks: [.earlyStopping(patience: 3)])
/// if let test = run.record.test, let folder = run.folder { print(test, folder.path) }
/// ```
public struct ExperimentRun: Sendable {
    /// What is run; of a resumed run that of its folder, with the epochs and the data folder that were given.
    public let experiment: Experiment
    /// The samples, divided and normalized.
    public let data: LoadedData
    /// What became of the weights that training starts from; `nil` if they are drawn, or a checkpoint has them.
    public let initialWeights: WeightsReport?
    /// The model's layers, for one sample of the data.
    public let summary: ModelSummary
    /// Holds the start weights until the run begins; others may be loaded into it.
    public var trainer: Trainer
    /// The facts of the run, as `run.json` has them.
    public private(set) var record: RunRecord
    /// Where everything is kept; exists when the run has begun.
    public private(set) var folder: RunFolder?
    private let isResumed: Bool
    /// Held from the begin of the run to its end.
    private var lock: RunLock?
    /// Whether the folder was named.
    private(set) var isPlaced = false

    /// Builds the model and reads the data: what does not fit is found before there is a folder.
    ///
    /// - Parameters:
    ///   - experiment: What is trained.
    ///   - data: In place of what the experiment says, for instance a fold of it.
    ///   - command: What started the run, for its record.
    /// - Throws: What building the model and reading the data throw.
    public init(
        _ experiment: Experiment, data: LoadedData? = nil, command: [String] = CommandLine.arguments
    ) throws {
        try self.init(experiment, data, command, resuming: nil)
    }

    /// A run that was interrupted, to continue exactly as if it had not been.
    ///
    /// - Parameters:
    ///   - folder: The folder of the run.
    ///   - epochs: In all, in place of what the experiment says; more of them let a completed run continue. When the run begins, they
    ///     become those of the folder's experiment.
    ///   - directory: The folder of the data's files, if it is another one now.
    ///   - data: In place of what the experiment says; it must be what the run was trained on.
    ///   - command: What started the run, for its record.
    /// - Throws: `TrainingError` if the run is complete and gets no more epochs, has other data, or nothing to continue from.
    public init(
        resuming folder: RunFolder, epochs: Int? = nil, directory: String? = nil, data: LoadedData? = nil,
        command: [String] = CommandLine.arguments
    ) throws {
        var experiment = try folder.experiment()
        let earlierEpochs = experiment.epochs
        if let epochs { experiment.epochs = epochs }
        if let directory { experiment.data.directory = directory }
        try self.init(experiment, data, command, resuming: folder)
        record = try resumedRecord(folder, earlierEpochs: earlierEpochs)
    }

    private init(
        _ experiment: Experiment, _ data: LoadedData?, _ command: [String], resuming folder: RunFolder?
    ) throws {
        var experiment = experiment
        if data?.isGiven == true { experiment.data = DataSource(source: .given) }
        self.experiment = experiment
        self.folder = folder
        isResumed = folder != nil
        // A name that does not exist is found before the data are read.
        _ = try experiment.model.model()
        let data = try data ?? experiment.loadedData()
        self.data = data
        try experiment.checkCallbacks(data)
        let model = try experiment.network(for: data.training)
        trainer = experiment.trainer(of: model)
        try trainer.prepare(inputs: data.training.signature)
        // A checkpoint holds what became of them, and the file may be gone.
        let start = folder?.hasCheckpoints == true ? nil : experiment.initialization
        initialWeights = try start?.load(into: &trainer)
        summary = try model.summary(inputs: data.training.signature)
        record = RunRecord(
            command: command, seed: experiment.seed, threads: Device.threadCount,
            dataFingerprint: data.fingerprintText, program: ApusVersion.current)
        if let start, let initialWeights {
            record.initialWeights = try RunRecord.InitialWeights(start, initialWeights)
        }
    }

    /// A run that is complete, with the weights it ended with.
    init(completed folder: RunFolder, data: LoadedData?) throws {
        try self.init(try folder.experiment(), data, [], resuming: folder)
        record = try folder.record()
        trainer = try FinishedRun(folder, weights: folder.lastWeights).trainer
    }

    /// The facts of a run that is resumed now.
    private func resumedRecord(_ folder: RunFolder, earlierEpochs: Int) throws -> RunRecord {
        var earlier = try folder.record()
        if earlier.state == .completed {
            // It may have done more, if it was given fewer when it was resumed.
            let done = max(earlierEpochs, try folder.history().epochs.last?.epoch ?? 0)
            guard experiment.epochs > done else {
                throw TrainingError("the run \(folder.path) is completed; give more epochs than \(done) to continue")
            }
        }
        // Its start is not written down.
        guard
            folder.hasCheckpoints || experiment.initialization != nil
                || !earlier.command.contains(where: { $0.hasPrefix("--init") })
        else {
            throw TrainingError(
                "the run \(folder.path) began with weights of a file and has no checkpoint yet; train again with --init",
                kind: .missing)
        }
        if let before = earlier.initialWeights, let now = record.initialWeights, before.fingerprint != now.fingerprint {
            throw TrainingError(
                "the run \(folder.path) has no checkpoint yet, and the weights in \(now.from) are not those that it began with: "
                    + "their fingerprint is \(now.fingerprint), it was \(before.fingerprint)", kind: .malformed)
        }
        let fingerprint = data.fingerprintText(like: earlier.dataFingerprint)
        guard earlier.dataFingerprint == fingerprint else {
            throw TrainingError(
                "the data are not those of the run \(folder.path): their fingerprint is \(fingerprint), "
                    + "it was \(earlier.dataFingerprint)", kind: .malformed)
        }
        (earlier.state, earlier.ended, earlier.stopReason, earlier.test) = (.running, nil, nil, nil)
        earlier.resumes.append(Date())
        return earlier
    }

    // MARK: Running

    /// Makes the folder and writes what is known before training; `train` does it if need be.
    ///
    /// - Parameter path: A folder that does not exist or is empty; `runs/NAME-N` if absent.
    /// - Throws: `TrainingError` if there is something already, another process writes the folder, or the data have targets that the
    ///   model can't be trained on.
    @discardableResult
    public mutating func begin(in path: String? = nil) throws -> RunFolder {
        if let folder {
            if lock == nil { lock = try RunLock(folder) }
            if isResumed {
                folder.removeHalfWritten()
                try folder.write(record)
                // Last: a completed run whose experiment has this number of epochs already would refuse to do them.
                var kept = try folder.experiment()
                if kept.epochs != experiment.epochs {
                    kept.epochs = experiment.epochs
                    try folder.write(kept)
                }
            }
            return folder
        }
        // What can't be trained on leaves no folder.
        try trainer.checked(trainer.model, data.training, batchSize: experiment.batchSize)
        try trainer.checkFeatures(data.training, augmentations: data.augmentations)
        isPlaced = path != nil
        let folder = try RunFolder(named: experiment.name, path: path)
        lock = try RunLock(folder)
        try folder.write(record)
        try folder.write(summary)
        var details = try trainer.modelDescription(for: data.training)
        details.table = experiment.data.source.reader as? CSVSource
        if details.table != nil { details.columns = data.columns }
        details.text = data.text
        try folder.write(details)
        // Last, for it makes the folder that of a run.
        try folder.write(experiment)
        self.folder = folder
        return folder
    }

    /// Trains to the end, or until something stops it, and measures on the test part.
    ///
    /// Besides the experiment's callbacks there are always `events.jsonl`, `metrics.csv` and checkpoints. Whatever happens, the
    /// folder says how it ended.
    ///
    /// - Parameters:
    ///   - callbacks: Besides those of the experiment; they receive events first.
    ///   - report: Receives messages about checkpoints that are damaged, and about a warm-up that takes most of the training.
    /// - Throws: What training throws.
    @discardableResult
    public mutating func train(
        callbacks: [Callback] = [], report: (String) -> Void = { _ in }
    ) throws -> History {
        let folder = try begin()
        let (optimizer, isFresh) = (experiment.optimizer, !isResumed)
        let start = optimizer.skipsNonFinite && optimizer.learningRate > 0 && isFresh ? trainer.state?.variables : nil
        do {
            let history = try trainer.fit(
                data.training, validation: data.validation, epochs: experiment.epochs, batchSize: experiment.batchSize,
                augmentations: data.augmentations, callbacks: callbacks + experiment.allCallbacks(RunRecorder(folder)),
                folder: folder.path,
                resuming: isResumed ? folder.checkpoints : nil, report: report)
            try checkLearned(history, start: start)
            record.stopReason = history.stopReason.map { "\($0)" }
            record.state = history.stopReason == .interrupted ? .interrupted : .completed
            if record.state == .completed { record.test = try data.test.map { try kept(folder).evaluate($0) } }
            try end(folder)
            return history
        } catch {
            record.state = (error as? any ApusError)?.failureKind == .diverged ? .diverged : .failed
            record.stopReason = "\(error)"
            // The first error is the one to report.
            try? end(folder)
            throw error
        }
    }

    private mutating func end(_ folder: RunFolder) throws {
        record.ended = Date()
        defer {
            lock?.release()
            lock = nil
        }
        try folder.write(record)
    }

    /// Throws if no step of the training counted: their losses were not finite, or their gradients.
    ///
    /// - Parameter start: The weights with which training began, where its optimizer leaves steps out.
    private func checkLearned(_ history: History, start: Variables?) throws {
        guard let last = history.epochs.last, history.stopReason != .interrupted else { return }
        let reason =
            history.epochs.allSatisfy(\.training.loss.isNaN)
            ? "all \(last.step) steps were left out, for their losses were not finite"
            : start.map(hasWeights) == true
                ? "no weight changed in \(last.step) steps, as where all gradients are not finite and steps are left out"
                : nil
        guard let reason else { return }
        throw TrainingError(
            "nothing was learned: \(reason). Check the data for NaN and very large numbers, or try a smaller learning rate",
            kind: .diverged)
    }

    /// Whether the weights that are trained are these.
    private func hasWeights(_ start: Variables) -> Bool {
        guard let now = trainer.state?.variables else { return false }
        return start.paths.allSatisfy { path in
            guard let old = start.variable(path), old.description.isTrainable, let new = now[path] else { return true }
            return old.value.scalars.elementsEqual(new.scalars) { $0.bitPattern == $1.bitPattern }
        }
    }

    /// A trainer with the weights that the folder keeps as its result; with those of now where it keeps none.
    package func kept(_ folder: RunFolder) throws -> Trainer {
        FileManager.default.fileExists(atPath: folder.weights) ? try FinishedRun(folder).trainer : trainer
    }
}
