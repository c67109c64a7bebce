import ApusConfiguration
import ApusData
import ApusFormats
import ApusGraph
import ApusTensor

/// Tables are read as that of the training was: the same columns, by their names, with cells that mean the same; each goes to the input
/// to which it went then.
struct SampleTable {
    let model: ModelDescription
    /// The columns that were features, as far as that is known.
    let trained: [TableColumn]

    init(_ model: ModelDescription) {
        self.model = model
        trained = (model.columns ?? []).filter { $0.role == .feature }
    }

    /// Where there are features: those of all inputs that are no images, one after the other.
    var features: [ModelDescription.Feature]? {
        let tables = model.inputs.filter { imageColumn(of: $0) == nil }
        return tables.allSatisfy { $0.features != nil } ? tables.flatMap { $0.features ?? [] } : nil
    }

    // MARK: Files

    func read(_ path: String) throws -> PredictionInput {
        let (table, facts) = try CSVTable.readWithFacts(path, format: format)
        guard let features else { return try readInOrder(table, path) }
        let columns = try features.map { try value(of: $0, in: table, path) }
        let known = columns.compactMap { $0 }
        guard known.count == columns.count else {
            // A table that has none of the columns may have them without names.
            if known.isEmpty, model.inputs.count == 1, let inOrder = try? readInOrder(table, path) { return inOrder }
            throw lacking(zip(features, columns).filter { $1 == nil }.map(\.0), table, path)
        }
        let names = Set(trained.map(\.name))
        for fact in facts where trained.isEmpty || names.contains(fact.name) {
            guard let cell = fact.infinite else { continue }
            throw FormatError(
                .mismatch, path: path, "line \(cell.line) holds \(cell.text.quoted) in the column \(fact.name.shown)",
                expected: "a finite number", remedy: "Correct the cell, or leave it empty if the value is missing.")
        }
        let images = try images(in: table, folder: SampleTable.folder(of: path), path)
        return PredictionInput(
            names: PredictionInput.names(path, table.rowCount), samples: samples(known, images, table.rowCount),
            remark: newWords(table, features).map { "\(path): \($0)" })
    }

    /// How the table is read: columns that were numbers in training as the same numbers, all others as words.
    private var format: CSVFormat {
        var format = model.table?.format ?? CSVFormat()
        format.names = Set(trained.map(\.name) + imageColumns)
        for name in imageColumns { format.uses[name] = .words }
        for column in trained { format.uses[column.name] = column.reading.map { .numbers($0) } ?? .words }
        return format
    }

    /// The values of features, one input after the other, as the inputs take them.
    ///
    /// - Parameter images: Those of the inputs that are some.
    func samples(_ columns: [(Int) -> Double], _ images: [String: Tensor], _ count: Int) -> Values {
        var place = 0
        return Values(
            model.inputs.map { input in
                if let images = images[input.name] { return (input.name, images) }
                let own = columns[place..<place + input.shape.count]
                place += input.shape.count
                return (input.name, tensor((0..<count).flatMap { row in own.map { $0(row) } }, count, input))
            })
    }

    private func tensor(_ numbers: [Double], _ count: Int, _ input: ModelDescription.Input) -> Tensor {
        let shape = Shape([count] + input.shape.dimensions)
        return input.elementType == .float64
            ? Tensor(numbers, shape: shape, type: .float64) : Tensor(numbers.map { Float($0) }, shape: shape)
    }

    /// A table whose columns are the features one by one, whatever their names.
    private func readInOrder(_ table: CSVTable, _ path: String) throws -> PredictionInput {
        guard let input = model.inputs.first, model.inputs.count == 1 else {
            throw FormatError(
                .mismatch, path: path, "the network takes \(model.inputs.count) inputs, and not from a table",
                expected: model.expected, received: "a table",
                remedy: "Predict in Swift, with each input by its name.")
        }
        let width = input.shape.count
        let columns = try table.columns.map { column in
            guard case .numbers(let numbers) = column.values else {
                throw FormatError(
                    .mismatch, path: path, "the column \(column.name.shown) holds no numbers",
                    expected: "\(width) columns of numbers", remedy: remedy)
            }
            return numbers
        }
        guard columns.count == width else {
            throw FormatError(
                .mismatch, path: path, "the table does not fit the network", expected: "\(width) columns",
                received: "\(columns.count)", remedy: remedy)
        }
        let rows = (0..<table.rowCount).flatMap { row in columns.map { $0[row] } }
        return PredictionInput(
            names: PredictionInput.names(path, table.rowCount),
            samples: [input.name: tensor(rows, table.rowCount, input)])
    }

    private var remedy: String {
        guard let features else {
            return "Give the columns that the network was trained on, in their order, without the label."
        }
        return
            "Give the columns that the network was trained on by their names, in any order, or in this order without others: "
            + features.map(\.name).shown()
    }

    /// The table has no column for some features.
    private func lacking(
        _ features: [ModelDescription.Feature], _ table: CSVTable, _ path: String
    ) -> FormatError {
        let missing = columns(of: features).filter { name in !table.columns.contains { $0.name == name } }
        let (one, names) = (missing.count == 1, table.columns.map(\.name))
        return FormatError(
            .mismatch, path: path, "the file lacks the \(one ? "column" : "columns") \(missing.shown())",
            expected: "the columns that the network was trained on, by their names, in any order",
            received: names.shown(),
            remedy: "Add \(one ? "it" : "them"); a cell may be empty where the value is not known.")
    }

    /// The value of a feature in each row; `nil` if the table has no such column.
    func value(
        of feature: ModelDescription.Feature, in table: CSVTable, _ path: String
    ) throws -> ((Int) -> Double)? {
        if let column = try? table.column(named: feature.name) {
            guard case .numbers(let numbers) = column.values else {
                throw FormatError(
                    .mismatch, path: path, "the column \(feature.name.shown) holds words",
                    expected: "numbers, as in training", remedy: "Correct the column.")
            }
            return { numbers[$0].isNaN ? feature.mean : numbers[$0] }
        }
        // `color=red` is a word of the column `color`; names and words may have signs of equality themselves.
        for sign in feature.name.indices where feature.name[sign] == "=" {
            guard let column = try? table.column(named: String(feature.name[..<sign])) else { continue }
            let word = feature.name[feature.name.index(after: sign)...]
            switch column.values {
            case .categories(let codes, let names):
                let place = names.firstIndex { $0 == word }.map(Int32.init) ?? -2
                return { codes[$0] == place ? 1 : 0 }
            case .numbers(let numbers) where trained.isEmpty:
                // Words that look like numbers, where it was not noted what the columns were.
                return { Double(word) == numbers[$0] ? 1 : 0 }
            case .numbers, .text: continue
            }
        }
        return nil
    }

    /// What to know of words that the training did not have: all features of their columns are 0.
    func newWords(_ table: CSVTable, _ features: [ModelDescription.Feature]) -> String? {
        let known = Set(features.map(\.name))
        let remarks = trained.compactMap { column -> String? in
            guard column.reading == nil, let own = try? table.column(named: column.name),
                case .categories(_, let names) = own.values
            else { return nil }
            let new = names.filter { !known.contains("\(column.name)=\($0)") }
            guard !new.isEmpty else { return nil }
            return
                "the column \(column.name.shown) holds \(new.map(\.quoted).joined(separator: ", ").shown(200)), which the training "
                + "did not have: none of its words counts there"
        }
        return remarks.isEmpty ? nil : remarks.joined(separator: "; ")
    }
}
