import Apus
import ApusConfiguration
import ApusExperiments
import ArgumentParser
import Foundation

/// The `apus` command.
struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apus", abstract: "Trains neural networks, and tells why one does not learn.",
        discussion: """
            Progress goes to standard error, results to standard output. Exit codes: 0 done, 1 the run failed, 3 the loss \
            diverged, 64 usage, 65 bad data, 66 missing input, 71 out of memory, 74 input or output failed, 129, 130 and 143 \
            interrupted by SIGHUP, SIGINT (Ctrl-C) and SIGTERM: training then keeps its weights and can be resumed.

            Networks of the zoo, such as mlp, lenet5 and resnet18, are listed by apus zoo.
            """,
        version: ApusVersion.current,
        subcommands: [
            Train.self, Evaluate.self, Predict.self, Generate.self, Import.self, Export.self, Verify.self, Tune.self,
            CrossValidate.self, Runs.self, Summary.self, Gradcheck.self, ExperimentCommand.self, Bench.self,
            ZooCommand.self, LabCommand.self, DoctorCommand.self,
        ])

    @OptionGroup var threads: ThreadOptions

    /// The arguments that this process was given, without those for all commands.
    private(set) nonisolated(unsafe) static var arguments: [String] = []

    /// Runs the command; errors end it with the exit code of their kind.
    ///
    /// - Parameter problems: Names that a program could not register.
    static func main(_ problems: [RegistrationError]) {
        Terminal.prepare()
        guard problems.isEmpty else {
            for problem in problems { Terminal.write("error: \("\(problem)".printable)\n") }
            Foundation.exit(ExitCode.validationFailure.rawValue)
        }
        do {
            arguments = try ThreadOptions.apply(Array(CommandLine.arguments.dropFirst()))
            if let problem = unknownCommand(arguments) { throw ValidationError(problem) }
            var command = try parseAsRoot(arguments)
            do {
                try command.run()
            } catch let error as ValidationError {
                Terminal.write("error: \(error.message)\n")
                Foundation.exit(exitCode(for: error).rawValue)
            }
        } catch {
            end(error)
        }
    }

    private static func end(_ error: any Error) -> Never {
        if let error = error as? any ApusError {
            Terminal.write("error: \("\(error)".printable)\n")
            Foundation.exit(error.failureKind.exitCode)
        }
        let (code, text) = (exitCode(for: error), fullMessage(for: error))
        if !text.isEmpty {
            if code.isSuccess {
                do { try Terminal.print(text) } catch { end(error) }
            } else {
                Terminal.write(text + "\n")
            }
        }
        Foundation.exit(code.rawValue)
    }

    /// What is wrong with the first word, if it is no command.
    private static func unknownCommand(_ arguments: [String]) -> String? {
        let known = configuration.subcommands.map { $0._commandName } + ["help"]
        guard let first = arguments.first, !first.hasPrefix("-"), !known.contains(first) else { return nil }
        return "there is no command \(first.shown) (\(Names.hint(first, known)))"
    }
}

extension ExitCode {
    /// The end of a command whose files or data are wrong.
    static let malformed = ExitCode(FailureKind.malformed.exitCode)
}

/// How many threads compute: an option of all commands, wherever it stands.
///
/// The parser knows it for the sake of `--help` alone; `apply` takes it out before arguments are parsed.
struct ThreadOptions: ParsableArguments {
    @Option(help: "Threads that compute; by default OMP_NUM_THREADS, or one a core. Any command takes it.")
    var threads: Int?

    /// Sets the number of threads that arguments ask for.
    ///
    /// - Returns: The other arguments.
    static func apply(_ arguments: [String]) throws -> [String] {
        let name = "--threads"
        var rest: [String] = []
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            if argument == "--" { return rest + [argument] + arguments[index...] }
            let text: String
            if argument == name {
                guard index < arguments.count else { throw ValidationError("\(name) needs a number") }
                text = arguments[index]
                index += 1
            } else if argument.hasPrefix(name + "=") {
                text = String(argument.dropFirst(name.count + 1))
            } else {
                rest.append(argument)
                continue
            }
            guard let count = Int(text), (1...1024).contains(count) else {
                throw ValidationError("\(name) expects a number in 1…1024, received \(text.shown)")
            }
            Device.threadCount = count
        }
        return rest
    }
}
