import ApusFormats
import ApusGraph
import ApusTensor

extension CSVSource {
    /// Words of one column that become features; more of them are hardly categories.
    private static let maximumWordCount = 1000

    /// Reads the table; missing numbers are NaN.
    public func read(_ request: SampleRequest) throws -> RawSamples {
        let (path, groups) = (request.path(file), request.groupColumn)
        let table = try CSVTable.read(path, format: format)
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
        let target = try column(label)
        let others = Set(ignore + [label] + (groups.map { [$0] } ?? []))
        for name in ignore { _ = try column(name) }
        let chosen = try columns?.map(column) ?? table.columns.filter { !others.contains($0.name) }
        if chosen.contains(where: { $0.name == label }) {
            throw problem(path, "the label \(label) is among the features", remedy: "Take it out of columns.")
        }
        let features = try chosen.flatMap { try Feature.features($0, path) }
        guard !features.isEmpty else {
            throw problem(
                path, "no column is left to predict \(label) from", remedy: "Change columns or ignore.")
        }
        var numbers = [Float]()
        numbers.reserveCapacity(table.rowCount * features.count)
        for row in 0..<table.rowCount {
            for feature in features { numbers.append(feature.value(row)) }
        }
        let tensor = Tensor(numbers, shape: [table.rowCount, features.count])
        let samples: Dataset
        switch task {
        case .classification:
            let (labels, names) = try classes(target, path)
            samples = try Dataset(inputs: tensor, labels: labels, classNames: names)
        case .regression:
            samples = try Dataset(
                inputs: tensor, targets: Tensor(try targets(target, path), shape: [table.rowCount, 1]))
        }
        return RawSamples(
            samples, featureNames: features.map(\.name),
            groups: try groups.map { try texts(try column($0), path) })
    }

    private func problem(
        _ path: String, _ problem: String, expected: String? = nil, received: String? = nil, remedy: String
    ) -> DatasetError {
        DatasetError(.malformed, "\(path): \(problem)", expected: expected, received: received, remedy: remedy)
    }

    // MARK: Targets

    /// The class of each row, and the classes: words by their bytes, numbers by their value.
    private func classes(_ column: CSVTable.Column, _ path: String) throws -> (labels: [Int], names: [String]) {
        switch column.values {
        case .categories(let codes, let names):
            try checkComplete(codes.indices.filter { codes[$0] < 0 }, path)
            return (codes.map(Int.init), names)
        case .numbers(let numbers):
            try checkComplete(numbers.indices.filter { numbers[$0].isNaN }, path)
            if let row = numbers.firstIndex(where: { $0 != $0.rounded() || $0.magnitude > 1e15 }) {
                throw problem(
                    path, "the label \(label) of row \(row + 1) is no class", expected: "words or whole numbers",
                    received: "\(numbers[row])", remedy: "To predict numbers, give task: regression.")
            }
            let sorted = Set(numbers).sorted()
            let places = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1, $0) })
            return (numbers.map { places[$0]! }, sorted.map { "\(Int($0))" })
        case .text: throw tooManyWords(column, path)
        }
    }

    private func targets(_ column: CSVTable.Column, _ path: String) throws -> [Float] {
        guard case .numbers(let numbers) = column.values else {
            throw problem(
                path, "the label \(label) holds words", expected: "numbers, for task: regression",
                remedy: "To predict classes, give task: classification.")
        }
        try checkComplete(numbers.indices.filter { !numbers[$0].isFinite }, path)
        return numbers.map { Float($0) }
    }

    private func checkComplete(_ missing: [Int], _ path: String) throws {
        guard let first = missing.first else { return }
        throw problem(
            path, "the label \(label) is missing in \(missing.count.counted("row"))", expected: "a value in every row",
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
            path, "the column \(column.name) holds too many different words", expected: "at most 65536",
            remedy: "Give another column.")
    }

    /// One feature of the samples.
    private struct Feature {
        let name: String
        let value: (Int) -> Float

        /// One feature of a column of numbers, one a word of a column of words.
        static func features(_ column: CSVTable.Column, _ path: String) throws -> [Feature] {
            switch column.values {
            case .numbers(let numbers): return [Feature(name: column.name) { Float(numbers[$0]) }]
            case .categories(let codes, let names) where names.count <= CSVSource.maximumWordCount:
                return names.enumerated().map { place, word in
                    Feature(name: "\(column.name)=\(word)") { Int(codes[$0]) == place ? 1 : 0 }
                }
            default:
                throw DatasetError(
                    .malformed,
                    "\(path): the column \(column.name) holds more than \(maximumWordCount) different words",
                    expected: "numbers, or a few words", remedy: "Leave it out (ignore: [\(column.name)]).")
            }
        }
    }
}
