public import ApusTraining
import Foundation

extension RunFolder {
    /// The epochs that the run recorded, from `metrics.csv`; none if there is no such file yet.
    ///
    /// - Throws: `FormatError` if the file is damaged.
    public func history() throws -> History {
        let file = "\(path)/\(CSVLog().file)"
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return History() }
        return try History(csv: text, path: file)
    }

    /// What the callback `histograms` wrote, from `histograms.jsonl`; nothing if the run has none.
    ///
    /// - Throws: `FormatError` if the file is damaged.
    public func snapshots() throws -> [ModelObservation] {
        let file = "\(path)/\(HistogramLog().file)"
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return [] }
        return try [ModelObservation](lines: text, path: file)
    }
}
