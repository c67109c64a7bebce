import ApusConfiguration
import ApusFormats
import ApusGraph
import ApusTensor
import Foundation

extension CSVSource {
    /// Reads the table; missing numbers are NaN.
    public func read(_ request: SampleRequest) throws -> RawSamples {
        let (path, groups) = (request.path(file), request.groupColumn)
        if let problem = settingProblem { throw ConfigurationError("data.source.csv: \(problem)") }
        let wanted = wantedTargets
        let (table, facts) = try CSVTable.readWithFacts(path, format: trainingFormat(wanted.map(\.target), groups))
        func column(_ name: String) throws -> CSVTable.Column {
            do throws(FormatError) {
                return try table.column(named: name)
            } catch {
                var error = error
                error.path = path
                throw error
            }
        }
        guard table.rowCount > 0 else {
            throw problem(path, "the table has no rows", remedy: "Give a table with a row a sample.")
        }
        let targets = try wanted.map { (name: $0.name, column: try column($0.target.column), task: $0.target.task) }
        let others = Set(ignore + targets.map(\.column.name) + (groups.map { [$0] } ?? []))
        for name in ignore + words { _ = try column(name) }
        let parts = inputs?.sorted { $0.key < $1.key }
        let tables = parts.map { $0.compactMap { part in part.value.table.map { (name: part.key, columns: $0) } } }
        let named = columns ?? tables.map { CSVSource.united($0.flatMap(\.columns)) }
        let chosen = try named?.map(column) ?? table.columns.filter { !others.contains($0.name) }
        if let target = targets.first(where: { target in chosen.contains { $0.name == target.column.name } }) {
            throw problem(
                path, "the target \(target.column.name) is among the features", remedy: "Take it out of columns.")
        }
        let known = Dictionary(facts.map { ($0.name, $0) }) { first, _ in first }
        for column in chosen { if let facts = known[column.name] { try check(facts, path) } }
        let features = TableFeatures(
            features: try chosen.flatMap {
                try TableFeature.features($0, isAskedFor: words.contains($0.name), path)
            }, rowCount: table.rowCount)
        guard !features.features.isEmpty || tables?.isEmpty == true else {
            throw problem(
                path,
                "no column is left" + (targets.isEmpty ? "" : " to predict \(targets.map(\.column.name).shown()) from"),
                remedy: "Change columns or ignore.")
        }
        let lossy = features.lossy
        let columns = try targets.map { target in
            let name = target.name
            if target.task == .regression {
                if let facts = known[target.column.name] { try check(facts, path) }
                let numbers = Column.numbers(try self.numbers(target.column, path), [1])
                return TargetColumn(name: name, column: numbers)
            }
            let (labels, names) = try classes(target.column, path)
            return TargetColumn(name: name, column: Column.labels(labels), classNames: names)
        }
        let whole = InputColumn(
            name: "", column: try Column.rows(of: features.tensor(lossy: lossy), "the table").column,
            features: features.features.map(\.name))
        var samples = Dataset(
            columns: [whole], columns.isEmpty ? [.none] : columns, rows: Array(0..<table.rowCount),
            preprocessing: .identity)
        if let parts, let tables {
            let divided = tables.isEmpty ? [] : try divided(samples, tables, path).inputColumns
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent().relativePath
            samples = samples.replacing(
                inputs: try parts.map { (name, part) in
                    guard case .images(let images) = part else { return divided.first { $0.name == name }! }
                    return InputColumn(name: name, column: try self.images(images, try column(images.images), folder))
                })
        }
        var raw = RawSamples(
            samples, featureNames: samples.inputColumns.flatMap(\.features),
            groups: try groups.map { try texts(try column($0), path) })
        raw.columns =
            targets.map { described($0.column, .label, known[$0.column.name], task: $0.task) }
            + (try groups.map { [described(try column($0), .group, known[$0])] } ?? [])
            + chosen.map { described($0, .feature, known[$0.name], isLossy: lossy.contains($0.name)) }
        return raw
    }

