import ApusConfiguration
import ApusData
import ApusFormats
import ApusTensor

/// Rows that are at hand are read as those of a file are: each cell as the training read its column.
extension SampleTable {
    /// The rows as samples, and what the reader should know about them.
    ///
    /// - Throws: `PredictionError` if the model was not trained on a table, or a row is none of it.
    func read(_ rows: [[String: TableValue]]) throws -> (samples: Values, remark: String?) {
        guard let features else {
            throw PredictionError(
                "the model was not trained on a table whose columns have names", expected: model.expected,
                received: "a row", remedy: "Give samples as a tensor: model.predict(samples).")
        }
        // In the order in which they are named in messages.
        let names = Set(rows.flatMap(\.keys)).sorted()
        var uses: [(name: String, reading: CSVReading?)] = []
        for name in names where !isIgnored(name) {
            guard let reading = reading(of: name, features) else {
                let row = rows.firstIndex { $0[name] != nil } ?? 0
                throw PredictionError(
                    "row \(row) has the column \(name.shown), which the training did not have",
                    expected: "the columns \(columns(of: features).shown())", received: nil,
                    remedy: "Leave it out, or correct its name (\(Names.hint(name, columns(of: features)))).")
            }
            uses.append((name, reading))
        }
        let table = try CSVTable(uses.map { try column($0.name, $0.reading, rows) })
        let values = try features.map { feature -> (Int) -> Double in
            guard let value = try value(of: feature, in: table, "") else { throw lacking(feature, row: 0) }
            return value
        }
        let images = try images(in: table, folder: "", "the rows")
        return (samples(values, images, rows.count), newWords(table, features))
    }

    /// Columns of the training's table that are no features may stay in a row.
    private func isIgnored(_ name: String) -> Bool {
        (model.columns ?? []).contains { $0.name == name && $0.role != .feature }
    }

    /// How the cells of a column are read, `.some(nil)` as words; `nil` if no feature comes of it.
    private func reading(of name: String, _ features: [ModelDescription.Feature]) -> CSVReading?? {
        if imageColumns.contains(name) { return .some(nil) }
        if let column = trained.first(where: { $0.name == name }) { return .some(column.reading) }
        guard trained.isEmpty else { return nil }
        if features.contains(where: { $0.name == name }) { return .some(.number) }
        return features.contains { $0.name.hasPrefix(name + "=") } ? .some(nil) : nil
    }

    /// The columns of which features come.
    func columns(of features: [ModelDescription.Feature]) -> [String] {
        guard trained.isEmpty else { return trained.map(\.name) }
        var names: [String] = []
        for feature in features {
            let name = column(of: feature)
            if !names.contains(name) { names.append(name) }
        }
        return names
    }

    private func column(of feature: ModelDescription.Feature) -> String {
        trained.first { $0.name == feature.name || feature.name.hasPrefix($0.name + "=") }?.name
            ?? String(feature.name.prefix { $0 != "=" })
    }

    private func lacking(_ feature: ModelDescription.Feature, row: Int) -> PredictionError {
        lacking(column(of: feature), row: row)
    }

    private func lacking(_ column: String, row: Int) -> PredictionError {
        PredictionError(
            "row \(row) lacks the column \(column.shown)", expected: "all columns that the model was trained on",
            remedy: "Add it; give nil where the value is not known.")
    }

    // MARK: Cells

    /// A column of some rows, as a file would give it.
    private func column(
        _ name: String, _ reading: CSVReading?, _ rows: [[String: TableValue]]
    ) throws -> CSVTable.Column {
        let cells = try rows.enumerated().map { row, cells in
            guard let cell = cells[name] else { throw lacking(name, row: row) }
            return cell
        }
        let format = model.table?.format ?? CSVFormat()
        guard let reading else {
            var (names, codes): ([String], [String: Int32]) = ([], [:])
            let values = cells.map { cell -> Int32 in
                guard let word = word(cell, format) else { return -1 }
                if let code = codes[word] { return code }
                codes[word] = Int32(names.count)
                names.append(word)
                return Int32(names.count - 1)
            }
            return CSVTable.Column(name: name, values: .categories(codes: values, names: names))
        }
        let numbers = try cells.enumerated().map { row, cell in
            try number(cell, reading, format, "row \(row)", name)
        }
        return CSVTable.Column(name: name, values: .numbers(numbers))
    }

    /// The word of a cell; `nil` where it is missing.
    private func word(_ cell: TableValue, _ format: CSVFormat) -> String? {
        switch cell {
        case .missing: return nil
        case .number(let number): return number.isNaN ? nil : number.plainText
        case .text(let text): return format.word(text)
        }
    }

    /// The number of a cell; NaN where it is missing.
    private func number(
        _ cell: TableValue, _ reading: CSVReading, _ format: CSVFormat, _ row: String, _ column: String
    ) throws -> Double {
        let (number, shown): (Double?, String) =
            switch cell {
            case .missing: (.nan, "")
            case .number(let number): (number, number.plainText)
            case .text(let text): (format.number(text, reading), text.quoted)
            }
        guard let number, !number.isInfinite else {
            throw PredictionError(
                "\(row) holds \(shown) in the column \(column.shown)",
                expected: number == nil ? reading.description : "a finite number",
                remedy: "Correct the cell, or give nil if the value is missing.")
        }
        return number
    }
}
