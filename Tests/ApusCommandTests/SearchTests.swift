import Foundation
import Testing

/// Searches and cross-validations: what they print, how they are interrupted, and that they go on.
@Suite struct SearchTests {
    private static let tune = "tune d.yaml --over 'seed={choice: [1, 2, 3]}' --strategy grid --folder"

    /// The loss of the last epoch on the validation part, as it is printed.
    private func loss(_ command: Command, _ run: String) throws -> Double {
        let line = try #require(command.text("\(run)/metrics.csv").split(separator: "\n").last)
        return try #require(Double(line.split(separator: ",")[4]))
    }

    private func shown(_ number: Double) -> String { String(format: "%.4f", number) }

    // MARK: What is printed

    @Test func tuneSaysWhatItFinds() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let result = try command.apus("\(Self.tune) t")
            let losses = try (0..<3).map { try loss(command, "t/d-search/trial-\($0)") }
            let ranked = (0..<3).sorted { losses[$0] < losses[$1] }
            #expect(
                result.output
                    == "trial  validation.loss  seed\n"
                    + ranked.map { "\($0)               \(shown(losses[$0]))     \($0 + 1)\n" }.joined())
            let best =
                "best: trial \(ranked[0]), validation.loss \(shown(losses[ranked[0]]))\n"
                + "  apus train t/d-search/trial-\(ranked[0])/experiment.yaml\n"
            #expect(
                result.errors
                    == "d-search: 3 trials of seed; database t/runs.sqlite\n"
                    + (0..<3).map { "trial \($0)  seed: \($0 + 1)  validation.loss \(shown(losses[$0]))\n" }.joined()
                    + best)
            // All is done: nothing is trained again. What is asked for beyond the grid is said.
            let again = try command.apus("\(Self.tune) t")
            #expect(again.output == result.output)
            #expect(again.errors == "d-search: 3 trials of seed; 3 are done; database t/runs.sqlite\n" + best)
            let more = try command.apus("\(Self.tune) t --name more --trials 5")
            #expect(
                more.errors.hasPrefix(
                    "more: 3 trials of seed; database t/runs.sqlite\n"
                        + "note: there are no more than 3 different trials, so the search ends after them, not after 5\n"
                ))
            let other = try command.shell("apus \(Self.tune) t --set epochs=3")
            #expect(other.code == 64)
            #expect(
                other.errors
                    == "error: the study d-search in t/runs.sqlite was begun with other settings: epochs is 3, it was 2. Give this search another name, or begin it anew: --anew of the command, TrialStore.removeStudy in Swift.\n"
            )
            #expect(
                try command.apus("\(Self.tune) t --trials 2 --anew").errors.hasPrefix("d-search: 2 trials of seed; "))
            #expect(!command.exists("t/d-search/trial-2"))
        }
    }

    /// What is maximized is ranked from above; a trial that diverges is told, and the search goes on.
    @Test func tuneMaximizes() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let result = try command.apus(
                "tune d.yaml --over 'optimizer.sgd.learningRate={choice: [0.1, 1e30, 0.000001]}' --strategy grid --folder t "
                    + "--set optimizer=sgd --objective '{maximize: training.accuracy}'")
            let rows = result.lines.dropFirst().map { $0.split(separator: " ", maxSplits: 2).map(String.init) }
            #expect(result.lines.first?.hasPrefix("trial  training.accuracy  optimizer.sgd.learningRate") == true)
            #expect(rows.count == 3 && rows[2].prefix(2) == ["1", "diverged"], "\(result.output)")
            let scores = rows.prefix(2).compactMap { Double($0[1]) }
            #expect(scores.count == 2 && scores[0] >= scores[1])
            #expect(
                result.errors.contains(
                    "trial 1  optimizer.sgd.learningRate: 1e+30  diverged: training diverged at step"))
            #expect(result.errors.contains("best: trial \(rows[0][0]), training.accuracy \(rows[0][1])\n"))
        }
    }

    @Test func workersShareTheTrials() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let alone = try command.apus("\(Self.tune) t")
            let together = try command.apus("\(Self.tune) u --workers 2 --threads 1")
            #expect(together.output == alone.output)
            #expect(together.errorLines.count == alone.errorLines.count)
            #expect(
                Set(together.errorLines) == Set(alone.errorLines.map { $0.replacing("t/", with: "u/")[...] }),
                "\(together.errors)")
        }
    }

    @Test func crossValidationSaysWhatItFinds() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let result = try command.apus("cross-validate d.yaml --folds 2 --run c")
            let rows = (1...2).map { fold in
                command.text("c/fold-\(fold)/metrics.csv").split(separator: "\n").last!.split(separator: ",")
                    .map { Double($0)! }
            }
            func row(_ name: String, _ column: Int, _ value: ([Double]) -> Double) -> String {
                shown(value(rows.map { $0[column] }))
            }
            func mean(_ values: [Double]) -> Double { (values[0] + values[1]) / 2 }
            func deviation(_ values: [Double]) -> Double { abs(values[0] - values[1]) / 2.0.squareRoot() }
            let lines: [(String, ([Double]) -> Double)] = [
                ("1                 ", { $0[0] }), ("2                 ", { $0[1] }), ("mean              ", mean),
                ("standard deviation", deviation),
            ]
            #expect(
                result.output
                    == "fold                  loss  accuracy\n"
                    + lines.map { "\($0)  \(row($0, 4, $1))    \(row($0, 5, $1))\n" }.joined())
            let folds = (0..<2).map {
                "fold \($0 + 1) of 2: loss \(shown(rows[$0][4])), accuracy \(shown(rows[$0][5]))"
            }
            let said = result.errorLines.map(String.init)
            #expect(said.filter { $0.hasPrefix("fold") } == folds)
            #expect(
                said.map { $0.prefix(9) } == [
                    "epoch 1/2", "epoch 2/2", "fold 1 of", "epoch 1/2", "epoch 2/2", "fold 2 of",
                ])
            // What is complete is kept, and told again.
            let again = try command.apus("cross-validate d.yaml --folds 2 --run c")
            #expect(again.output == result.output && again.errorLines.map(String.init) == folds)
            for setting in ["seed=3", "epochs=1"] {
                let other = try command.shell("apus cross-validate d.yaml --folds 2 --run c --set \(setting)")
                #expect(other.code == 64 && other.output == "", "\(other)")
                #expect(
                    other.errors
                        == "error: c/fold-1 holds the run of another experiment; choose another folder, or remove it\n")
            }
            // More epochs go on from there.
            let more = try command.apus("cross-validate d.yaml --folds 2 --run c --set epochs=3").errorLines
            #expect(more.first == "resuming in epoch 3 of 3" && more.count == 6)
        }
    }

    // MARK: Interrupted

    /// Long enough to be interrupted in the midst: an epoch takes its time in kernels, in debug and in release.
    private static let long =
        "--set epochs=30 --set batchSize=100 --set data.source.blobs.count=2000 --set 'model=[{dense: 400}, {dense: 400}, {dense: 2}]' "
        + "--threads 1"

    private func interrupt(_ command: Command, _ arguments: String, in run: String, _ number: Int32) throws
        -> Command.Result
    {
        try command.shell("exec apus \(arguments)") { process in
            #expect(command.waits(for: "\(run)/metrics.csv", lines: 3))
            kill(process.processIdentifier, number)
        }
    }

    /// The trial that is under way keeps its weights, and the same command ends like one that was left alone.
    @Test(arguments: [SIGINT, SIGTERM]) func tuneGoesOn(_ number: Int32) throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let arguments = "\(Self.tune.replacing(", 3", with: "")) t \(Self.long)"
            let cut = try interrupt(command, arguments, in: "t/d-search/trial-1", number)
            #expect(cut.code == 128 + number)
            #expect(cut.lines.count == 2 && cut.lines[1].hasPrefix("0 "), "\(cut.output)")
            #expect(cut.errors.hasSuffix("\ninterrupted; the same command continues it\n"), "\(cut.errors)")
            #expect(!cut.errors.contains("best:"))
            #expect(command.text("t/d-search/trial-1/run.json").contains(#""state" : "interrupted""#))
            let done = command.bytes("t/d-search/trial-0/metrics.csv")

            let rest = try command.apus(arguments)
            #expect(rest.errors.hasPrefix("d-search: 2 trials of seed; 1 are done; database t/runs.sqlite\ntrial 1"))
            #expect(command.bytes("t/d-search/trial-0/metrics.csv") == done)
            let whole = try command.apus(arguments.replacing(" t ", with: " u "))
            #expect(rest.output == whole.output)
            let weights = "d-search/trial-1/checkpoints/last/state.safetensors"
            let kept = try #require(command.bytes("t/\(weights)"))
            #expect(kept == command.bytes("u/\(weights)"))
        }
    }

    @Test(arguments: [SIGINT, SIGTERM]) func crossValidationGoesOn(_ number: Int32) throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let arguments = "cross-validate d.yaml --folds 2 --run c \(Self.long)"
            let cut = try interrupt(command, arguments, in: "c/fold-2", number)
            #expect(cut.code == 128 + number)
            #expect(cut.output == "")
            #expect(cut.errors.hasSuffix("\ninterrupted; the same command with --run c continues it\n"))
            #expect(cut.errorLines.count { $0.hasPrefix("fold ") } == 1)
            #expect(command.text("c/fold-2/run.json").contains(#""state" : "interrupted""#))
            let done = command.bytes("c/fold-1/metrics.csv")

            let rest = try command.apus(arguments)
            #expect(command.bytes("c/fold-1/metrics.csv") == done)
            let whole = try command.apus(arguments.replacing(" c ", with: " w "))
            #expect(rest.output == whole.output)
            let weights = "fold-2/checkpoints/last/state.safetensors"
            let kept = try #require(command.bytes("c/\(weights)"))
            #expect(kept == command.bytes("w/\(weights)"))
        }
    }

    /// A signal to the command alone reaches its workers, whatever they are doing: trials, or starting.
    @Test(arguments: [true, false]) func workersAreInterrupted(_ isTraining: Bool) throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let arguments = "\(Self.tune) t --workers 2 --threads 2 --set epochs=100000"
            let cut = try command.shell("exec apus \(arguments)") { process in
                if isTraining {
                    for trial in 0..<2 {
                        #expect(command.waits(for: "t/d-search/trial-\(trial)/metrics.csv", lines: 3))
                    }
                } else {
                    #expect(command.waits(for: "stderr", lines: 1))
                }
                kill(process.processIdentifier, SIGTERM)
            }
            #expect(cut.code == 143, "\(cut)")
            #expect(cut.output == "trial  validation.loss  seed\n")
            #expect(cut.errorLines.last == "interrupted; the same command continues it")
            guard isTraining else { return }
            for trial in 0..<2 {
                let record = command.text("t/d-search/trial-\(trial)/run.json")
                #expect(record.contains(#""state" : "interrupted""#), "\(trial)")
            }
        }
    }

    /// A worker that is gone is a failure, and no search that ended.
    @Test func aWorkerThatIsKilled() throws {
        try Command.inFolder { command in
            try command.writeExperiments()
            let result = try command.shell("exec apus \(Self.tune) t --workers 2 --set epochs=100000") { process in
                #expect(command.waits(for: "t/d-search/trial-1/metrics.csv", lines: 3))
                let id = process.processIdentifier
                let workers = try String(contentsOfFile: "/proc/\(id)/task/\(id)/children", encoding: .utf8)
                for worker in workers.split(separator: " ").compactMap({ Int32($0) }) { kill(worker, SIGKILL) }
            }
            #expect(result.code == 65)
            #expect(result.errorLines.last == "error: a worker ended with the status 9")
            #expect(result.output == "")
        }
    }
}
