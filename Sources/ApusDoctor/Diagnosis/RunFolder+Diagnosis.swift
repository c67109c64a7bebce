import ApusConfiguration
public import ApusExperiments
import Foundation

extension RunFolder {
    /// What a diagnosis is called in the folder of a run.
    public static let diagnosisFile = "doctor.json"

    /// What the doctor has found of the run; `nil` if it was not asked, or the file can't be read.
    public var diagnosis: Diagnosis? {
        guard let text = try? String(contentsOfFile: "\(path)/\(RunFolder.diagnosisFile)", encoding: .utf8) else {
            return nil
        }
        return try? FileJSON.value(text)
    }

    /// Keeps a diagnosis.
    ///
    /// - Throws: `FormatError` if the disk refuses.
    public func write(_ diagnosis: Diagnosis) throws { try write(RunFolder.diagnosisFile, json: diagnosis) }
}
