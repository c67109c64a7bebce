import ApusConfiguration
import ApusFormats
import ApusInference
import ApusNN
public import ApusTraining
public import Foundation

/// The facts of a run: `run.json`.
///
/// ```swift
/// let record = try RunFolder(existing: "runs/lenet5-1").record()
/// print(record.state == .completed, record.seed, record.stopReason ?? "", record.test?.loss ?? .nan)
/// ```
public struct RunRecord: Sendable, Hashable, Codable {
    /// How a run stands. One that a callback stopped is `completed`; one whose process is gone without a word has `crashed`.
    public enum State: String, Sendable, Codable {
        /// The process trains.
        case running
        /// Trained to the end, or until a callback stopped it.
        case completed
        /// Ended on request, with its weights kept.
        case interrupted
        /// Ended by an error.
        case failed
        /// Ended because the loss was not finite.
        case diverged
        /// The process is gone without a word: killed, or the machine went down.
        case crashed
    }

    /// What the file is called in the folder of a run.
    static let fileName = "run.json"

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
    /// The weights that training started from; `nil` where they were drawn.
    public var initialWeights: InitialWeights?
    /// Why training ended, in words; the error if it failed or diverged.
    public var stopReason: String?
    /// Loss and metrics on the test part, with the weights that the run keeps; of completed runs only.
    public var test: Measurements?
    /// When the run was resumed after an interruption.
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

extension RunRecord {
    /// The weights that a training started from.
    ///
    /// ```swift
    /// let record = try RunFolder(existing: "runs/flowers-1").record()
    /// if let start = record.initialWeights { print(start.from, start.fingerprint, start.report) }
    /// ```
    public struct InitialWeights: Sendable, Hashable, Codable {
        /// The file, folder or name, as the experiment has it.
        public var from: String
        /// The hash of the file and its digits.
        public var fingerprint: String
        /// What was loaded, and what was not.
        public var report: String

        init(_ start: Initialization, _ report: WeightsReport) throws {
            from = start.from
            let file = URL(filePath: Variables.weightsFile(try start.path))
            fingerprint = Checksum.text(of: try Data(contentsOf: file, options: .mappedIfSafe))
            self.report = "\(report)"
        }
    }
}

extension RunFolder {
    /// Writes `run.json`.
    public func write(_ record: RunRecord) throws { try write(RunRecord.fileName, json: record) }

    /// The facts of the run.
    ///
    /// - Throws: `TrainingError` if there is no `run.json`, or it can't be read.
    public func record() throws -> RunRecord {
        var record = try writtenRecord()
        if record.state == .running, RunLock.isHeld(self) == false { record.state = .crashed }
        return record
    }

    /// What `run.json` says.
    func writtenRecord() throws -> RunRecord {
        let file = "\(path)/\(RunRecord.fileName)"
        guard let data = FileManager.default.contents(atPath: file) else {
            throw TrainingError("\(file) is missing", kind: .malformed)
        }
        guard let record = try? FileJSON.decoder().decode(RunRecord.self, from: data) else {
            throw TrainingError("\(file) is damaged: it is not what a run writes", kind: .malformed)
        }
        return record
    }
}
