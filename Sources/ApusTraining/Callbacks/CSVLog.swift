public import ApusConfiguration
import ApusFormats

/// Writes a table of the epochs: `metrics.csv` in the folder of the run.
///
/// It has the columns of all epochs; what an epoch did not measure is empty. Numbers that are not finite are `nan`, `inf` and `-inf`.
///
/// ```swift
/// let data = Dataset.moons(seed: 1)
/// var trainer = Trainer(Dense(2), loss: .softmaxCrossEntropy, optimizer: .adam())
/// try trainer.fit(data, epochs: 3, batchSize: 50, callbacks: [.csv("./moons.csv")])
/// ```
public struct CSVLog: CallbackRule, Configurable {
    /// The name of the file, or its path.
    public var file: String
    private var memory = Memory<String?>(nil)

    /// The callback.
    ///
    /// - Parameter file: The name of the table in the folder of the run, or a path such as `./metrics.csv`.
    public init(file: String = "metrics.csv") {
        self.file = file
    }

    public static let kind = "csv"
    public static let schema = Schema(
        CSVLog(), .leading("file", \.file, hasDefault: true, isLabelled: true))

    public func files(in folder: String?) -> [String] { path(in: folder).map { [$0] } ?? [] }

    private func path(in folder: String?) -> String? {
        file.contains("/") ? file : folder.map { "\($0)/\(file)" }
    }

    public mutating func prepare(_ plan: TrainingPlan) throws {
        memory.value = path(in: plan.folder)
        guard memory.value != nil else {
            throw TrainingError(
                "the table \(file) has no folder: give a path such as ./\(file), or give the training a folder")
        }
    }

    public mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
        guard let path = memory.value, !training.history.epochs.isEmpty else { return }
        // Each epoch writes the whole table again; only the last one must survive a power failure.
        switch event {
        case .epochEnded: try AtomicFile.write(training.history.csv, to: path, calls: .unsynced)
        case .ended: try AtomicFile.write(training.history.csv, to: path)
        default: break
        }
    }
}

extension Callback {
    /// Writes a table of the epochs.
    public static func csv(_ file: String = "metrics.csv") -> Callback { Callback(CSVLog(file: file)) }
}
