import Apus
import ArgumentParser
import Foundation

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains a network and keeps everything in a run folder.",
        discussion: "Example: apus train lenet5 --epochs 10")

    @Argument(help: "A network of the zoo (mlp, lenet5), or an experiment file (.yaml, .json).")
    var model: String

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

    @Flag(help: "Prints events as JSON lines instead of progress.")
    var json = false

    @Flag(help: "Only tries rising learning rates on a copy, prints the loss at each and where it falls fastest.")
    var rangeTest = false

    func run() throws {
        let experiment = try self.experiment()
        let model = try experiment.model.model()
        let data = try experiment.data.load()
        let (training, validation) = try data.train.divided(experiment)

        var trainer = Trainer(
            model, loss: experiment.loss, optimizer: experiment.optimizer, metrics: experiment.metrics,
            schedule: experiment.schedule, precision: experiment.precision, memory: experiment.memory,
            seed: experiment.seed)
        try trainer.prepare(input: training.sampleShape)
        if let report = try weights.load(into: &trainer), !json { Terminal.write("\(report)\n") }
        if rangeTest {
            print(try trainer.learningRateRange(training, batchSize: experiment.batchSize))
            return
        }
        // What does not fit is found before a folder is made.
        let summary = try model.summary(input: training.sampleShape)

        let folder = try RunFolder(named: experiment.name, path: runFolder)
        try folder.write("experiment.yaml", experiment.yaml())
        try folder.write("summary.txt", "\(summary)\n")
        var record = RunRecord(
            command: CommandLine.arguments, seed: experiment.seed, threads: Engine.threadCount,
            dataFingerprint: String(training.fingerprint, radix: 16))
        try folder.write("run.json", json: record)
        if !json {
            Terminal.write(
                "\(Terminal.bold(experiment.name)): \(summary.parameterCount) parameters, \(training.count) samples to train on, "
                    + "\(validation?.count ?? 0) to validate, \(data.test.count) to test; run folder \(folder.path)\n")
        }
        Interrupt.install()
        do {
            let history = try trainer.fit(
                training, validation: validation, epochs: experiment.epochs, batchSize: experiment.batchSize,
                callbacks: [
                    Callback(Progress(json: json)), Callback(RunRecorder(folder)), .checkpoint(folder.checkpoints),
                    Interrupt.callback,
                ])
            record.stopReason = history.stopReason.map { "\($0)" }
            record.ended = Date()
            guard history.stopReason != .interrupted else {
                record.state = .interrupted
                try folder.write("run.json", json: record)
                Terminal.write(
                    "\ninterrupted; the weights are in \(folder.checkpoints)/last/state.safetensors\n")
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

    /// The experiment that the arguments describe.
    private func experiment() throws -> Experiment {
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
