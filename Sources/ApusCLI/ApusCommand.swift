import Apus
import ApusConfiguration
import ApusExperiments
import ArgumentParser
import Foundation

@main
struct ApusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus", abstract: "Trains neural networks, and tells why one does not learn.",
        discussion: """
            Progress goes to standard error, results to standard output. Exit codes: 0 done, 1 the run failed, 3 the loss \
            diverged, 64 usage, 65 bad data, 66 missing input, 74 input or output failed, 130 interrupted.
            """,
        version: ApusVersion.current,
        subcommands: [
            Train.self, Evaluate.self, Predict.self, Tune.self, CrossValidate.self, Runs.self, Summary.self,
            Gradcheck.self, ExperimentCommand.self, Bench.self,
        ])

    /// Runs the command; errors end it with the exit code of their kind.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error as any ApusError {
            Terminal.write("error: \("\(error)".printable)\n")
            Foundation.exit(error.failureKind.exitCode)
        } catch {
            exit(withError: error)
        }
    }
}

extension ExitCode {
    /// The end of a command whose files or data are wrong.
    static let malformed = ExitCode(FailureKind.malformed.exitCode)
    /// The end of a command that was interrupted.
    static let interrupted = ExitCode(130)
}

/// What the terminal can show.
enum Terminal {
    /// Whether progress is seen by a person.
    static let isInteractive = isatty(2) != 0
    static let usesColor = isInteractive && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty

    /// Writes to standard error.
    static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

    /// Tells what may be of interest and stops nothing.
    static func note(_ text: String) { write("note: \(text.printable)\n") }

    static func dim(_ text: String) -> String { usesColor ? "\u{1B}[2m\(text)\u{1B}[0m" : text }
    static func bold(_ text: String) -> String { usesColor ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
}
