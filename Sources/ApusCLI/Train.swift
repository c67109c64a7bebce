import Apus
import ArgumentParser
import Foundation

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains a network and keeps everything in a run folder.",
        discussion: "Example: apus train lenet5 --epochs 10")

    @Argument(help: "A network of the zoo (mlp, lenet5), or an experiment file (.yaml, .json).")
    var model: String?

    @Option(help: "Passes over the training data.")
    var epochs: Int?

    @Option(help: "Samples a step.")
    var batchSize: Int?

    @Option(help: "The optimizer: adam or sgd (with momentum 0.9).")
    var optimizer: String?

    @Option(help: "The optimizer's learning rate.")
    var learningRate: Double?

    @Option(help: "Where every random number comes from.")
    var seed: UInt64?

    @Option(help: "The share of the training data that is held back for validation.")
    var validation: Double?

    @Option(help: "The folder of the data set's files.")
    var data: String?

    @Option(name: .customLong("run"), help: "The folder of this run; by default runs/NAME-N.")
    var runFolder: String?

    @Option(name: .customLong("init"), help: "Weights to start from (.safetensors).")
    var initialWeights: String?

    @Option(
        help: ArgumentHelp(
            "Goes on with the run of this folder from its last whole checkpoint, in place of a network.",
            valueName: "run"))
    var resume: String?

    @Flag(help: "Prints events as JSON lines instead of progress.")
    var json = false

    @Flag(help: "Only tries rising learning rates on a copy, prints the loss at each and where it falls fastest.")
    var rangeTest = false

    func run() throws {
        let resumed = try resume.map { try RunFolder(existing: $0) }
        let experiment = try resumed.map { try self.experiment(of: $0) } ?? self.experiment()
        let model = try experiment.model.model()
        let data = try experiment.data.load()
        let (training, validation) = try data.train.divided(experiment)

        var trainer = Trainer(
            model, loss: experiment.loss, optimizer: experiment.optimizer, metrics: experiment.metrics,
            schedule: experiment.schedule, precision: experiment.precision, memory: experiment.memory,
            seed: experiment.seed)
        try trainer.prepare(input: training.sampleShape)
        if let initialWeights {
            var variables = trainer.state!.variables
            try variables.load(initialWeights)
            trainer.load(variables)
        }
        if rangeTest {
            print(try trainer.learningRateRange(training, batchSize: experiment.batchSize))
            return
        }
        // What does not fit is found before a folder is made.
        let summary = try model.summary(input: training.sampleShape)

        var record = RunRecord(
            command: CommandLine.arguments, seed: experiment.seed, threads: Engine.threadCount,
            dataFingerprint: String(training.fingerprint, radix: 16))
        let folder: RunFolder
        if let resumed {
            folder = resumed
            record = try resumedRecord(folder, record)
        } else {
            folder = try RunFolder(named: experiment.name, path: runFolder)
            try folder.write("run.json", json: record)
            try folder.write("summary.txt", "\(summary)\n")
            // Last, for it makes the folder that of a run.
            try folder.write("experiment.yaml", experiment.yaml())
        }
        if resumed != nil { try folder.write("run.json", json: record) }
        if !json {
            Terminal.write(
                "\(Terminal.bold(experiment.name)): \(summary.parameterCount) parameters, \(training.count) samples to train on, "
                    + "\(validation?.count ?? 0) to validate, \(data.test.count) to test; run folder \(folder.path)\n")
        }
        Interrupt.install()
        do {
            let history = try trainer.fit(
                training, validation: validation, epochs: experiment.epochs, batchSize: experiment.batchSize,
                callbacks: callbacks(experiment, folder), folder: folder.path,
                resuming: resumed.map { _ in folder.checkpoints }, report: { Terminal.write("note: \($0)\n") })
            record.stopReason = history.stopReason.map { "\($0)" }
            record.ended = Date()
            guard history.stopReason != .interrupted else {
                record.state = .interrupted
                try folder.write("run.json", json: record)
                Terminal.write(
                    "\ninterrupted; the weights are in \(folder.checkpoints)/last/state.safetensors; "
                        + "apus train --resume \(folder.path) goes on\n")
                throw ExitCode(Failure.interrupted)
            }
            let test = try trainer.evaluate(data.test)
            record.state = .completed
            record.test = test
            try folder.write("run.json", json: record)
            print("test \(test)")
        } catch let error where !(error is ExitCode) {
            record.state = error is DivergenceError ? .diverged : .failed
            record.stopReason = "\(error)"
            record.ended = Date()
            // The first error is the one to report.
            try? folder.write("run.json", json: record)
            throw error
        }
    }

    /// What runs besides training: what the experiment says, and what every run has.
    private func callbacks(_ experiment: Experiment, _ folder: RunFolder) -> [Callback] {
        var callbacks = [Callback(Progress(json: json)), Callback(RunRecorder(folder))] + experiment.callbacks
        if !experiment.callbacks.contains(where: { $0.rule is CSVLog }) { callbacks.append(.csv()) }
        if !experiment.callbacks.contains(where: { $0.rule is Checkpoint }) { callbacks.append(.checkpoint()) }
        return callbacks + [Interrupt.callback]
    }

    /// The experiment of a run that goes on; only more epochs can be asked for.
    private func experiment(of folder: RunFolder) throws -> Experiment {
        let isOther =
            model != nil || batchSize != nil || optimizer != nil || learningRate != nil || seed != nil
            || validation != nil || runFolder != nil || initialWeights != nil || rangeTest
        guard !isOther else {
            throw ValidationError(
                "--resume goes on with the experiment of the run; besides it only --epochs, --data and --json fit")
        }
        var experiment = try folder.experiment()
        if let epochs { experiment.epochs = epochs }
        if let data { experiment.data.directory = data }
        return experiment
    }

    /// The facts of a run that goes on now.
    private func resumedRecord(_ folder: RunFolder, _ new: RunRecord) throws -> RunRecord {
        var record = try folder.record()
        guard record.state != .completed || epochs != nil else {
            throw TrainingError("the run \(folder.path) is completed; give more --epochs to go on")
        }
        // Its start is not written down.
        let isBare = ((try? FileManager.default.contentsOfDirectory(atPath: folder.checkpoints)) ?? []).isEmpty
        guard !isBare || !record.command.contains(where: { $0.hasPrefix("--init") }) else {
            throw TrainingError(
                "the run \(folder.path) began with weights of a file and has no checkpoint yet; train again with --init",
                kind: .missing)
        }
        guard record.dataFingerprint == new.dataFingerprint else {
            throw TrainingError(
                "the data are not those of the run \(folder.path): their fingerprint is \(new.dataFingerprint), it was \(record.dataFingerprint)",
                kind: .malformed)
        }
        if record.threads != new.threads {
            Terminal.write(
                "note: the run had \(record.threads) threads, now there are \(new.threads); the weights may differ in the last digits\n"
            )
        }
        (record.state, record.ended, record.stopReason, record.test) = (.running, nil, nil, nil)
        record.resumes.append(Date())
        return record
    }

    /// The experiment that the arguments describe.
    private func experiment() throws -> Experiment {
        guard let model else { throw ValidationError("give a network, an experiment file, or --resume and a run") }
        var experiment: Experiment
        if ModelArgument.isFile(model) {
            experiment = try Experiment(yaml: try ModelArgument.text(of: model), path: model)
        } else {
            experiment = Experiment(name: model, model: .name(model))
        }
        if let epochs { experiment.epochs = epochs }
        if let batchSize { experiment.batchSize = batchSize }
        if let seed { experiment.seed = seed }
        if let validation { experiment.data.validation.fraction = validation }
        if let data { experiment.data.directory = data }
        if let optimizer { experiment.optimizer = try Optimizer(named: optimizer) }
        if let learningRate { experiment.optimizer = experiment.optimizer.with(learningRate: learningRate) }
        guard experiment.epochs > 0 else {
            throw ValidationError("--epochs must be at least 1, received \(experiment.epochs)")
        }
        guard experiment.batchSize > 0 else {
            throw ValidationError("--batch-size must be at least 1, received \(experiment.batchSize)")
        }
        guard (0..<1).contains(experiment.data.validation.fraction) else {
            throw ValidationError("--validation must be in 0..<1, received \(experiment.data.validation.fraction)")
        }
        return experiment
    }
}

extension Dataset {
    /// The part to train on and the part to validate on, as the experiment says.
    fileprivate func divided(_ experiment: Experiment) throws -> (training: Dataset, validation: Dataset?) {
        let validation = experiment.data.validation
        guard validation.fraction > 0 else { return (self, nil) }
        let (training, held) = try parts(
            validation: validation.fraction, stratified: validation.stratified, seed: experiment.seed)
        return (training, held)
    }
}
