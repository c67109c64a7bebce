import Apus
import ArgumentParser
import Foundation

struct Runs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Looks at finished runs.", subcommands: [Compare.self, Report.self])

    struct Compare: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Shows what sets runs apart: their settings and what came of them.",
            discussion: "Example: apus runs compare runs/lenet5-1 runs/lenet5-2 --output compare.html")

        @Argument(help: ArgumentHelp("The folders of two or more runs.", valueName: "run"))
        var folders: [String]

        @Option(help: "Also writes the curves into this file: a page (.html) or a picture (.svg).")
        var output: String?

        func validate() throws {
            guard folders.count > 1 else { throw ValidationError("give at least two runs") }
            guard let output else { return }
            guard [".html", ".svg"].contains(where: output.lowercased().hasSuffix) else {
                throw ValidationError("--output must end in .html or .svg, received \(output)")
            }
        }

        func run() throws {
            let comparison = RunComparison(try folders.map { try .init(RunFolder(existing: $0)) })
            print(comparison)
            guard let output else { return }
            try AtomicFile.write(output.lowercased().hasSuffix(".svg") ? comparison.svg : comparison.html, to: output)
        }
    }

    struct Report: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes plots/ and report.html of a run anew, with the weights that are kept.",
            discussion: "Example: apus runs report runs/lenet5-1")

        @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run"))
        var runFolder: String

        func run() throws {
            let finished = try FinishedRun(runFolder)
            let data = try finished.experiment.data.load(seed: finished.experiment.seed)
            var report = RunReport(finished.experiment)
            report.record = try? finished.folder.record()
            report.history = try finished.folder.history()
            report.summary = try finished.experiment.model.model().summary(input: data.sampleShape)
            try report.look(at: finished.trainer, training: data.training, test: data.test)
            try report.write(to: finished.folder)
            print("\(finished.folder.path)/report.html")
        }
    }
}
