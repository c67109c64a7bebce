import Apus
import ArgumentParser
import Foundation

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains a network and keeps everything in a run folder.",
        discussion: "Example: apus train lenet5 --epochs 10")

    @Argument(help: "A network of the zoo (mlp, lenet5), or an experiment file (.yaml, .json).")
    var model: String?

    @OptionGroup var settings: SettingOptions

    @Option(help: "Passes over the training data: --set epochs=…")
    var epochs: Int?

    @Option(help: "Samples a step: --set batchSize=…")
    var batchSize: Int?

    @Option(help: "The optimizer: --set optimizer=…")
    var optimizer: String?

    @Option(help: "The optimizer's learning rate: --set optimizer.adam.learningRate=…")
    var learningRate: Double?

    @Option(help: "Where every random number comes from: --set seed=…")
    var seed: UInt64?

    @Option(help: "The share of the training data that is held back: --set data.validation.fraction=…")
    var validation: Double?

    @Option(help: "The folder of the data set's files: --set data.directory=…")
    var data: String?

    @Option(help: "Variables that keep their values, by a pattern such as '0.conv2D/*'; may be repeated.")
    var freeze: [String] = []

    @Option(name: .customLong("run"), help: "The folder of this run; by default runs/NAME-N.")
    var runFolder: String?

    @OptionGroup var weights: WeightsOptions

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
        let data = try experiment.data.load(seed: experiment.seed)
        let (training, validation) = (data.training, data.validation)

        var trainer = Trainer(
            model, loss: experiment.loss, optimizer: experiment.optimizer, metrics: experiment.metrics,
            schedule: experiment.schedule, precision: experiment.precision, memory: experiment.memory,
            seed: experiment.seed)
        try trainer.prepare(input: training.sampleShape)
        if let report = try weights.load(into: &trainer), !json { Terminal.write("\(report)\n") }
        if rangeTest {
            print(
                try trainer.learningRateRange(
                    training, batchSize: experiment.batchSize, augmentations: data.augmentations))
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
        if resumed == nil { try folder.write(RunInputs(training)) }
        var report = RunReport(experiment)
        report.summary = summary
        if !json {
            Terminal.write(
                "\(Terminal.bold(experiment.name)): \(summary.parameterCount) parameters; \(data): \(data.parts); "
                    + "run folder \(folder.path)\n")
        }
        Interrupt.install()
        do {
            let history = try trainer.fit(
                training, validation: validation, epochs: experiment.epochs, batchSize: experiment.batchSize,
                augmentations: data.augmentations,
                callbacks: callbacks(experiment, folder), folder: folder.path,
                resuming: resumed.map { _ in folder.checkpoints }, report: { Terminal.write("note: \($0)\n") })
            record.stopReason = history.stopReason.map { "\($0)" }
            record.ended = Date()
            guard history.stopReason != .interrupted else {
                record.state = .interrupted
                try folder.write("run.json", json: record)
                report.finish(folder, record, trainer, training, test: nil)
                Terminal.write(
                    "\ninterrupted; the weights are in \(folder.checkpoints)/last/state.safetensors; "
                        + "apus train --resume \(folder.path) goes on\n")
                throw ExitCode(Failure.interrupted)
            }
            let test = try data.test.map { try trainer.evaluate($0) }
            record.state = .completed
            record.test = test
            try folder.write("run.json", json: record)
            if let test { print("test \(test)") }
            report.finish(folder, record, trainer, training, test: data.test)
        } catch let error where !(error is ExitCode) {
            record.state = error is DivergenceError ? .diverged : .failed
            record.stopReason = "\(error)"
            record.ended = Date()
            // The first error is the one to report.
            try? folder.write("run.json", json: record)
            report.finish(folder, record, trainer, training, test: nil)
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
            || validation != nil || runFolder != nil || weights.file != nil || !freeze.isEmpty || !settings.assignments.isEmpty || rangeTest
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
        var file = try settings.file(model)
        func set(_ path: String, _ value: (some CustomStringConvertible)?) throws {
            if let value { file = try file.setting(path, to: value.description) }
        }
        try set("epochs", epochs)
        try set("batchSize", batchSize)
        try set("seed", seed)
        try set("data.validation.fraction", validation)
        try set("data.directory", data)
        try set("optimizer", optimizer)
        if let learningRate {
            let rule = try file.experiment().optimizer.rule
            try set("optimizer.\(type(of: rule).kind).learningRate", learningRate)
        }
        if !freeze.isEmpty {
            // The first group that matches counts.
            let groups = freeze.map { ParameterGroup($0, isFrozen: true) } + (try file.experiment().optimizer.groups)
            try set("optimizer.groups", String(decoding: try JSONEncoder().encode(groups), as: UTF8.self))
        }
        return try file.experiment()
    }
}

/// Options for the weights that a training starts from.
struct WeightsOptions: ParsableArguments {
    @Option(name: .customLong("init"), help: "Weights to start from (.safetensors, .npz).")
    var file: String?

    @Option(
        name: .customLong("init-mode"), help: "Whether everything must fit (strict), or what fits is taken (partial).",
        transform: WeightsOptions.mode)
    var mode = WeightsMode.strict

    @Option(
        name: .customLong("init-map"),
        help: ArgumentHelp(
            "What begins names in the file, and in the model in its place: encoder=backbone; may be repeated.",
            valueName: "file=model"))
    var map: [String] = []

    func validate() throws {
        for entry in map where !entry.contains("=") {
            throw ValidationError("--init-map expects FILE=MODEL, for instance encoder=backbone, received \(entry)")
        }
        if file == nil, !map.isEmpty { throw ValidationError("--init-map needs --init FILE") }
    }

    private static func mode(_ text: String) throws -> WeightsMode {
        guard let mode = WeightsMode(rawValue: text) else {
            throw ValidationError("expected strict or partial, received \(text)")
        }
        return mode
    }

    /// Loads the weights, if there are any.
    func load(into trainer: inout Trainer) throws -> WeightsReport? {
        guard let file else { return nil }
        var variables = trainer.state!.variables
        let pairs = map.map {
            $0.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        }
        let mapping = Dictionary(pairs.map { ($0[0], $0[1]) }) { _, last in last }
        let report = try variables.load(file, mode: mode, mapping: mapping)
        trainer.load(variables)
        return report
    }
}
