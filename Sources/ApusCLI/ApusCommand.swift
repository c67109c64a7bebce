import Apus
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

    /// Runs the command; errors end it with the exit code of their sort.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error where error is ExitCode || error is CleanExit || error is ValidationError {
            exit(withError: error)
        } catch {
            guard let code = Failure.exitCode(error) else { exit(withError: error) }
            Terminal.write("error: \(error)\n")
            Foundation.exit(code)
        }
    }
}

/// How failures end the process.
enum Failure {
    static let diverged: Int32 = 3
    static let usage: Int32 = 64
    static let badData: Int32 = 65
    static let missingInput: Int32 = 66
    static let inputOutput: Int32 = 74
    static let interrupted: Int32 = 130

    /// The exit code of an error of ours; `nil` for one of the argument parser's.
    static func exitCode(_ error: any Error) -> Int32? {
        switch error {
        case let error as any ApusError: error.failureKind.exitCode
        case is DivergenceError: diverged
        case let error as FormatError:
            switch error.kind {
            case .missing: missingInput
            case .system: inputOutput
            case .malformed, .unsupported, .mismatch: badData
            }
        case let error as DatasetError: error.kind == .missing ? missingInput : badData
        case let error as TrainingError:
            switch error.kind {
            case .setting: usage
            case .missing: missingInput
            case .malformed: badData
            }
        case let error as SearchError:
            switch error.kind {
            case .setting: usage
            case .missing: missingInput
            case .malformed: badData
            case .file: inputOutput
            }
        case is GraphError, is ProgramError, is VariablesError, is WeightsError: badData
        default: nil
        }
    }
}

/// What the terminal can show.
enum Terminal {
    /// Whether progress is seen by a person.
    static let isInteractive = isatty(2) != 0
    static let usesColor = isInteractive && (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty

    /// Writes to standard error.
    static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

    /// Tells what may be of interest and stops nothing.
    static func note(_ text: String) { write("note: \(text)\n") }

    static func dim(_ text: String) -> String { usesColor ? "\u{1B}[2m\(text)\u{1B}[0m" : text }
    static func bold(_ text: String) -> String { usesColor ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
}
