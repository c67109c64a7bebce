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
    package init(csv text: String, path: String) throws(FormatError) {
        self.init()
        let rows = try CSVRows.read(text, path: path)
        guard let header = rows.first else { return }
        for (index, row) in rows.dropFirst().enumerated() {
            guard row.count == header.count else {
                throw FormatError(
                    .malformed, path: path, "line \(index + 2) has another number of fields than the first",
                    expected: "\(header.count)", received: "\(row.count)", remedy: "Restore the file.")
            }
            func part(_ prefix: String) -> [(name: String, value: Double)] {
                zip(header, row).compactMap { name, field in
                    guard name.hasPrefix(prefix), !field.isEmpty else { return nil }
                    return (String(name.dropFirst(prefix.count)), Double(field) ?? .nan)
                }
            }
            let facts = Dictionary(zip(header, row)) { first, _ in first }
            func fact(_ name: String) -> Double { facts[name].flatMap(Double.init) ?? .nan }
            let validation = part("validation.")
            epochs.append(
                EpochRecord(
                    facts["epoch"].flatMap(Int.init) ?? index + 1, step: facts["step"].flatMap(Int.init) ?? 0,
                    training: Measurements(part("training.")),
                    validation: validation.isEmpty ? nil : Measurements(validation),
                    learningRate: fact("learningRate"), seconds: fact("seconds"),
                    samplesPerSecond: fact("samplesPerSecond")))
        }
    }
}
