import ApusGraph

extension Dataset {
    /// The features of an input that is a table in memory: what each place is called, and its mean over the samples; empty for others.
    package func features(of input: String) -> [(name: String, mean: Double)] {
        guard let table = inputColumns.first(where: { $0.name == input }), table.column.isInMemory,
            table.column.row.shape.rank == 1, table.features.count == table.column.row.shape.count
        else { return [] }
        var sums = Array(repeating: 0.0, count: table.features.count)
        // What is in memory can be read.
        try? forEachSample(table.column) { values in
            for place in values.indices { sums[place] += values[place] }
        }
        return zip(table.features, sums).map { ($0, $1 / Double(max(1, count))) }
    }
}
