import Apus
import ApusConfiguration
import ApusExperiments
import ArgumentParser
import Foundation

struct ExperimentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiment", abstract: "Tells what experiment files may say, and checks them.",
        subcommands: [Defaults.self, Schema.self, Check.self])

    struct Defaults: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints every key with its default and meaning; the output is an experiment file.",
            discussion: "Example: apus experiment defaults > experiment.yaml")

        func run() throws { try Terminal.print(Experiment.defaultsPage, terminator: "") }
    }

    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints the JSON Schema (draft 2020-12) of experiment files, for editors.",
            discussion: "Example: apus experiment schema > experiment.schema.json")

        func run() throws { try Terminal.print(Experiment.jsonSchema, terminator: "") }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Reads a file, builds model, loss and metrics for the data, and prints the file with all defaults.",
            discussion: "Nothing is trained. Exit code 65 and every problem, a line each, if there is one.")

        @Argument(help: "An experiment file (.yaml, .json), or a network of the zoo.")
        var file: String

        @OptionGroup var settings: SettingOptions

        func run() throws {
            let file = try settings.file(file)
            let problems = file.problems
            guard problems.isEmpty else { throw failure(problems) }
            let experiment = try file.experiment()
            do {
                _ = try experiment.model.model()
            } catch {
                throw failure([file.located("\(error)", at: "model")])
            }
            do {
                for remark in try experiment.tryOut().remarks { Terminal.note(remark) }
            } catch let error as any ApusError where error is GraphError || error.failureKind == .setting {
                throw failure([error.description])
            }
            try Terminal.print(experiment.yaml(), terminator: "")
        }

        /// Prints problems to standard error, and ends with the code of bad data.
        private func failure(_ problems: [String]) -> ExitCode {
            for problem in problems { Terminal.write("error: \(problem.printable)\n") }
            return .malformed
        }
    }
}
