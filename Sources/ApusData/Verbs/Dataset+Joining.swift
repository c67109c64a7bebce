import ApusBackend
import ApusConfiguration
import ApusGraph

/// Several data sets as one.
extension Dataset {
    /// These samples and then those of another data set.
    ///
    /// What is in memory in both is copied, and what is not is read when batches are made. Where one of them has weights, samples of
    /// the other count as usual.
    ///
    /// - Throws: `DatasetError` unless both have the same inputs, targets, classes, labels that do not count, and normalization.
    public func appending(_ other: Dataset) throws -> Dataset {
        try checkLike(other)
        let read = isInMemory && other.isInMemory ? nil : try streamed(with: other)
        let (own, others) = (columns, other.columns)
        let joined = try own.indices.map { place in
            if let read, !own[place].isInMemory || !others[place].isInMemory { return read.columns[place] }
            return try Column.joined([(own[place], rows), (others[place], other.rows)])
        }
        var inputs = inputColumns
        for place in inputs.indices { inputs[place].column = joined[place] }
        var targets = targetColumns
        for place in targets.indices { targets[place].column = joined[inputs.count + place] }
        return Dataset(
            columns: inputs, targets, weights: try joinedWeights(other), rows: Array(0..<count + other.count),
            preprocessing: preprocessing)
    }

    /// Both, read when batches are made.
    private func streamed(with other: Dataset) throws -> Dataset {
        let (first, second, edge) = (self, other, count)
        @Sendable func place(_ index: Int) -> (data: Dataset, row: Int) {
            index < edge ? (first, first.rows[index]) : (second, second.rows[index - edge])
        }
        let samples = try StreamedSamples(
            count: count + other.count, classNames: knownClasses, ignoring: { ignoredLabels[$0] },
            sample: {
                let (data, row) = place($0)
                return try data.sample(inRow: row)
            },
            signature: {
                let (data, row) = place($0)
                return data.signature(ofRow: row)
            })
        return Dataset(samples, preprocessing: preprocessing, memoryLimit: 0)
    }

    private func joinedWeights(_ other: Dataset) throws -> Column? {
        guard weights != nil || other.weights != nil else { return nil }
        return try .joined(
            [self, other].map { data in
                (data.weights ?? .numbers(Array(repeating: 1, count: (data.rows.max() ?? -1) + 1), []), data.rows)
            })
    }

    private func checkLike(_ other: Dataset) throws(DatasetError) {
        func compare(_ what: String, _ text: (Dataset) -> String, _ remedy: String) throws(DatasetError) {
            let (own, others) = (text(self), text(other))
            guard own != others else { return }
            throw DatasetError(
                .malformed, "the data sets differ in their \(what)", expected: own, received: others, remedy: remedy)
        }
        func list(_ columns: [(name: String, column: Column)]) -> String {
            columns.map { ($0.name.isEmpty ? "" : "\($0.name) ") + "\($0.column.row)" }.joined(separator: ", ")
        }
        try compare(
            "inputs", { list($0.inputColumns.map { ($0.name, $0.column) }) }, "Join data of the same names and shapes.")
        try compare(
            "targets", { list($0.targetColumns.map { ($0.name, $0.column) }) },
            "Join data of the same names and shapes.")
        for (own, others) in zip(targetColumns, other.targetColumns) where own.classNames != others.classNames {
            throw DatasetError(
                .malformed, "the data sets differ in the classes" + (own.name.isEmpty ? "" : " of\(own.name.asName)"),
                expected: own.classNames.shown(8), received: others.classNames.shown(8),
                remedy: "Bring the classes of one into the order of the other: relabelled(_:_:).")
        }
        try compare(
            "labels that do not count",
            { data in data.targetColumns.map { $0.ignored.map(String.init) ?? "none" }.joined(separator: ", ") },
            "Give both the same label.")
        guard preprocessing != other.preprocessing else { return }
        throw DatasetError(
            .malformed, "the data sets differ in their normalization",
            remedy: "Set preprocessing of one to that of the other, if it is meant for both.")
    }
}

extension Column {
    /// Some rows of columns of one type, one behind the other in memory.
    static func joined(_ parts: [(column: Column, rows: [Int])]) throws -> Column {
        let row = parts[0].column.row
        let buffer = Buffer(byteCount: parts.reduce(0) { $0 + $1.rows.count } * row.byteCount)
        var target = buffer.start
        for (column, rows) in parts {
            for row in rows {
                let source = try column.pointer(row, scratch: target)
                if column.isInMemory { target.copyMemory(from: source, byteCount: column.rowByteCount) }
                target += column.rowByteCount
            }
        }
        return Column(buffer: buffer, row: row)
    }
}
