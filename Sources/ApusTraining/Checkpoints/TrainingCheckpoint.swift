import ApusConfiguration
import ApusFormats
import ApusOptimizers
import Foundation

/// All that a training needs to continue exactly as if it had not stopped.
///
/// ```swift
/// let state = try TrainingState(Dense(2), optimizer: .adam(), input: [4], seed: 7)
/// let checkpoint = TrainingCheckpoint(state)
/// print(checkpoint.state.step, checkpoint.history.epochs.count)   // 0 0
/// ```
public struct TrainingCheckpoint: Sendable {
    /// Variables, slots and position.
    public var state: TrainingState
    /// The epochs that are finished.
    public var history = History()
    /// The factor of callbacks on the learning rate, besides that of the schedule.
    public var learningRateFactor = 1.0
    /// The learning rate of the last step.
    var learningRate = 0.0
    /// Why the training is to end, if a callback wants it to.
    public var stopReason: StopReason?
    /// The epochs that were finished when the training began.
    var firstEpoch = 0
    /// What was measured in the epoch that is under way.
    var sum: SavedSum?
    /// The time since the epoch began.
    var epochSeconds = 0.0
    /// Whether callbacks know that the training stops.
    var hasStopped = false
    /// Whether callbacks are told that the checkpoint was saved.
    var isAnnounced = true
    /// What the last bits of the training depended on besides the experiment, by name.
    var conditions: [String: String] = [:]
    /// What callbacks remember, by name.
    var callbacks: [(name: String, state: CallbackState)] = []

    /// A checkpoint of a training without history and callbacks.
    public init(_ state: TrainingState) {
        self.state = state
    }
}

/// Sums of measurements as numbers.
struct SavedSum: Codable, Sendable {
    var loss: Double
    var count: Int
    /// What the loss counts, where that is not the number of samples.
    var weight: Double?
    var classes: Int?
    /// The classes of each metric, where they differ.
    var classesOfEach: [Int]?
    var shapes: [[Int]] = []
    /// The bytes of the numbers of each metric.
    var numbers: [Data] = []
}

/// What `state.json` holds.
struct CheckpointText: Codable {
    struct Place: Codable, Hashable {
        var step: Int
        var epoch: Int
        var batch: Int
        /// The steps that were done when each phase of unfreezing began, if there was more than one.
        var phases: [Int]?
    }

    struct File: Codable {
        var bytes: Int
        var checksum: String
    }

    struct SavedCallback: Codable {
        struct Training: Codable {
            var file: String
            var place: Place
        }

        var name: String
        var data: Data
        var trainings: [String: Training]
    }

    static let blank = "0000000000000000"

    var version = 1
    var seed: UInt64
    var step: Int
    var epoch: Int
    var batch: Int
    /// The steps that were done when each phase of unfreezing began, if there was more than one.
    var phases: [Int]?
    var firstEpoch: Int
    var optimizer: Optimizer
    var learningRate: Double
    var learningRateFactor: Double
    var stopReason: StopReason?
    var hasStopped: Bool
    var isAnnounced: Bool
    var epochSeconds: Double
    var sum: SavedSum?
    var history: History
    var conditions: [String: String]?
    var callbacks: [SavedCallback]
    var files: [String: File]
    /// Of this text, with zeros in its place.
    var checksum = blank
}

extension TrainingState {
    /// Writes the state to a folder, which is made if need be.
    ///
    /// - Throws: `FormatError` if the disk refuses; what was there before stays as it was.
    public func write(to folder: String) throws { try TrainingCheckpoint(self).save(folder) }

    /// Writes variables and slots.
    fileprivate func write(_ path: String) throws {
        let buffers = buffers
        try SafetensorsFile.write(
            buffers.indices.map { ("\(layout.roles[$0])", layout.type($0)) },
            metadata: ["format": "apus-state", "version": "1", "step": "\(step)"], to: path
        ) { (index, output) throws(FormatError) in
            try output.append(buffers[index].bytes)
        }
    }

    /// The state with variables and slots of a file, at its own place.
    package func reading(_ path: String) throws -> TrainingState { try reading(path, at: place) }

    /// The state with variables and slots of a file.
    fileprivate func reading(_ path: String, at place: CheckpointText.Place) throws -> TrainingState {
        let file = try SafetensorsFile(path)
        var copy = self
        try copy.enter(place, path)
        let layout = copy.layout
        for index in copy.buffers.indices {
            let (name, type) = ("\(layout.roles[index])", layout.type(index))
            guard file.contains(name), try file.type(of: name) == type else {
                throw TrainingError(
                    "the checkpoint \(path) belongs to another model or optimizer: it has no \(name) \(type.shape)",
                    kind: .malformed)
            }
            try file.read(name, into: copy.buffers[index].mutableBytes)
            copy.buffers[index].generation += 1
        }
        guard file.names.count == copy.buffers.count else {
            let known = Set(layout.roles.map { "\($0)" })
            let other = file.names.first { !known.contains($0) } ?? "more"
            throw TrainingError(
                "the checkpoint \(path) belongs to another model or optimizer, which has \(other)", kind: .malformed)
        }
        (copy.step, copy.epoch, copy.batch) = (place.step, place.epoch, place.batch)
        return copy
    }

