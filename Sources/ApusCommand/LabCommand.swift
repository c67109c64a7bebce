import Apus
import ApusConfiguration
import ApusExperiments
import ApusLab
import ArgumentParser
import Foundation
import Synchronization

struct LabCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab", abstract: "Runs the course as experiments that say whether what is taught holds.",
        discussion: """
            Every experiment asks a question, measures it with several seeds and decides claims whose thresholds were fixed \
            before. Results, pictures and pages go to the folder lab. What is finished is kept: a run that was stopped goes on \
            where it was. Whatever the verdicts, the exit code is 0, unless --expect says which are expected. Experiments whose \
            data are missing are left out and named at the end; then it is 66.
            """,
        subcommands: [List.self, Run.self, Show.self, Open.self, WriteCourse.self], defaultSubcommand: List.self)

    struct FolderOption: ParsableArguments {
        @Option(help: ArgumentHelp("The folder of results and pages.", valueName: "folder"))
        var output = "lab"
    }

    /// The experiment of a name or number.
    static func experiment(_ name: String) throws -> any LabExperiment {
        guard let found = Lab.experiment(name) else {
            throw ValidationError(
                "there is no experiment \(name.quoted) (\(Names.hint(name, Lab.experiments.map(\.about.id))))")
        }
        return found
    }

    /// The language that an option names.
    static func language(_ text: String) throws -> Language {
        guard let language = Language.allCases.first(where: { [$0.rawValue, "\($0)"].contains(text) }) else {
            throw ValidationError("expected the language en or ko but received \(text.quoted)")
        }
        return language
    }

    // MARK: List

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "Lists the experiments, with the time that each takes on two cores.")

        @Flag(help: "Prints a JSON array.")
        var json = false
        @Option(help: "The language of titles: en or ko.", transform: LabCommand.language)
        var language = Language.english

        func run() throws {
            let abouts = Lab.experiments.map(\.about)
            guard !json else {
                return try Terminal.print(
                    FileJSON.text(
                        abouts.map { about in
                            Line(
                                id: about.id, number: about.number,
                                titles: Dictionary(
                                    uniqueKeysWithValues: Language.allCases.map { ($0.rawValue, about.title[$0]) }),
                                seconds: about.seconds, seeds: about.seeds)
                        }, isPretty: true))
            }
            let table = TextTable(
                header: ["", "name", "title", "question", "time"],
                rows: abouts.map {
                    [
                        $0.number, $0.id, $0.title[language], $0.question[language],
                        ProgressLine.duration($0.seconds.rounded()),
                    ]
                })
            try Terminal.print(table.description)
        }

        private struct Line: Encodable {
            var id: String
            var number: String
            var titles: [String: String]
            var seconds: Double
            var seeds: Int
        }
    }

    // MARK: Run

    struct Run: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "run", abstract: "Runs experiments and writes their pages.")

        @Argument(help: ArgumentHelp("Names or numbers of experiments.", valueName: "name"))
        var names: [String] = []
        @Flag(help: "Runs all of them.")
        var all = false
        @Option(help: ArgumentHelp("The number of seeds; that of the experiment unless given.", valueName: "n"))
        var seeds: Int?
        @Flag(help: "Three seeds, and smaller arms where whole ones take long.")
        var quick = false
        @Flag(help: "The seeds 1000 and up, on which thresholds are chosen before the seeds of the verdicts run.")
        var pilot = false
        @Option(
            help: "The language in which pages open: en or ko. Every page has both.", transform: LabCommand.language)
        var language = Language.english
        @Option(
            help: ArgumentHelp(
                "Compares the verdicts with those of a file, {\"NAME\": {\"CLAIM\": \"held\"}}; exit code 1 where they differ.",
                valueName: "file"))
        var expect: String?
        @OptionGroup var folder: FolderOption

        func validate() throws {
            guard all != !names.isEmpty else {
                throw ValidationError("expected names of experiments or --all; apus lab lists them")
            }
            if let seeds, !(1...100_000).contains(seeds) {
                throw ValidationError("expected 1 to 100000 seeds but received \(seeds)")
            }
        }

        func run() throws {
            let experiments = all ? Lab.experiments : try names.map(LabCommand.experiment)
            let expected = try expect.map { try LabExpectations(file: $0) }
            Interrupt.install()
            var differences: [String] = []
            var lacking: [LabAbout] = []
            for experiment in experiments {
                let about = experiment.about
                let progress = LabProgressLine("\(about.number) \(about.title[language])", language)
                let runner = LabRunner(
                    folder: folder.output, seeds: seeds, size: quick ? .quick : .whole,
                    firstSeed: pilot ? 1000 : 1, isStopped: { Interrupt.isRequested },
                    progress: { progress.show($0) })
                let outcome: LabOutcome?
                do {
                    outcome = try Lab.run(experiment, with: runner, language: language)
                } catch let error as LabError where error.failureKind == .missing {
                    // The others may have what they need.
                    progress.clear()
                    Terminal.note("\(about.number) \(about.id): \(error)")
                    lacking.append(about)
                    continue
                }
                progress.clear()
                guard let outcome else { throw Interrupt.exitCode }
                try Terminal.print(outcome.text(language))
                differences += expected?.differences(outcome) ?? []
            }
            if lacking.count < experiments.count { try Terminal.print(Lab.indexPath(in: folder.output)) }
            try report(differences, lacking)
        }

        /// Ends with an error where verdicts are others than expected, or where experiments did not run.
        private func report(_ differences: [String], _ lacking: [LabAbout]) throws {
            for difference in differences { Terminal.write("error: \(difference)\n") }
            if !lacking.isEmpty {
                let names = lacking.map { "\($0.number) \($0.id)" }.joined(separator: ", ")
                Terminal.write("error: for lack of data did not run: \(names)\n")
            }
            if !differences.isEmpty { throw ExitCode.failure }
            if !lacking.isEmpty { throw ExitCode(FailureKind.missing.exitCode) }
        }
    }

    // MARK: Show and open

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Prints what an experiment is, and its claims.")

        @Argument(help: "The name or number of an experiment.")
        var name: String
        @Option(help: "The language: en or ko.", transform: LabCommand.language)
        var language = Language.english

        func run() throws {
            try Terminal.print(try LabCommand.experiment(name).text(language))
        }
    }

    struct Open: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "open", abstract: "Prints the path of the page over all experiments.")

        @OptionGroup var folder: FolderOption

        func run() throws {
            let path = Lab.indexPath(in: folder.output)
            if !FileManager.default.fileExists(atPath: path) { try Lab.writeIndex(folder.output) }
            try Terminal.print(URL(filePath: path).standardizedFileURL.path)
        }
    }
}

