import Apus
import ApusExperiments
import ApusFormats
import ApusReport
import ArgumentParser
import Foundation

struct Runs: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Looks at runs.", subcommands: [List.self, Show.self, Best.self, Compare.self, Report.self])

    /// Where runs are.
    struct CatalogOptions: ParsableArguments {
        @Option(help: "The folder of runs.")
        var folder = "runs"

        /// The catalog, as the folders are now.
        func catalog() throws -> RunCatalog {
            guard FileManager.default.fileExists(atPath: folder) else {
                throw TrainingError(
                    "there is no folder \(folder); `apus train` makes it, --folder names another", kind: .missing)
            }
            let catalog = try RunCatalog(reading: folder, report: Terminal.note)
            try catalog.update(report: Terminal.note)
            return catalog
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists runs, the latest first.", discussion: "Example: apus runs list")

        @OptionGroup var options: CatalogOptions

        @Flag(help: "Prints JSON.")
        var json = false

        func run() throws {
            let catalog = try options.catalog()
            let runs = try catalog.store.runs()
            guard !json else { return try Terminal.print(RunTable.json(runs, in: catalog)) }
            try Terminal.print(
                RunTable.text(runs, in: catalog, metrics: ["validation.loss", "validation.accuracy", "test.accuracy"]))
        }
    }

    struct Best: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the runs with the best value of a metric in any of their epochs.",
            discussion: "Example: apus runs best --metric validation.accuracy")

        @OptionGroup var options: CatalogOptions

        @Option(help: "What counts; losses and errors are minimized, all else is maximized.")
        var metric = "validation.loss"

        @Option(help: "How many runs.")
        var limit = 10

        @Flag(help: "Prints JSON.")
        var json = false

        func run() throws {
            let catalog = try options.catalog()
            let isLess = MonitorMode.auto.minimizes(metric)
            let runs = try catalog.store.bestRuns(
                isLess ? .minimize(metric: metric) : .maximize(metric: metric), limit: limit)
            guard !runs.isEmpty else {
                let known = Set(try catalog.store.runs().flatMap { $0.best.keys }).sorted()
                throw TrainingError(
                    "no run has measured \(metric)"
                        + (known.isEmpty ? "" : "; there are \(known.joined(separator: ", "))"), kind: .missing)
            }
            guard !json else { return try Terminal.print(RunTable.json(runs, in: catalog)) }
            try Terminal.print(RunTable.text(runs, in: catalog, metrics: [metric], isBest: true))
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Tells how a run was made, how it went, and what is in its folder.",
            discussion: "Example: apus runs show runs/lenet5-1")

        @OptionGroup var trained: RunArgument

        func run() throws { try Terminal.print(RunDescription(trained.folder())) }
    }

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
            let comparison = RunComparison(
                try folders.map { try .init(RunFolder(existing: $0), report: Terminal.note) })
            try Terminal.print(comparison)
            guard let output else { return }
            try AtomicFile.write(output.lowercased().hasSuffix(".svg") ? comparison.svg : comparison.html, to: output)
        }
    }

    struct Report: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Writes plots/ and report.html of a run anew, with the weights that are kept.",
            discussion: "Example: apus runs report runs/lenet5-1")

        @OptionGroup var trained: RunArgument

        func run() throws {
            let finished = try trained.finished()
            try finished.writeReport(report: Terminal.note)
            try Terminal.print("\(finished.folder.path)/\(RunReport.fileName)")
        }
    }
}