    fileprivate var place: CheckpointText.Place {
        CheckpointText.Place(
            step: step, epoch: epoch, batch: batch, phases: phaseStarts.count > 1 ? phaseStarts : nil)
    }

    /// Unfreezes what was unfrozen where a checkpoint was written.
    private mutating func enter(_ place: CheckpointText.Place, _ path: String) throws {
        let starts = place.phases ?? [0]
        guard starts.first == 0, starts == starts.sorted(), starts[starts.count - 1] <= place.step,
            starts.count <= layout.plan.phases.count
        else {
            throw TrainingError(
                "the checkpoint \(path) belongs to another optimizer, which had unfrozen variables \(starts.count - 1) times: at the steps "
                    + "\(starts.dropFirst().map { "\($0)" }.shown())",
                kind: .malformed)
        }
        enter(starts)
    }
}

extension TrainingCheckpoint {
    /// The file of weights and slots.
    static let tensors = "state.safetensors"

    /// Writes the checkpoint to a folder, which appears whole or not at all.
    func save(_ folder: String) throws {
        let url = URL(filePath: folder)
        let parent = url.deletingLastPathComponent().path
        let store = CheckpointStore(parent)
        let aside = try store.makeAside()
        do {
            try write(aside)
            try store.replace(url.lastPathComponent, by: aside)
        } catch {
            try? FileManager.default.removeItem(atPath: aside)
            throw error
        }
    }

    /// Writes all files to a folder that exists.
    func write(_ folder: String) throws {
        var files: [String: CheckpointText.File] = [:]
        func write(_ state: TrainingState, _ name: String) throws {
            try state.write("\(folder)/\(name)")
            let bytes = try Data(contentsOf: URL(filePath: "\(folder)/\(name)"), options: .mappedIfSafe)
            files[name] = CheckpointText.File(bytes: bytes.count, checksum: Checksum.text(of: bytes))
        }
        try write(state, TrainingCheckpoint.tensors)
        var saved: [CheckpointText.SavedCallback] = []
        for (name, remembered) in callbacks {
            var trainings: [String: CheckpointText.SavedCallback.Training] = [:]
            for (key, kept) in remembered.trainings.sorted(by: { $0.key < $1.key }) {
                let isSame = kept.sharesMemory(with: state)
                let file = isSame ? TrainingCheckpoint.tensors : "\(name).\(key).safetensors"
                if !isSame { try write(kept, file) }
                trainings[key] = CheckpointText.SavedCallback.Training(file: file, place: kept.place)
            }
            saved.append(CheckpointText.SavedCallback(name: name, data: remembered.data, trainings: trainings))
        }
        let text = CheckpointText(
            seed: state.seed, step: state.step, epoch: state.epoch, batch: state.batch, phases: state.place.phases,
            firstEpoch: firstEpoch,
            optimizer: state.optimizer, learningRate: learningRate, learningRateFactor: learningRateFactor,
            stopReason: stopReason,
            hasStopped: hasStopped, isAnnounced: isAnnounced, epochSeconds: epochSeconds, sum: sum, history: history,
            conditions: conditions, callbacks: saved, files: files)
        let blank = try FileJSON.text(text, isPretty: true) + "\n"
        let sum = Checksum.text(of: Data(blank.utf8))
        let quoted = blank.replacing(
            "\"checksum\" : \"\(CheckpointText.blank)\"", with: "\"checksum\" : \"\(sum)\"", maxReplacements: 1)
        try AtomicFile.write(quoted, to: "\(folder)/state.json")
    }

    private static func damaged(_ folder: String, _ what: String) -> TrainingError {
        TrainingError("\(folder) \(what)", kind: .malformed)
    }

    /// The text of a checkpoint, whose other files may be damaged.
    static func text(_ folder: String) throws -> CheckpointText {
        func damaged(_ what: String) -> TrainingError { self.damaged(folder, what) }
        guard let data = FileManager.default.contents(atPath: "\(folder)/state.json") else {
            throw damaged("has no state.json")
        }
        guard let text = try? FileJSON.decoder().decode(CheckpointText.self, from: data) else {
            throw damaged("has a state.json that is damaged or not of this version")
        }
        let blank = String(decoding: data, as: UTF8.self).replacing(
            "\"checksum\" : \"\(text.checksum)\"", with: "\"checksum\" : \"\(CheckpointText.blank)\"",
            maxReplacements: 1)
        guard Checksum.isRight(text.checksum, of: Data(blank.utf8)) else { throw damaged("has a damaged state.json") }
        return text
    }

