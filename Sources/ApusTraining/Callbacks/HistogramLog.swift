public import ApusConfiguration
import Foundation

/// Writes how weights, gradients and outputs of layers are spread, a line of JSON each time: `histograms.jsonl` in the folder of the
/// run.
///
/// Always of the same samples, before the first step and then at intervals. The report draws how they change.
public struct HistogramLog: CallbackRule, Configurable {
    public static let kind = "histograms"
    /// The name of the file, or its path.
    public var file: String
    /// After how many epochs; 0 for none.
    public var everyEpochs: Int
    /// After how many steps as well; 0 for none.
    public var everySteps: Int

    private struct Log {
        var file: LineFile
        var subject: TrainingSubject
        var position = 0
    }

    private var memory = Memory<Log?>(nil)

    public init(file: String = "histograms.jsonl", everyEpochs: Int = 1, everySteps: Int = 0) {
        self.file = file
        self.everyEpochs = everyEpochs
        self.everySteps = everySteps
    }

    public static let schema = Schema(
        HistogramLog(), .leading("file", \.file, hasDefault: true, isLabelled: true),
        .optional("everyEpochs", \.everyEpochs), .optional("everySteps", \.everySteps))

    public var watchesSteps: Bool { everySteps > 0 }
    public var looksInside: Bool { true }

    public mutating func prepare(_ context: RunContext) throws {
        guard everyEpochs >= 0, everySteps >= 0 else {
            throw TrainingError(
                "histograms need everyEpochs and everySteps of at least 0, received \(everyEpochs) and \(everySteps)")
        }
        guard let subject = context.subject else {
            throw TrainingError("histograms need a model: give the list of callbacks a TrainingSubject")
        }
        guard context.folder != nil || file.contains("/") else {
            throw TrainingError(
                "the histograms \(file) have no folder: give a path such as ./\(file), or give the training a folder")
        }
        let lines = try LineFile(context.path(file))
        // Cut by `restore` if there is something to keep.
        if !context.isResumed { try lines.cut(to: 0) }
        memory.value = Log(file: lines, subject: subject)
    }

    public mutating func handle(_ event: Event, _ control: inout TrainerControl) throws {
        let isDue =
            switch event {
            case .began: true
            case .stepEnded: everySteps > 0 && control.state.step % everySteps == 0
            case .epochEnded(let record): everyEpochs > 0 && record.epoch % everyEpochs == 0
            default: false
            }
        guard isDue, let log = memory.value else { return }
        memory.value?.position = try log.file.append(try log.subject.observation(control.state).line)
    }

    public func savedState() throws -> CallbackState? {
        try memory.value?.file.sync()
        return try CallbackState(encoding: memory.value?.position ?? 0)
    }

    public mutating func restore(_ saved: CallbackState) throws {
        guard let file = memory.value?.file else { return }
        memory.value?.position = try file.cut(to: try saved.decoded())
    }
}

extension ModelObservation {
    /// The observation as a line of JSON.
    var line: String {
        get throws {
            let encoder = StateCoding.encoder()
            encoder.outputFormatting.remove(.prettyPrinted)
            return String(decoding: try encoder.encode(self), as: UTF8.self)
        }
    }
}

extension Callback {
    /// Writes histograms of weights, gradients and activations as the training goes on.
    public static func histograms(
        _ file: String = "histograms.jsonl", everyEpochs: Int = 1, everySteps: Int = 0
    ) -> Callback {
        Callback(HistogramLog(file: file, everyEpochs: everyEpochs, everySteps: everySteps))
    }
}
