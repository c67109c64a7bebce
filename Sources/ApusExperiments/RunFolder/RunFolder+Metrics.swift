import ApusConfiguration
public import ApusTraining
import ApusFormats
import Foundation

extension RunFolder {
    /// The epochs that the run recorded, from `metrics.csv`; none if there is no such file yet.
    ///
    /// Where the file is missing, damaged, or says other than the last checkpoint, the checkpoint counts.
    ///
    /// - Parameter report: Is told what is damaged.
    /// - Throws: `FormatError` if the file is damaged, and there is no checkpoint.
    public func history(report: (String) -> Void = { _ in }) throws -> History {
        let file = "\(path)/\(CSVLog().file)"
        let known = TrainingCheckpoint.remembered(in: checkpoints)?.history
        guard let data = FileManager.default.contents(atPath: file) else {
            if let known, !known.epochs.isEmpty, !hasOtherTable {
                report("\(file) is missing; what follows is from the last checkpoint")
            }
            return known ?? History()
        }
        do {
            guard let text = String(data: data, encoding: .utf8) else {
                throw FormatError(.malformed, path: file, "this is not text in UTF-8", remedy: "Restore the file.")
            }
            let history = try History(csv: text, path: file)
            guard let known, let epoch = known.difference(from: history) else { return history }
            report(
                "\(file) is damaged: epoch \(epoch) is not what the last checkpoint says; what follows is from the checkpoint"
            )
            return known
        } catch let error as FormatError {
            guard let known else { throw error }
            report("\(error) What follows is from the last checkpoint.")
            return known
        }
    }

    /// Whether the experiment wants the table of epochs elsewhere.
    private var hasOtherTable: Bool {
        let tables = (try? experiment())?.callbacks.compactMap { $0.rule as? CSVLog } ?? []
        return !tables.isEmpty && !tables.contains { $0.file == CSVLog().file }
    }

    /// What the callback `histograms` wrote, from `histograms.jsonl`; nothing if the run has none.
    ///
    /// - Parameter report: Is told what is damaged; that is left out.
    public func snapshots(report: (String) -> Void = { _ in }) -> [ModelObservation] {
        let file = "\(path)/\(HistogramLog().file)"
        guard let data = FileManager.default.contents(atPath: file) else { return [] }
        return [ModelObservation](lines: String(decoding: data, as: UTF8.self), path: file, report: report)
    }

    /// What the callback `watch` wrote, from `watch.jsonl`; nothing if the run has none. Lines that are damaged are left out.
    public var watched: [StepObservation] {
        guard let data = FileManager.default.contents(atPath: "\(path)/\(WatchLog().file)") else { return [] }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap {
            try? FileJSON.value(String($0))
        }
    }

    /// What is damaged in the files that tell of the run, a line each; empty if nothing is.
    public var damages: [String] {
        var damages: [String] = []
        do { _ = try record() } catch { damages.append("\(error)") }
        do { _ = try history { damages.append($0) } } catch { damages.append("\(error)") }
        _ = snapshots { damages.append($0) }
        let lengths = TrainingCheckpoint.remembered(in: checkpoints)?.lengths ?? [:]
        for (name, file) in [
            ("events", RunRecorder.fileName), (HistogramLog.kind, HistogramLog().file),
            (WatchLog.kind, WatchLog().file),
        ] {
            guard let length = lengths[name], length > 0 else { continue }
            let size = FileManager.default.contents(atPath: "\(path)/\(file)")?.count
            if size ?? 0 < length {
                damages.append(
                    "\(path)/\(file) is \(size == nil ? "missing" : "cut off"): it had \(length) bytes at the last checkpoint, and has \(size ?? 0)"
                )
            }
        }
        if let line = firstDamagedEvent {
            damages.append("\(path)/\(RunRecorder.fileName) is damaged: line \(line) is no event")
        }
        for file in (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []).sorted()
        where file.contains("events.out.tfevents.") {
            do throws(FormatError) {
                try TensorBoardFile.check("\(path)/\(file)")
            } catch {
                damages.append("\(error)")
            }
        }
        return damages
    }

    /// The first line of `events.jsonl` that is none.
    private var firstDamagedEvent: Int? {
        guard let data = FileManager.default.contents(atPath: "\(path)/\(RunRecorder.fileName)") else { return nil }
        struct Line: Decodable { var event: String }
        return data.split(separator: UInt8(ascii: "\n")).enumerated().first {
            (try? JSONDecoder().decode(Line.self, from: Data($0.element))) == nil
        }.map { $0.offset + 1 }
    }
}

extension History {
    /// The first epoch of these that another history lacks, or tells otherwise.
    fileprivate func difference(from other: History) -> Int? {
        func same(_ a: Measurements?, _ b: Measurements?) -> Bool {
            guard let a, let b else { return a == nil && b == nil }
            return a.names == b.names
                && zip(a.values, b.values).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
        }
        for (index, record) in epochs.enumerated() {
            guard other.epochs.indices.contains(index) else { return record.epoch }
            let read = other.epochs[index]
            let isSame = record.epoch == read.epoch && record.step == read.step && same(record.training, read.training)
            if !isSame || !same(record.validation, read.validation) { return record.epoch }
        }
        return nil
    }
}
