public import ApusConfiguration
import ApusFormats

/// Writes what steps do, by variable and layer, as lines of JSON: `watch.jsonl` in the folder of the run, a `StepObservation` a line.
///
/// The report draws them. Weights are the same, bit for bit, with and without it.
///
/// ```swift
/// let callback = Callback.watch(every: 100)
/// ```
public struct WatchLog: CallbackRule, Configurable {
    public static let kind = "watch"
    /// The name of the file, or its path.
    public var file: String
    /// The number of steps between lines, from 1.
    public var every: Int

    private struct Log {
        var file: LineFile
        var position = 0
    }

    private var memory = Memory<Log?>(nil)

    /// The callback.
    ///
    /// - Parameters:
    ///   - file: The name of the file in the folder of the run, or a path.
    ///   - every: The number of steps between lines, from 1.
    public init(file: String = "watch.jsonl", every: Int = 200) {
        self.file = file
        self.every = every
    }

    public static let schema = Schema(
        WatchLog(), .leading("file", \.file, hasDefault: true, isLabelled: true), .optional("every", \.every))

    public var watchEvery: Int? { every }

    public func files(in folder: String?) -> [String] { [TrainingPlan.path(file, in: folder)] }

    public mutating func prepare(_ plan: TrainingPlan) throws {
        guard every >= 1 else { throw TrainingError("watch needs every of at least 1, received \(every)") }
        guard plan.folder != nil || file.contains("/") else {
            throw TrainingError(
                "the log \(file) has no folder: give a path such as ./\(file), or give the training a folder")
        }
        let lines = try LineFile(plan.path(file))
        // Cut by `restore` if there is something to keep.
        if !plan.isResumed { try lines.cut(to: 0) }
        memory.value = Log(file: lines)
    }

    public mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
        guard case .observed(let observation) = event, let log = memory.value else { return }
        // Another rule may have asked for more.
        guard (observation.step - 1) % every == 0 else { return }
        memory.value?.position = try log.file.append(try FileJSON.text(observation))
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

extension Callback {
    /// Writes what steps do, by variable and layer.
    public static func watch(_ file: String = "watch.jsonl", every: Int = 200) -> Callback {
        Callback(WatchLog(file: file, every: every))
    }
}
