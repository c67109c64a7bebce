import ApusConfiguration
package import ApusFormats

extension History {
    /// The table that `CSVLog` writes: the columns of all epochs, in the order in which they came.
    var csv: String {
        func names(_ part: (EpochRecord) -> Measurements?) -> [String] {
            var seen: Set<String> = []
            return epochs.flatMap { part($0)?.names ?? [] }.filter { seen.insert($0).inserted }
        }
        let (training, validation) = (names(\.training), names(\.validation))
        let header =
            ["epoch", "step"] + training.map { "training.\($0)" } + validation.map { "validation.\($0)" }
            + ["learningRate", "seconds", "samplesPerSecond"]
        let rows = epochs.map { record in
            let values: [Double?] =
                training.map { record.training[$0] } + validation.map { record.validation?[$0] }
                + [record.learningRate, record.seconds, record.samplesPerSecond]
            return ["\(record.epoch)", "\(record.step)"] + values.map { $0.map(FileNumber.text) ?? "" }
        }
        return CSVRows.text([header] + rows)
    }

    /// Reads what `CSVLog` writes; columns that are not known are skipped.
    ///
    /// - Throws: `FormatError` that names the line of what no training writes: the file is damaged then.
    package init(csv text: String, path: String) throws(FormatError) {
        self.init()
        func damaged(_ problem: String, _ expected: String, _ received: String) -> FormatError {
            FormatError(
                .malformed, path: path, problem, expected: expected, received: received, remedy: "Restore the file.")
        }
        guard text.isEmpty || text.hasSuffix("\n") else {
            throw damaged("the file is cut off in its last line", "the end of a line", "the end of the file")
        }
        let rows = try CSVRows.read(text, path: path)
        guard let header = rows.first else { return }
        for (index, row) in rows.dropFirst().enumerated() {
            let line = index + 2
            guard row.count == header.count else {
                throw damaged(
                    "line \(line) has another number of fields than the first", "\(header.count)", "\(row.count)")
            }
            var numbers: [(name: String, value: Double)] = []
            for (name, field) in zip(header, row) where !field.isEmpty {
                let isKnown = ["epoch", "step", "learningRate", "seconds", "samplesPerSecond"].contains(name)
                guard isKnown || name.hasPrefix("training.") || name.hasPrefix("validation.") else { continue }
                guard let value = Double(field) else {
                    throw damaged("line \(line) holds no number in the column \(name.shown)", "a number", field.quoted)
                }
                numbers.append((name, value))
            }
            func part(_ prefix: String) -> [(name: String, value: Double)] {
                numbers.filter { $0.name.hasPrefix(prefix) }.map { (String($0.name.dropFirst(prefix.count)), $0.value) }
            }
            let facts = Dictionary(numbers.map { ($0.name, $0.value) }) { first, _ in first }
            let validation = part("validation.")
            let epoch = facts["epoch"].flatMap { Int(exactly: $0) } ?? index + 1
            guard epoch > (epochs.last?.epoch ?? 0) else {
                throw damaged("line \(line) is out of order", "an epoch after \(epochs.last?.epoch ?? 0)", "\(epoch)")
            }
            epochs.append(
                EpochRecord(
                    epoch, step: facts["step"].flatMap { Int(exactly: $0) } ?? 0,
                    training: Measurements(part("training.")),
                    validation: validation.isEmpty ? nil : Measurements(validation),
                    learningRate: facts["learningRate"] ?? .nan, seconds: facts["seconds"] ?? .nan,
                    samplesPerSecond: facts["samplesPerSecond"] ?? .nan))
        }
    }
}
