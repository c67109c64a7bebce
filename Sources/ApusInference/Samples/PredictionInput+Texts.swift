import ApusData
import ApusFormats
import ApusTensor
import ApusText
import Foundation

/// Texts are read as those of the training were: a column of a table, lines, or files.
extension PredictionInput {
    static func read(
        _ paths: [String], _ reading: TextReading, _ model: ModelDescription, limit: Int?
    ) throws -> [PredictionInput] {
        var left = limit ?? .max
        var result: [PredictionInput] = []
        for path in paths where left > 0 {
            var texts = try texts(path, reading)
            if texts.texts.count > left { texts = (Array(texts.texts.prefix(left)), Array(texts.names.prefix(left))) }
            left -= texts.texts.count
            guard !texts.texts.isEmpty else { continue }
            let samples = try reading.samples(of: texts.texts)
            result.append(PredictionInput(names: texts.names, samples: [model.inputs.first?.name ?? "": samples]))
        }
        return result
    }

    /// The texts of a file or of a folder of files, each with its name.
    private static func texts(_ path: String, _ reading: TextReading) throws -> (texts: [String], names: [String]) {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
            let files = (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? [])
                .filter { $0.lowercased().hasSuffix(".txt") }.sorted().map { "\(path)/\($0)" }
            guard !files.isEmpty else {
                throw FormatError(
                    .missing, path: path, "the folder holds no texts", expected: "files that end in .txt",
                    remedy: "Check the path.")
            }
            return (try files.map { try TextFile.whole($0) }, files)
        }
        if let column = reading.column, ["csv", "tsv", "tab"].contains((path as NSString).pathExtension.lowercased()) {
            let texts = try CSVTable.texts(path, columns: [column])[0]
            return (texts, names(path, texts.count))
        }
        if reading.readsWholeFiles { return ([try TextFile.whole(path)], [path]) }
        let lines = try TextFile.lines(path)
        return (lines, names(path, lines.count))
    }
}

extension TextReading {
    /// Throws for a language model, which takes no texts as samples.
    func checkSamples() throws(PredictionError) {
        guard stride != nil else { return }
        throw PredictionError(
            "the model says of each token which one comes next", expected: "a text to go on with",
            received: "texts as samples", remedy: "Let it write: apus generate RUN --prompt TEXT, or TextGenerator.")
    }
}
