import Apus
import ApusConfiguration
import ApusDoctor
import ApusExperiments
import ApusFormats
import ApusReport
import ArgumentParser
import Foundation

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Finds out why a network does not learn, proves it by controlled trainings, and repairs it.",
        discussion: """
            Example: apus doctor experiment.yaml --repair repaired.yaml. Trains the experiment as it is and with one edit for each \
            suspicion, on the same data, order and random numbers; a cause is named if its edit does better on samples that are \
            held back, with fresh seeds, too. Exit code 0 whatever the verdict.
            """)

    @Argument(help: "An experiment file (.yaml, .json), a network of the zoo, or the folder of a run.")
    var file: String

    @OptionGroup var settings: SettingOptions

    @Option(help: ArgumentHelp("How long trainings may begin, such as 60s or 5m.", valueName: "time"))
    var budget: Duration = Duration(seconds: 60)

    @Option(help: ArgumentHelp("Writes the repaired experiment to this file.", valueName: "file"))
    var repair: String?

    @Option(help: ArgumentHelp("Writes the diagnosis as a page to this file.", valueName: "file"))
    var page: String?

    @Flag(help: "Prints one JSON object in place of text.")
    var json = false

    /// A time as an argument: `60`, `60s`, `5m`.
    struct Duration: ExpressibleByArgument, CustomStringConvertible {
        let seconds: Double

        init(seconds: Double) { self.seconds = seconds }

        init?(argument: String) {
            let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600]
            let unit = argument.last.flatMap { units[$0] }
            guard let value = Double(unit == nil ? argument : String(argument.dropLast())), value > 0, value.isFinite
            else {
                return nil
            }
            seconds = value * (unit ?? 1)
        }

        var description: String { "\(Int(seconds))s" }
    }

    func run() throws {
        let experiment = try experiment()
        let isQuiet = json
        let doctor = Doctor(budget: budget.seconds) { line in if !isQuiet { Terminal.write("\(line.printable)\n") } }
        let diagnosis =
            isRun && settings.assignments.isEmpty
            ? try doctor.examine(RunFolder(existing: file)) : try doctor.examine(experiment)
        if let repair { try AtomicFile.write(diagnosis.repaired(experiment).yaml(), to: repair) }
        if let page { try AtomicFile.write(diagnosis.page, to: page) }
        if isRun, settings.assignments.isEmpty { keep(diagnosis) }
        try Terminal.print(json ? diagnosis.json() : "\(diagnosis)")
    }

    private var isRun: Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: file, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// Keeps the diagnosis in the folder of the run, and shows it in its report; it is no failure if that can't be written.
    private func keep(_ diagnosis: Diagnosis) {
        do {
            let folder = try RunFolder(existing: file)
            try folder.write(diagnosis)
            try FinishedRun(folder).writeReport(report: Terminal.note)
            Terminal.write("report: \(folder.path)/\(RunReport.fileName)\n")
        } catch { Terminal.note("the report could not be written: \(error)") }
    }

    private func experiment() throws -> Experiment {
        if isRun {
            return try RunFolder(existing: file).experiment().setting(settings.assignments, path: file)
        }
        return try settings.file(file).experiment()
    }
}
