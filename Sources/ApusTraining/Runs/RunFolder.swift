import ApusFormats
public import Foundation

/// A folder that holds everything one training produced. It is never overwritten.
public struct RunFolder: Sendable {
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
                throw TrainingError("the folder \(candidate) can't be made: \(String(cString: strerror(errno)))")
            }
            number += 1
        }
    }

    /// A folder that an earlier run made.
    ///
    /// - Throws: `TrainingError` if it is none.
    public init(existing path: String) throws {
        guard FileManager.default.fileExists(atPath: "\(path)/experiment.yaml") else {
            throw TrainingError(
                "\(path) is not the folder of a run: it has no experiment.yaml. Give the folder that `apus train` printed, for instance runs/lenet5-1",
                kind: .missing)
        }
        self.path = path
    }

    private static func make(_ path: String, intermediate: Bool) throws {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: intermediate)
        } catch {
            throw TrainingError("the folder \(path) can't be made: \(error.localizedDescription)")
        }
    }

    /// The folder of checkpoints, which may not exist yet.
    public var checkpoints: String { "\(path)/checkpoints" }

    /// The weights of the best epoch, or of the last if there is no best.
    public var weights: String {
        let best = "\(checkpoints)/best/state.safetensors"
        return FileManager.default.fileExists(atPath: best) ? best : "\(checkpoints)/last/state.safetensors"
    }

    /// Writes a text to a file of the folder, replacing one that exists.
    ///
    /// - Throws: `FormatError` if the disk refuses; what was there stays as it was.
    public func write(_ name: String, _ text: String) throws { try AtomicFile.write(text, to: "\(path)/\(name)") }

    /// Writes a value as JSON with sorted keys and dates in ISO 8601.
    ///
    /// - Throws: What encoding throws; `FormatError` if the disk refuses.
    public func write(_ name: String, json value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        try write(name, String(decoding: try encoder.encode(value), as: UTF8.self) + "\n")
    }

    /// The facts of the run.
    public func record() throws -> RunRecord {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        guard let data = FileManager.default.contents(atPath: "\(path)/run.json"),
            let record = try? decoder.decode(RunRecord.self, from: data)
        else {
            throw TrainingError("\(path)/run.json is missing or not what a run writes", kind: .malformed)
        }
        return record
    }

    /// The experiment that the run did.
    public func experiment() throws -> Experiment {
        let file = "\(path)/experiment.yaml"
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
            throw TrainingError("\(file) can't be read")
        }
        return try Experiment(yaml: text, path: file)
    }
}

/// The facts of a run: `run.json`.
public struct RunRecord: Sendable, Hashable, Codable {
    /// How a run stands. One that was killed is still `running`; one that a callback stopped is `completed`.
    public enum State: String, Sendable, Codable { case running, completed, interrupted, failed, diverged }

    /// The version of the file's format.
    public var version = 1
    /// How the run stands.
    public var state: State
    /// What started the run: the program and its arguments.
    public var command: [String]
    /// The version of the program that started the run; `nil` where it was not written down.
    public var program: String?
    /// When the run was set up, before the first step.
    public var started: Date
    /// When training ended, or was last interrupted; `nil` while it runs.
    public var ended: Date?
    /// The experiment's seed.
    public var seed: UInt64
    /// The threads that computed; with another number the weights may differ in the last digits.
    public var threads: Int
    /// The fingerprint of the data, test part included: the name of the hash and its digits. Runs of before name none.
    public var dataFingerprint: String
    /// Why training ended, in words; the error if it failed or diverged.
    public var stopReason: String?
    /// Loss and metrics on the test part, with the weights that the run keeps; of completed runs only.
    public var test: Measurements?
    /// When the run went on after an interruption.
    public var resumes: [Date] = []

    /// The record of a run that starts now.
    public init(command: [String], seed: UInt64, threads: Int, dataFingerprint: String, program: String? = nil) {
        state = .running
        self.command = command
        self.program = program
        started = Date()
        self.seed = seed
        self.threads = threads
        self.dataFingerprint = dataFingerprint
    }
}
