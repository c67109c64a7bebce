import Apus
import ApusConfiguration
import ApusConfigurationFiles
import ApusExperiments
import ApusSearch
import ArgumentParser
import Foundation

struct Tune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Searches over settings of an experiment; every trial is a run.",
        discussion: """
            Example: apus tune lenet5 --over 'optimizer.adam.learningRate={log: [0.0001, 0.1]}' --trials 20
            A search that was interrupted continues with the same command; with other settings it needs another name, or --anew.
            """)

    @OptionGroup var options: ExperimentOptions

    @Option(help: "A file with the search (.yaml, .json): space, strategy, trials, objective, pruner, folds, seed.")
    var search: String?

    @Option(
        help: ArgumentHelp(
            "A path to search over and its values, for instance batchSize={choice: [32, 64]}; may be repeated.",
            valueName: "path=domain"))
    var over: [String] = []

    @Option(help: "How to choose: grid, random, tpe, gaussianProcess, {hyperband: 27}, {successiveHalving: …}.")
    var strategy: String?

    @Option(help: "How many trials.")
    var trials: Int?

    @Option(help: "What is minimized or maximized: {maximize: validation.accuracy}.")
    var objective: String?

    @Option(help: "When a trial is given up: none, median, {percentile: {percentile: 25}}.")
    var pruner: String?

    @Option(help: "Folds of the data each trial trains on; its score is their mean.")
    var folds: Int?

    @Option(help: "Trials that run at once, each in a process with its share of the cores.")
    var workers = 1

    @Option(help: "What the search is called; by default the experiment's name with -search.")
    var name: String?

    @Option(help: "The folder for the trials' runs and the database of searches.")
    var folder = "runs"

    @Flag(help: "Removes the search of this name with its trials' runs, and begins it again.")
    var anew = false

    @Flag(help: .hidden)
    var isWorker = false

    func validate() throws {
        guard workers >= 1 else { throw ValidationError("--workers must be at least 1, received \(workers)") }
        guard search != nil || !over.isEmpty else {
            throw ValidationError("give something to search over: --over PATH=DOMAIN, or --search FILE")
        }
    }

    func run() throws {
        let file = try options.file()
        let name = try name ?? "\(file.experiment().name)-search"
        let catalog = try RunCatalog(folder)
        if anew, !isWorker { try Tuning.remove(name, in: catalog.store, folder: "\(folder)/\(name)") }
        let tuning = try Tuning(
            file, try describedSearch(), name: name, in: catalog.store, folder: "\(folder)/\(name)")
        Interrupt.install()
        if !isWorker {
            let before = try tuning.study.trials()
            let done = before.count { $0.finished != nil }
            let total = tuning.study.search.trialLimit
            Terminal.write(
                "\(Terminal.bold(name)): \(total) trials of \(tuning.study.search.space.paths.joined(separator: ", "))"
                    + (done > 0 ? "; \(done) are done" : "") + "; database \(catalog.store.path)\n")
            let wanted = tuning.study.search.wantedTrials
            if wanted > total {
                Terminal.note(
                    "there are no more than \(total) different trials, so the search ends after them, not after \(wanted)"
                )
            }
        }
        let isComplete =
            if workers > 1, !isWorker {
                try coordinate(tuning)
            } else {
                try tuning.run(callbacks: [Interrupt.callback]) { if !isWorker { show($0, tuning) } }
            }
        if isWorker { throw isComplete ? ExitCode.success : Interrupt.exitCode }
        try catalog.update(report: Terminal.note)
        try Terminal.print(tuning.table())
        guard isComplete else {
            Terminal.write("interrupted; the same command continues it\n")
            throw Interrupt.exitCode
        }
        guard let best = try tuning.study.best(), let score = best.score else {
            throw TrainingError("no trial has a score", kind: .malformed)
        }
        Terminal.write(
            "best: trial \(best.number), \(tuning.study.search.objective.metric) \(Measurements.rounded(score))\n"
                + "  apus train \(best.folder ?? "")/\(Experiment.fileName)\n")
    }

    /// The search of the file, with what the options say above it.
    private func describedSearch() throws -> Search {
        var file = try LayeredFile<Search>(
            yaml: try search.map { try ModelArgument.text(of: $0) }, path: search ?? "the search")
        for dimension in over {
            guard let sign = dimension.firstIndex(of: "=") else {
                throw ValidationError(
                    "--over expects PATH=DOMAIN, for instance batchSize={choice: [32, 64]}, received \(dimension)")
            }
            let domain = String(dimension[dimension.index(after: sign)...])
            file = try file.replacing("space", String(dimension[..<sign]), with: domain)
        }
        return try file.replacing("strategy", with: strategy).replacing("trials", with: trials)
            .replacing("objective", with: objective).replacing("pruner", with: pruner).replacing("folds", with: folds)
            .value()
    }

    private func show(_ trial: Trial, _ tuning: Tuning) {
        let result: String =
            switch trial.state {
            case .complete: "\(tuning.study.search.objective.metric) \(Measurements.rounded(trial.score ?? .nan))"
            case .pruned: "pruned"
            case .failed, .diverged: "\(trial.state): \(trial.error ?? "")"
            case .waiting, .running: "\(trial.state)"
            }
        Terminal.write("trial \(trial.number)  \(trial.assignment)  \(result)\n")
    }

    // MARK: Workers

    /// Starts workers and tells what they finish.
    ///
    /// - Returns: Whether all trials are done.
    private func coordinate(_ tuning: Tuning) throws -> Bool {
        let cores = max(1, Device.threadCount / workers)
        let processes = try (0..<workers).map { _ in
            let process = Process()
            process.executableURL = try URL(
                filePath: FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            process.arguments = RootCommand.arguments + ["--is-worker"]
            process.environment = ProcessInfo.processInfo.environment.merging(["OMP_NUM_THREADS": "\(cores)"]) { $1 }
            try process.run()
            return process
        }
        var shown = Set(try tuning.study.trials().filter { $0.finished != nil }.map(\.number))
        func showNew() throws {
            for trial in try tuning.study.trials() where trial.finished != nil && shown.insert(trial.number).inserted {
                show(trial, tuning)
            }
        }
        while processes.contains(where: \.isRunning) {
            Thread.sleep(forTimeInterval: 0.2)
            try showNew()
            // A signal to this process alone is passed on.
            if Interrupt.isRequested { for process in processes where process.isRunning { process.terminate() } }
        }
        try showNew()
        if let failed = processes.first(where: { $0.terminationStatus != 0 && !Interrupt.wasInterrupted($0) }) {
            throw TrainingError("a worker ended with the status \(failed.terminationStatus)", kind: .malformed)
        }
        return processes.allSatisfy { $0.terminationStatus == 0 }
    }
}