    /// What is predicted: one target without a name, or several in the order of their names.
    private var wantedTargets: [(name: String, target: CSVTarget)] {
        target.map { [("", CSVTarget($0, task: task))] }
            ?? (targets ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    public var settingProblem: String? {
        target == nil || targets == nil ? nil : "give target, or targets by name, but not both"
    }

    /// How the file is read; classes and groups are numbers only where they are written as programs write them.
    private func trainingFormat(_ targets: [CSVTarget], _ groups: String?) -> CSVFormat {
        var format = format
        format.names = Set(targets.map(\.column))
        for target in targets where target.task == .classification { format.uses[target.column] = .numbersOrWords }
        for case .images(let images) in inputs.map({ Array($0.values) }) ?? [] { format.uses[images.images] = .words }
        if let groups { format.uses[groups] = .numbersOrWords }
        for name in words { format.uses[name] = .words }
        return format
    }

    /// The columns of each input by itself.
    private func divided(_ samples: Dataset, _ inputs: [(name: String, columns: [String])], _ path: String) throws
        -> Dataset
    {
        do throws(DatasetError) {
            return try samples.dividing(columns: inputs)
        } catch {
            throw problem(
                path, error.problem, expected: error.expected, received: error.received,
                remedy: "Change inputs, or columns.")
        }
    }

    /// The images whose paths a column holds.
    private func images(_ images: CSVImages, _ column: CSVTable.Column, _ folder: String) throws -> Column {
        guard case .categories(let codes, let names) = column.values else { throw tooManyWords(column, file) }
        if let row = codes.firstIndex(where: { $0 < 0 }) {
            throw problem(
                file, "the column \(column.name) has no image in row \(row + 1)", expected: "a path in every row",
                remedy: "Remove the row, or add the path.")
        }
        let paths = codes.map { code in
            let name = names[Int(code)]
            return name.hasPrefix("/") || folder.isEmpty ? name : "\(folder)/\(name)"
        }
        return try Column.images(
            ImageRows(paths: paths, height: images.height, width: images.width, channels: images.channels),
            streams: images.streams)
    }

    /// Names without those that came before.
    private static func united(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }

    private func problem(
        _ path: String, _ problem: String, expected: String? = nil, received: String? = nil, remedy: String
    ) -> DatasetError {
        DatasetError(.malformed, "\(path): \(problem)", expected: expected, received: received, remedy: remedy)
    }

    /// Refuses a column of which nearly every cell is a number, and infinite numbers.
    private func check(_ facts: CSVColumnFacts, _ path: String) throws {
        let name = facts.name.shown
        if let (reading, count, total, first) = facts.odd {
            let others = count == 1 ? "" : ", and \((count - 1).counted("other cell")) are none either"
            throw problem(
                path, "line \(first.line) holds \(first.text.quoted) in the column \(name)\(others)",
                expected: "\(reading), as in \(total - count) of its \(total.counted("cell"))",
                remedy:
                    "Correct the cell; or say that it means a missing value (missing: [\(first.text.quoted)]), that the column holds words (words: [\(name)]), or leave the column out (ignore: [\(name)])."
            )
        }
        if let cell = facts.infinite {
            throw problem(
                path, "line \(cell.line) holds \(cell.text.quoted) in the column \(name)", expected: "a finite number",
                remedy: "Correct the cell, or leave it empty if the value is missing.")
        }
    }

    /// What a column was taken for, for people.
    private func described(
        _ column: CSVTable.Column, _ role: TableColumn.Role, _ facts: CSVColumnFacts?, isLossy: Bool = false,
        task: PredictionTask? = nil
    ) -> TableColumn {
        var remarks = [facts?.reason].compactMap { $0 }
        let missing = facts?.missingCount ?? 0
        if missing > 0 {
            let words = facts?.missingWords ?? []
            remarks.append(
                "\(missing.counted("value")) \(missing == 1 ? "is" : "are") missing"
                    + (words.isEmpty ? "" : " (\(words.map(\.quoted).joined(separator: ", ")))"))
        }
        if isLossy { remarks.append("kept in float64, which is scaled before it is rounded") }
        let content: String
        switch column.values {
        case .numbers:
            let isClass = role == .label && task == .classification
            content = isClass ? "whole numbers, as classes" : (facts?.reading ?? .number).description
        case .categories(_, let names):
            content = "\(names.count.counted("word")): \(names.shown(8))"
            if role == .feature { remarks.insert("one feature a word", at: 0) }
        case .text(let count): content = "\(count) texts"
        }
        return TableColumn(
            name: column.name, role: role, content: content,
            remark: remarks.isEmpty ? nil : remarks.joined(separator: "; "), reading: facts?.reading)
    }

    // MARK: Targets

    /// The class of each row, and the classes: words by their bytes, numbers by their value.
    private func classes(_ column: CSVTable.Column, _ path: String) throws -> (labels: [Int], names: [String]) {
        switch column.values {
        case .categories(let codes, let names):
            try checkComplete(column, codes.indices.filter { codes[$0] < 0 }, path)
            let (sorted, places) = ClassNames.sorted(names)
            try checkRepeated(column, sorted.count, codes.count, path)
            return (codes.map { places[Int($0)] }, sorted)
        case .numbers(let numbers):
            try checkComplete(column, numbers.indices.filter { numbers[$0].isNaN }, path)
            if let row = numbers.firstIndex(where: { $0 != $0.rounded() || $0.magnitude > 1e15 }) {
                throw problem(
                    path, "the target \(column.name) of row \(row + 1) is no class", expected: "words or whole numbers",
                    received: "\(numbers[row])", remedy: "To predict numbers, give task: regression.")
            }
            let sorted = Set(numbers).sorted()
            try checkRepeated(column, sorted.count, numbers.count, path)
            let places = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, $0) })
            return (numbers.map { places[$0]! }, sorted.map { "\(Int($0))" })
        case .text: throw tooManyWords(column, path)
        }
    }

    /// Labels of which nearly every one is new are no classes.
    private func checkRepeated(_ column: CSVTable.Column, _ classes: Int, _ rows: Int, _ path: String) throws {
        guard classes >= 21, 4 * classes > 3 * rows else { return }
        throw problem(
            path, "nearly every row has another class in the column \(column.name)",
            expected: "classes that many rows share",
            received: "\(classes) classes in \(rows.counted("row"))",
            remedy: "To predict numbers, give task: regression; else name another target.")
    }

    private func numbers(_ column: CSVTable.Column, _ path: String) throws -> [Float] {
        guard case .numbers(let numbers) = column.values else {
            throw problem(
                path, "the target \(column.name) holds words", expected: "numbers, for task: regression",
                remedy: "To predict classes, give task: classification.")
        }
        try checkComplete(column, numbers.indices.filter { !numbers[$0].isFinite }, path)
        return numbers.map { Float($0) }
    }

    private func checkComplete(_ column: CSVTable.Column, _ missing: [Int], _ path: String) throws {
        guard let first = missing.first else { return }
        throw problem(
            path, "the target \(column.name) is missing in \(missing.count.counted("row"))",
            expected: "a value in every row",
            received: "none in row \(first + 1)", remedy: "Remove these rows.")
    }

    /// The value of each row as a text; a missing one is a group of its own.
    private func texts(_ column: CSVTable.Column, _ path: String) throws -> [String] {
        switch column.values {
        case .numbers(let numbers): numbers.map { "\($0)" }
        case .categories(let codes, let names): codes.map { $0 < 0 ? "" : names[Int($0)] }
        case .text: throw tooManyWords(column, path)
        }
    }

    private func tooManyWords(_ column: CSVTable.Column, _ path: String) -> DatasetError {
        problem(
            path, "the column \(column.name.shown) holds too many different words", expected: "at most 65536",
            remedy: "Give another column.")
    }
}