    /// What the newest checkpoint of a folder says of the epochs that are finished, and how long logs were, by the names of their
    /// callbacks; `nil` if none can be read.
    package static func remembered(in folder: String) -> (history: History, lengths: [String: Int])? {
        let texts = CheckpointStore(folder).names().compactMap { try? text("\(folder)/\($0)") }
        guard let newest = texts.max(by: { ($0.step, $0.epoch) < ($1.step, $1.epoch) }) else { return nil }
        let lengths = newest.callbacks.compactMap { saved in
            (try? CallbackState(saved.data).decoded() as Int).map { (saved.name, $0) }
        }
        return (newest.history, Dictionary(lengths) { first, _ in first })
    }

    /// The text of a checkpoint, after checks of all its files.
    ///
    /// - Throws: `TrainingError` that says what is damaged.
    static func checkedText(_ folder: String) throws -> CheckpointText {
        func damaged(_ what: String) -> TrainingError { self.damaged(folder, what) }
        let text = try text(folder)
        guard text.files[tensors] != nil else { throw damaged("names no \(tensors)") }
        for (name, file) in text.files.sorted(by: { $0.key < $1.key }) {
            guard
                let bytes = try? Data(contentsOf: URL(filePath: "\(folder)/\(name)"), options: .mappedIfSafe)
            else { throw damaged("has no \(name)") }
            guard bytes.count == file.bytes else {
                throw damaged("has a damaged \(name): \(bytes.count) bytes where there were \(file.bytes)")
            }
            guard Checksum.isRight(file.checksum, of: bytes) else {
                throw damaged("has a damaged \(name): its checksum is not \(file.checksum)")
            }
        }
        return text
    }

    /// Reads a checkpoint.
    ///
    /// - Parameter fresh: A state of the same model, optimizer and seed.
    init(_ folder: String, _ text: CheckpointText, for fresh: TrainingState) throws {
        guard text.seed == fresh.seed else {
            throw TrainingError(
                "the checkpoint \(folder) has the seed \(text.seed), this training has \(fresh.seed)", kind: .malformed)
        }
        func read(_ file: String, _ place: CheckpointText.Place) throws -> TrainingState {
            try fresh.reading("\(folder)/\(file)", at: place)
        }
        state = try read(
            TrainingCheckpoint.tensors,
            CheckpointText.Place(step: text.step, epoch: text.epoch, batch: text.batch, phases: text.phases))
        firstEpoch = text.firstEpoch
        history = text.history
        learningRate = text.learningRate
        learningRateFactor = text.learningRateFactor
        stopReason = text.stopReason
        sum = text.sum
        epochSeconds = text.epochSeconds
        hasStopped = text.hasStopped
        isAnnounced = text.isAnnounced
        conditions = text.conditions ?? [:]
        callbacks = try text.callbacks.map { saved in
            let trainings = try saved.trainings.mapValues { try read($0.file, $0.place) }
            return (saved.name, CallbackState(saved.data, trainings: trainings))
        }
    }

    /// The states of all checkpoints of a folder that are whole, the newest first.
    ///
    /// - Parameter fresh: A state of the same model, optimizer and seed.
    package static func states(in folder: String, for fresh: TrainingState) -> [TrainingState] {
        CheckpointStore(folder).names().compactMap { name in
            let path = "\(folder)/\(name)"
            return try? TrainingCheckpoint(path, checkedText(path), for: fresh).state
        }.sorted { ($0.step, $0.epoch) > ($1.step, $1.epoch) }
    }

    /// Reads the newest checkpoint of a folder that is whole, and tells what is damaged.
    ///
    /// - Returns: `nil` if there is none at all.
    package static func newest(
        in folder: String, for fresh: TrainingState, report: (String) -> Void
    ) throws -> (folder: String, checkpoint: TrainingCheckpoint)? {
        let store = CheckpointStore(folder)
        var whole: [(path: String, text: CheckpointText)] = []
        var damages: [String] = []
        for name in store.names() {
            do {
                whole.append(("\(folder)/\(name)", try checkedText("\(folder)/\(name)")))
            } catch {
                damages.append("\(error)")
            }
        }
        guard let newest = whole.max(by: { ($0.text.step, $0.text.epoch) < ($1.text.step, $1.text.epoch) }) else {
            guard damages.isEmpty else {
                throw TrainingError(
                    "no checkpoint is whole: \(damages.joined(separator: "; ")). Remove \(folder) to begin anew",
                    kind: .malformed)
            }
            return nil
        }
        for damage in damages { report("the checkpoint \(damage); continuing from \(newest.path)") }
        return (newest.path, try TrainingCheckpoint(newest.path, newest.text, for: fresh))
    }
}
