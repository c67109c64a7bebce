import Apus
import ApusConfiguration
import ApusDoctor
import ApusExperiments
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
        let diagnosis = try doctor.examine(experiment)
        if let repair {
            try diagnosis.repaired(experiment).yaml().write(toFile: repair, atomically: true, encoding: .utf8)
        }
        try Terminal.print(json ? diagnosis.json() : "\(diagnosis)")
    }

    private func experiment() throws -> Experiment {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: file, isDirectory: &isFolder), isFolder.boolValue {
            return try RunFolder(existing: file).experiment().setting(settings.assignments, path: file)
        }
        return try settings.file(file).experiment()
    }
}