extension LabCommand {
    struct WriteCourse: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "course", abstract: "Writes the course as text with pictures, from experiments that have run.")

        @Argument(help: ArgumentHelp("The folder of Course.md and Course.ko.md.", valueName: "folder"))
        var destination: String
        @OptionGroup var folder: FolderOption

        func run() throws {
            let missing = try Lab.writeCourse(to: destination, from: folder.output)
            if !missing.isEmpty {
                Terminal.note("left out, for they have not run whole: \(missing.joined(separator: ", "))")
            }
            try Terminal.print("\(destination)/Course.md")
        }
    }
}

/// The line of a running experiment: a rewritten one on a terminal, else one for each tenth.
private final class LabProgressLine: Sendable {
    private let head: String
    private let language: Language
    private let lastTenth = Mutex(-1)

    init(_ head: String, _ language: Language) {
        self.head = head
        self.language = language
    }

    func show(_ progress: LabProgress) {
        let left = progress.remainingSeconds.map(ProgressLine.duration) ?? "?"
        let measured = "\(progress.arm[language]), seed \(progress.seed)"
        let fraction = Double(progress.finished) / Double(max(1, progress.count))
        if Terminal.isInteractive {
            let line = ProgressLine(head: head, fraction: fraction, measured: measured, rate: "", left: left)
            Terminal.write("\r\u{1B}[2K" + line.text(width: Terminal.width, dim: Terminal.dim))
            return
        }
        let tenth = Int(fraction * 10)
        let isNew = lastTenth.withLock { last in
            defer { last = tenth }
            return last != tenth
        }
        guard isNew else { return }
        Terminal.write("\(head): \(progress.finished) of \(progress.count), \(left) left\n")
    }

    func clear() {
        if Terminal.isInteractive { Terminal.write("\r\u{1B}[2K") }
    }
}

extension LabOutcome {
    /// The verdicts, two lines each.
    fileprivate func text(_ language: Language) -> String {
        let lines = claims.map { decided in
            "  \(decided.verdict.title[language]): \(decided.claim.statement[language])\n      \(decided.sentence(language))"
        }
        return (["\(about.number) \(about.title[language])"] + lines).joined(separator: "\n")
    }
}

extension LabExperiment {
    /// What the experiment is, and its claims with their thresholds.
    fileprivate func text(_ language: Language) -> String {
        let arms = arms(.whole)
        var lines = [
            "\(about.number) \(about.title[language]) (\(about.id))", about.question[language], "",
            about.setup[language], "",
            Words("\(arms.count) arms, \(about.seeds) seeds:", "설정 \(arms.count)개, 시드 \(about.seeds)개:")[language],
        ]
        lines += arms.map { "  \($0.id): \($0.title[language])" }
        lines += ["", Words("Claims:", "주장:")[language]]
        lines += claims.map { "  \($0.id): \($0.statement[language])\n      \($0.thresholdText(language))" }
        return lines.joined(separator: "\n")
    }
}
