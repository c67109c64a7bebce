import ApusConfiguration
import ApusFormats
import ApusInference
import ApusTraining
import Foundation

/// A folder that holds everything one training produced. It is never overwritten.
///
/// | file | written and read in |
/// |---|---|
/// | `experiment.yaml` | `RunFolder+Experiment.swift` |
/// | `run.json` | `RunRecord.swift` |
/// | `summary.txt` | `RunFolder+Summary.swift` |
/// | `inputs.json` | `RunFolder+Model.swift` |
/// | `events.jsonl` | `RunRecorder.swift`, a line `EventLine.swift` |
/// | `metrics.csv`, `histograms.jsonl` | the callbacks `CSVLog` and `HistogramLog`; `RunFolder+Metrics.swift` |
/// | `checkpoints` | the callback `Checkpoint` |
///
/// ```swift
/// let folder = try RunFolder(existing: "runs/lenet5-1")
/// print(try folder.experiment().name, try folder.history()["validation.loss"])
/// for damage in folder.damages { print(damage) }
/// ```
public struct RunFolder: Sendable {
    /// What the run itself writes, besides its callbacks.
    static let ownFiles = [
        Experiment.fileName, RunRecord.fileName, RunFiles.description, "summary.txt", "report.html", "doctor.json",
    ]

    /// Where it is, as given: `runs/lenet5-1`.
    public let path: String

    /// Makes a new folder: `parent/NAME-N` with the least N that is free, or exactly `path` if given.
    ///
    /// - Throws: `TrainingError` if `path` exists and holds files, or a folder can't be made.
    public init(named name: String, in parent: String = "runs", path: String? = nil) throws {
        let manager = FileManager.default
        if let path {
            let contents = (try? manager.contentsOfDirectory(atPath: path)) ?? []
            guard contents.isEmpty else {
                throw TrainingError(
                    "the folder \(path) exists and is not empty; a run never overwrites another: choose a new name")
            }
            try RunFolder.make(path, intermediate: true)
            self.path = path
            return
        }
        try RunFolder.make(parent, intermediate: true)
        var number = 1
        while true {
            let candidate = "\(parent)/\(name)-\(number)"
            // Making the folder is the test: two runs that start together get two folders.
            if mkdir(candidate, 0o777) == 0 {
                self.path = candidate
                return
            }
            guard errno == EEXIST else {
                throw TrainingError(
                    "the folder \(candidate) can't be made: \(String(cString: strerror(errno)))", kind: .file)
            }
            number += 1
        }
    }

    /// A folder that an earlier run made.
    ///
    /// - Throws: `TrainingError` if it is none.
    public init(existing path: String) throws {
        guard RunFolder.exists(path) else {
            throw TrainingError(
                "\(path) is not the folder of a run: it has no \(Experiment.fileName). Give the folder that `apus train` printed, for instance runs/lenet5-1",
                kind: .missing)
        }
        self.path = path
    }

    private static func make(_ path: String, intermediate: Bool) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: intermediate)
        } catch {
            throw TrainingError("the folder \(path) can't be made: \(error.localizedDescription)", kind: .file)
        }
    }

    /// Whether a folder is that of a run: it has an experiment.
    public static func exists(_ path: String) -> Bool {
        FileManager.default.fileExists(atPath: "\(path)/\(Experiment.fileName)")
    }

    /// The folder of checkpoints, which may not exist yet.
    public var checkpoints: String { "\(path)/\(CheckpointStore.usualName)" }

    /// Whether there is a checkpoint, whole or not.
    var hasCheckpoints: Bool {
        ((try? FileManager.default.contentsOfDirectory(atPath: checkpoints)) ?? []).isEmpty == false
    }

    /// The weights of the best epoch, or of the last if there is no best.
    public var weights: String { CheckpointStore(checkpoints).keptWeights }

    /// The weights with which training ended, or was interrupted.
    public var lastWeights: String { CheckpointStore(checkpoints).lastWeights }

    /// Removes what a process left that was killed while it wrote a file.
    func removeHalfWritten() {
        for folder in [path, "\(path)/plots"] {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            where name.hasPrefix(".apus-") && name.hasSuffix(".tmp") {
                try? FileManager.default.removeItem(atPath: "\(folder)/\(name)")
            }
        }
    }

    /// Writes a text to a file of the folder, replacing one that exists.
    ///
    /// - Throws: `FormatError` if the disk refuses; what was there stays as it was.
    public func write(_ name: String, _ text: String) throws { try AtomicFile.write(text, to: "\(path)/\(name)") }

    /// Writes a value as JSON with sorted keys and dates in ISO 8601; numbers that are not finite are texts: `"nan"`, `"inf"`, `"-inf"`.
    ///
    /// - Throws: What encoding throws; `FormatError` if the disk refuses.
    public func write(_ name: String, json value: some Encodable) throws {
        try write(name, try FileJSON.text(value, isPretty: true) + "\n")
    }
}
