import ApusFormats
public import ApusTraining

/// Writes `events.jsonl` as the training proceeds.
///
/// A resumed training cuts the file back to where it was at the checkpoint, so that it holds what that of an undisturbed one does.
///
/// ```swift
/// var trainer = Trainer(Dense(2), loss: .softmaxCrossEntropy, optimizer: .adam())
/// let recorder = Callback(RunRecorder("./events.jsonl", 10))
/// try trainer.fit(Dataset.moons(seed: 1), epochs: 2, batchSize: 50, callbacks: [recorder])
/// ```
public struct RunRecorder: CallbackRule {
    /// What the file is called in the folder of a run.
    package static let fileName = "events.jsonl"

    private let path: String
    /// Every how many steps there is a line.
    private let everySteps: Int
    private var file: LineFile?
    /// The bytes that belong to the training; an interruption does not.
    private var position = 0

    /// Writes the file into the folder of a run.
    ///
    /// - Parameters:
    ///   - folder: The folder of the run.
    ///   - everySteps: Every how many steps there is a line; 0 for none.
    public init(_ folder: RunFolder, everySteps: Int = 100) {
        self.init("\(folder.path)/\(RunRecorder.fileName)", everySteps)
    }

    /// Writes events to a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - everySteps: Every how many steps there is a line; 0 for none.
    public init(_ path: String, _ everySteps: Int = 100) {
        self.path = path
        self.everySteps = everySteps
    }

    public var name: String { "events" }
    public var receivesSteps: Bool { everySteps > 0 }

    /// The events, and what the run itself writes beside them.
    public func files(in folder: String?) -> [String] {
        [path] + (folder.map { folder in RunFolder.ownFiles.map { "\(folder)/\($0)" } } ?? [])
    }

    public mutating func prepare(_ plan: TrainingPlan) throws {
        position = 0
        file = try LineFile(path)
        // Cut by `restore` if there is something to keep.
        if !plan.isResumed { try file?.cut(to: 0) }
    }

    public mutating func handle(_ event: Event, _ training: inout TrainingControl) throws {
        if case .stepEnded = event, training.state.step % everySteps != 0 { return }
        let end = try file?.append(try EventLine(event, training).json) ?? 0
        switch event {
        case .stopped(.interrupted), .ended(.interrupted): break
        default: position = end
        }
    }

    public func synchronize() throws { try file?.sync() }
    public func savedState() throws -> CallbackState? { try CallbackState(encoding: position) }

    public mutating func restore(_ saved: CallbackState) throws {
        position = try file?.cut(to: try saved.decoded()) ?? 0
    }
}
