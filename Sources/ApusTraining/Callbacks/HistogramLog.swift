public import ApusConfiguration
import ApusFormats

/// Writes histograms of weights, gradients and activations as lines of JSON: `histograms.jsonl` in the folder of the run.
///
/// They are taken for the same samples each time, before the first step and then at intervals. The report draws how they change.
///
/// ```swift
/// let callback = Callback.histograms("histograms.jsonl", everyEpochs: 1, everySteps: 100)
/// ```
public struct HistogramLog: CallbackRule, Configurable {
    public static let kind = "histograms"
    /// The name of the file, or its path.
    public var file: String
    /// The number of epochs between histograms; 0 for none.
    public var everyEpochs: Int
    /// The number of steps between further histograms; 0 for none.
    public var everySteps: Int

    private struct Log {
        var file: LineFile
        var observer: ModelObserver
        var position = 0
    }

    private var memory = Memory<Log?>(nil)

    /// The callback.
    ///
    /// - Parameters:
    ///   - file: The name of the file in the folder of the run, or a path.
    ///   - everyEpochs: Every how many epochs there is a line; 0 for never.
    ///   - everySteps: Every how many steps there is a line, too; 0 for never.
    public init(file: String = "histograms.jsonl", everyEpochs: Int = 1, everySteps: Int = 0) {
        self.file = file
        self.everyEpochs = everyEpochs
        self.everySteps = everySteps
    }

    public static let schema = Schema(
        HistogramLog(), .leading("file", \.file, hasDefault: true, isLabelled: true),
        .optional("everyEpochs", \.everyEpochs), .optional("everySteps", \.everySteps))

    public var receivesSteps: Bool { everySteps > 0 }
    public var needsModelObserver: Bool { true }

    public func files(in folder: String?) -> [String] { [TrainingPlan.path(file, in: folder)] }

    public mutating func prepare(_ plan: TrainingPlan) throws {
        guard everyEpochs >= 0, everySteps >= 0 else {
            throw TrainingError(
                "histograms need everyEpochs and everySteps of at least 0, received \(everyEpochs) and \(everySteps)")
        }
        guard let observer = plan.observer else {
            throw TrainingError("histograms need a model: give the session a ModelObserver")
        }
        guard plan.folder != nil || file.contains("/") else {
            throw TrainingError(
                "the histograms \(file) have no folder: give a path such as ./\(file), or give the training a folder")
        }
        let lines = try LineFile(plan.path(file))
        // Cut by `restore` if there is something to keep.
        if !plan.isResumed { try lines.cut(to: 0) }
        memory.value = Log(file: lines, observer: observer)
    }

    public mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
        let isDue =
            switch event {
            case .began: true
            case .stepEnded: everySteps > 0 && training.state.step % everySteps == 0
            case .epochEnded(let record): everyEpochs > 0 && record.epoch % everyEpochs == 0
            default: false
            }
        guard isDue, let log = memory.value else { return }
        memory.value?.position = try log.file.append(try log.observer.observation(training.state).line)
    }

    public func synchronize() throws { try memory.value?.file.sync() }

    public func savedState() throws -> CallbackState? {
        try CallbackState(encoding: memory.value?.position ?? 0)
    }

    public mutating func restore(_ saved: CallbackState) throws {
        guard let file = memory.value?.file else { return }
        memory.value?.position = try file.cut(to: try saved.decoded())
    }
}

extension ModelObservation {
    /// The observation as a line of JSON.
    var line: String {
        get throws { try FileJSON.text(self) }
    }
}

extension Callback {
    /// Writes histograms of weights, gradients and activations during training.
    public static func histograms(
        _ file: String = "histograms.jsonl", everyEpochs: Int = 1, everySteps: Int = 0
    ) -> Callback {
        Callback(HistogramLog(file: file, everyEpochs: everyEpochs, everySteps: everySteps))
    }
}
