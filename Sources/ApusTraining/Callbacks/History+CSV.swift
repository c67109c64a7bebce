package import ApusFormats

extension History {
    /// Reads what `CSVLog` writes; columns that are not known are skipped.
    package init(csv text: String, path: String) throws(FormatError) {
        self.init()
        let lines = text.split(whereSeparator: \.isNewline).map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        guard let header = lines.first else { return }
        for (index, line) in lines.dropFirst().enumerated() {
            guard line.count == header.count else {
                throw FormatError(
                    .malformed, path: path, "line \(index + 2) has another number of fields than the first",
                    expected: "\(header.count)", received: "\(line.count)", remedy: "Restore the file.")
            }
            func part(_ prefix: String) -> [(name: String, value: Double)] {
                zip(header, line).compactMap { name, field in
                    guard name.hasPrefix(prefix), !field.isEmpty else { return nil }
                    return (String(name.dropFirst(prefix.count)), Double(field) ?? .nan)
                }
            }
            let facts = Dictionary(zip(header, line)) { first, _ in first }
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
