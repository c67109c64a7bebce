import Apus
import ApusConfiguration
import ApusDoctor
import ApusExperiments
import ApusReport
import ArgumentParser
import Foundation

struct Train: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Trains a network and keeps everything in a run folder.",
        discussion: "Example: apus train lenet5 --epochs 10")

    @Argument(help: "A network of the zoo, or an experiment file (.yaml, .json).")
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

    @Option(help: "Where everything is computed, cpu or reference: --set device=…")
    var device: String?

    @Option(help: "Where every random number comes from: --set seed=…")
    var seed: UInt64?

    @Option(help: "The fraction of the training data that is held back: --set data.validation.fraction=…")
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
            "Continues the run of this folder from its last whole checkpoint, in place of a network.",
            valueName: "run"))
    var resume: String?

    @Flag(help: "Prints events as JSON lines instead of progress.")
    var json = false

    @Flag(help: "Only tries rising learning rates on a copy, prints the loss at each and where it falls fastest.")
    var rangeTest = false

    func validate() throws {
        guard model != nil || resume != nil else {
            throw ValidationError("give a network, an experiment file, or --resume and a run")
        }
    }

    func run() throws {
        var run = try resume.map { try resumed($0) } ?? ExperimentRun(try experiment())
        if let report = run.initialWeights, !json { Terminal.write("\(report)\n") }
        if rangeTest {
            let (data, size) = (run.data, run.experiment.batchSize)
            try Terminal.print(
                run.trainer.learningRateRange(data.training, batchSize: size, augmentations: data.augmentations))
            return
        }
        let folder = try run.begin(in: runFolder)
        if !json {
            Terminal.write(
                "\(Terminal.bold(run.experiment.name)): \(run.summary.parameterCount) parameters; \(run.data): \(run.data.parts); "
                    + "run folder \(folder.path)\n")
            for remark in run.data.remarks { Terminal.note(remark) }
        }
        Interrupt.install()
        defer { finish(run) }
        let progress = Progress(json: json)
        let start = Date()
        var callbacks = [Callback(progress), Interrupt.callback]
        if run.experiment.doctor { callbacks.append(Callback(Watcher(report: Terminal.note))) }
        do { try run.train(callbacks: callbacks, report: Terminal.note) } catch let error as any ApusError
            where error.failureKind == .diverged
        {
            try? examine(run, seconds: Date().timeIntervalSince(start))
            throw error
        }
        if let failure = progress.failure.error { throw failure }
        if let test = run.record.test {
            // Standard output has nothing but events then.
            if json { Terminal.write("test \(test)\n") } else { try Terminal.print("test \(test)") }
        }
        if run.record.state == .completed { try examine(run, seconds: Date().timeIntervalSince(start)) }
        if run.record.state == .interrupted {
            Terminal.write(
                "\ninterrupted; the weights are in \(folder.lastWeights); "
                    + "apus train --resume \(folder.path) continues it\n")
            throw Interrupt.exitCode
        }
    }

    /// Asks the doctor, if the experiment wants it: for as long as the training took, and ten seconds at least.
    private func examine(_ run: ExperimentRun, seconds: Double) throws {
        guard run.experiment.doctor else { return }
        do {
            let diagnosis = try run.examine(Doctor(budget: max(10, seconds)))
            // Standard output has nothing but events then.
            if json { Terminal.write("\(diagnosis)\n") } else { try Terminal.print(diagnosis) }
        } catch let error as DoctorError { Terminal.note("\(error)") }
    }

    /// Report and catalog of a run that has ended; it is no failure of the run if they can't be written.
    private func finish(_ run: ExperimentRun) {
        guard let folder = run.folder else { return }
        let clock = ContinuousClock()
        let start = clock.now
        do {
            try run.writeReport(report: Terminal.note)
            let seconds = ProgressLine.duration((clock.now - start) / .seconds(1))
            Terminal.write("report: \(folder.path)/\(RunReport.fileName) (\(seconds))\n")
            try run.noteInCatalog()
        } catch {
            Terminal.note("the report could not be written: \(error)")
        }
    }

    /// The run that is resumed; only more epochs and another place of the data can be asked for.
    private func resumed(_ path: String) throws -> ExperimentRun {
        let isOther =
            model != nil || batchSize != nil || device != nil || optimizer != nil || learningRate != nil || seed != nil
            || validation != nil || runFolder != nil || weights.isGiven || !freeze.isEmpty
            || !settings.assignments.isEmpty || rangeTest
        guard !isOther else {
            throw ValidationError(
                "--resume continues the experiment of the run; besides it only --epochs, --data and --json fit")
        }
        return try ExperimentRun(
            resuming: RunFolder(existing: path), epochs: epochs, directory: data)
    }

    /// The experiment that the arguments describe.
    private func experiment() throws -> Experiment {
        var file = try settings.file(model!)
        func set(_ path: String, _ value: (some CustomStringConvertible)?) throws {
            if let value { file = try file.setting(path, to: value.description) }
        }
        try set("epochs", epochs)
        try set("batchSize", batchSize)
        try set("device", device)
        try set("seed", seed)
        try set("data.validation.fraction", validation)
        try set("data.directory", data)
        try set("optimizer", optimizer)
        if let learningRate { file = try file.setting(learningRate: learningRate) }
        file = try weights.set(in: file)
        return try file.freezing(freeze).experiment()
    }
}
