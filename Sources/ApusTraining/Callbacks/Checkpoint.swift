import ApusFormats
import Foundation

/// Writes the weights after every epoch: the last ones, and the best so far.
///
/// `FOLDER/last/state.safetensors` and `FOLDER/best/state.safetensors` hold variables and the optimizer's slots,
/// `state.json` beside them the position. Every file appears whole or not at all.
public struct Checkpoint: CallbackRule {
    public let folder: String
    /// The value by which the best epoch is chosen.
    public let monitor: String
    private var best: Double?

    public init(_ folder: String, monitor: String = "validation.loss") {
        self.folder = folder
        self.monitor = monitor
    }

    public mutating func handle(_ event: Event, _ control: inout TrainerControl) throws {
        switch event {
        case .epochEnded(let record):
            try control.state.save("\(folder)/last")
            // Without validation data the training loss decides.
            let name = record.value(monitor) == nil ? "training.loss" : monitor
            guard let value = record.value(name), value.isFinite else { return }
            let isMinimized = name.hasSuffix("loss") || name.lowercased().hasSuffix("error")
            if best.map({ isMinimized ? value < $0 : value > $0 }) ?? true {
                best = value
                try control.state.save("\(folder)/best")
            }
        case .ended(.interrupted): try control.state.save("\(folder)/last")
        default: break
        }
    }
}

extension Callback {
    /// Writes the weights after every epoch to `folder/last`, and those of the best epoch to `folder/best`.
    public static func checkpoint(_ folder: String, monitor: String = "validation.loss") -> Callback {
        Callback(Checkpoint(folder, monitor: monitor))
    }
}

extension TrainingState {
    /// What `state.json` holds besides the tensors.
    private struct Position: Codable {
        var version = 1
        let seed: UInt64
        let step: Int
        let epoch: Int
        let batch: Int
        let optimizer: Optimizer
    }

    /// Writes the state to a folder, which is made if need be.
    ///
    /// - Throws: `FormatError` if the disk refuses; what was there before stays as it was.
    public func save(_ folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let variables = variables
        let entries = variables.paths.map { ($0, variables[$0]!) } + slots.map { ($0.path, $0.value) }
        try SafetensorsFile.write(
            entries.map { ($0.0, $0.1.node.type) },
            metadata: ["format": "apus-state", "version": "1", "step": "\(step)"],
            to: "\(folder)/state.safetensors"
        ) { (index, output) throws(FormatError) in
            try output.append(entries[index].1.elements().bytes)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let position = Position(seed: seed, step: step, epoch: epoch, batch: batch, optimizer: optimizer)
        try AtomicFile.write(
            String(decoding: try encoder.encode(position), as: UTF8.self) + "\n", to: "\(folder)/state.json")
    }
}
