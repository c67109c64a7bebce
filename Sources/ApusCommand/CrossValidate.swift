import ApusConfiguration
import Apus
import ApusExperiments
import ArgumentParser
import Foundation

struct CrossValidate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cross-validate",
        abstract: "Trains on k folds of the data, and tells mean and standard deviation of what is measured on each.",
        discussion: "Example: apus cross-validate Examples/experiments/mlp-regularized.yaml --folds 5")

    @OptionGroup var options: ExperimentOptions

    @Option(help: "How many parts the data are divided into; each is measured on once.")
    var folds = 5

    @Option(
        name: .customLong("run"),
        help: "The folder of the runs, one a fold; by default runs/NAME-N. What is complete in it is kept.")
    var runFolder: String?

    @Flag(help: "Prints the scores as JSON.")
    var json = false

    func validate() throws {
        guard folds >= 2 else { throw ValidationError("--folds must be at least 2, received \(folds)") }
    }

    func run() throws {
        let experiment = try options.file().experiment()
        let path = try runFolder ?? RunFolder(named: "\(experiment.name)-folds").path
        Interrupt.install()
        let result = try CrossValidation.run(
            experiment, folds: folds, in: path,
            callbacks: [Callback(Progress(json: false)), Interrupt.callback]
        ) { fold, score in
            Terminal.write("fold \(fold) of \(folds): \(score)\n")
        }
        guard !result.isInterrupted else {
            Terminal.write("\ninterrupted; the same command with --run \(path) continues it\n")
            throw Interrupt.exitCode
        }
        guard json else { return try Terminal.print(result) }
        let scores = result.scores.map { Dictionary(zip($0.names, $0.values)) { first, _ in first } }
        try Terminal.print(FileJSON.text(scores, isPretty: true))
    }
}
