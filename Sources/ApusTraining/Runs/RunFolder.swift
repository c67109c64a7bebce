import ApusFormats
public import Foundation

/// A folder that holds everything one training produced. It is never overwritten.
public struct RunFolder: Sendable {
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

    public var checkpoints: String { "\(path)/checkpoints" }

    /// The weights of the best epoch, or of the last if there is no best.
    public var weights: String {
        let best = "\(checkpoints)/best/state.safetensors"
        return FileManager.default.fileExists(atPath: best) ? best : "\(checkpoints)/last/state.safetensors"
    }

    public func write(_ name: String, _ text: String) throws { try AtomicFile.write(text, to: "\(path)/\(name)") }

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
    public enum State: String, Sendable, Codable { case running, completed, interrupted, failed, diverged }

    public var version = 1
    public var state: State
    public var command: [String]
    public var started: Date
    public var ended: Date?
    public var seed: UInt64
    public var threads: Int
    public var dataFingerprint: String
    public var stopReason: String?
    public var test: Measurements?
    /// When the run went on after an interruption.
    public var resumes: [Date] = []

    public init(command: [String], seed: UInt64, threads: Int, dataFingerprint: String) {
        state = .running
        self.command = command
        started = Date()
        self.seed = seed
        self.threads = threads
        self.dataFingerprint = dataFingerprint
    }
}
