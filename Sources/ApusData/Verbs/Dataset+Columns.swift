import ApusBackend
import ApusConfiguration
import ApusGraph

/// Tables by the names of their columns.
extension Dataset {
    /// What the features of a table are called, where the source knows it; empty where it does not.
    ///
    /// A column of words has a name for each word, such as `color=red`.
    public var columnNames: [String] { inputColumns[0].features }

    /// The same samples with some columns of the table alone, in the order of the list.
    ///
    /// - Parameter names: columns of `columnNames`; `color` stands for all words of that column
    /// - Throws: `DatasetError` if there is no such column.
    public func selecting(columns names: [String]) throws(DatasetError) -> Dataset {
        let (input, places) = try places([("", names)])[0]
        var selected = replacing(inputs: [
            InputColumn(name: inputColumns[0].name, column: input.column, features: input.features)
        ])
        selected.preprocessing = preprocessing[inputColumns[0].name].selecting(places)
        return selected
    }

    /// The same samples with columns of the table as inputs of their own.
    ///
    /// ```swift
    /// let data = try Dataset.csv("houses.csv", target: "price", task: .regression)
    ///     .dividing(columns: ["wide": ["town"], "deep": ["rooms", "area"]])
    /// ```
    ///
    /// - Parameter inputs: the columns of each input, by its name; a column may be in several
    /// - Throws: `DatasetError` if there is no such column.
    public func dividing(columns inputs: KeyValuePairs<String, [String]>) throws(DatasetError) -> Dataset {
        try dividing(columns: inputs.map { ($0.key, $0.value) })
    }

    func dividing(columns inputs: [(name: String, columns: [String])]) throws(DatasetError) -> Dataset {
        let parts = try places(inputs)
        var divided = replacing(inputs: parts.map(\.input))
        let own = preprocessing[inputColumns[0].name]
        divided.preprocessing =
            own == .identity
            ? own
            : Preprocessing(
                named: Dictionary(uniqueKeysWithValues: parts.map { ($0.input.name, own.selecting($0.places)) }))
        return divided
    }

    /// For each list of columns the input that they are, and their places.
    private func places(
        _ inputs: [(name: String, columns: [String])]
    ) throws(DatasetError) -> [(input: InputColumn, places: [Int])] {
        let table = inputColumns[0]
        guard inputColumns.count == 1, !table.features.isEmpty, table.column.isInMemory else {
            throw DatasetError(
                .impossible, "the columns of these samples have no names",
                expected: "a table that was read from a file",
                received: "\(self)", remedy: "Take the columns where the samples are made.")
        }
        if let name = Set(inputs.map(\.name)).count == inputs.count ? inputs.first(where: \.columns.isEmpty)?.name : ""
        {
            throw DatasetError(
                .malformed,
                name.isEmpty ? "each input needs a name and columns" : "the input \"\(name)\" has no columns",
                remedy: "Give each input a name of its own and a list of columns.")
        }
        var parts: [(input: InputColumn, places: [Int])] = []
        for (name, columns) in inputs {
            var places: [Int] = []
            for column in columns {
                let found = table.features.indices.filter {
                    table.features[$0] == column || table.features[$0].hasPrefix(column + "=")
                }
                guard !found.isEmpty else {
                    throw DatasetError(
                        .malformed, "there is no column \(column.shown)", expected: "one of \(table.features.shown())",
                        received: column.shown, remedy: "Correct the name.")
                }
                places += found
            }
            parts.append(
                (
                    InputColumn(
                        name: name, column: table.column.selecting(places), features: places.map { table.features[$0] }),
                    places
                ))
        }
        return parts
    }
}

extension Column {
    /// Some places of the last axis of rows `[places]` in memory.
    fileprivate func selecting(_ places: [Int]) -> Column {
        let (width, size) = (row.shape.count, row.elementType.byteCount)
        let count = buffer.byteCount / max(1, rowByteCount)
        let selected = Buffer(byteCount: count * places.count * size)
        var target = selected.start
        for row in 0..<count {
            for place in places {
                target.copyMemory(from: buffer.start + (row * width + place) * size, byteCount: size)
                target += size
            }
        }
        return Column(buffer: selected, row: TensorType([places.count], row.elementType))
    }
}

extension Preprocessing {
    /// What belongs to some channels.
    func selecting(_ places: [Int]) -> Preprocessing {
        scales.count == 1 ? self : Preprocessing(scales: places.map { scales[$0] }, offsets: places.map { offsets[$0] })
    }
}
