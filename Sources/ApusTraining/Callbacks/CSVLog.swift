public import ApusConfiguration
import ApusFormats

/// Writes a table of the epochs: `metrics.csv` in the folder of the run.
public struct CSVLog: CallbackRule, Configurable {
    /// The name of the file, or its path.
    public var file: String
    private var memory = Memory<String?>(nil)

    public init(file: String = "metrics.csv") {
        self.file = file
    }

    public static let kind = "csv"
    public static let schema = Schema(
        CSVLog(), .leading("file", \.file, hasDefault: true, isLabelled: true))

    public mutating func prepare(_ plan: TrainingPlan) throws {
        memory.value = file.contains("/") ? file : plan.folder.map { "\($0)/\(file)" }
        guard memory.value != nil else {
            throw TrainingError(
                "the table \(file) has no folder: give a path such as ./\(file), or give the training a folder")
        }
    }

    public mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
        guard case .epochEnded = event, let path = memory.value, let first = training.history.epochs.first else {
            return
        }
        var columns = ["epoch", "step"] + first.training.names.map { "training.\($0)" }
        columns += (first.validation?.names ?? []).map { "validation.\($0)" }
        var rows = [columns + ["learningRate", "seconds", "samplesPerSecond"]]
        for record in training.history.epochs {
            var fields = ["\(record.epoch)", "\(record.step)"] + record.training.values.map { "\($0)" }
            fields += (record.validation?.values ?? []).map { "\($0)" }
            fields += ["\(record.learningRate)", "\(record.seconds)", "\(record.samplesPerSecond)"]
            rows.append(fields)
        }
        try AtomicFile.write(CSVRows.text(rows), to: path)
    }
}

extension Callback {
    /// Writes a table of the epochs.
    public static func csv(_ file: String = "metrics.csv") -> Callback { Callback(CSVLog(file: file)) }
}
