package import ApusFormats
package import ApusGraph

// Samples in whose place stands what a model makes of them.

extension Dataset {
    /// The same samples with another input in place of the first: rows of a reader, one for each of some samples in their order.
    ///
    /// Order, targets and weights stay; the new input is not scaled.
    ///
    /// - Parameters:
    ///   - reader: makes row i for sample i of `samples`
    ///   - samples: a view of the same data that has all samples of this one
    ///   - row: the type of a row
    ///   - memoryLimit: the bytes of rows that stay in memory
    package func replacingInput(
        by reader: some RowReader, of samples: Dataset, _ row: TensorType, memoryLimit: Int
    ) -> Dataset {
        var places = Array(repeating: 0, count: (samples.rows.max() ?? -1) + 1)
        for (place, row) in samples.rows.enumerated() { places[row] = place }
        let column = Column(PlacedRows(reader: reader, places: places), row: row, limit: memoryLimit)
        var replaced = replacing(inputs: [InputColumn(name: inputColumns[0].name, column: column)])
        replaced.preprocessing = .identity
        return replaced
    }

    /// Adds to a hash what tells these inputs from any others, in their order; targets and scaling do not count.
    ///
    /// - Returns: whether that is known of all samples; it is not where a function makes them without a name.
    package func addInputs(to hash: inout XXH3) -> Bool {
        for column in inputColumns.map(\.column) {
            hash.add(UInt64(column.row.elementType.rawValue))
            hash.add(UInt64(column.row.shape.rank))
            for dimension in column.row.shape.dimensions { hash.add(UInt64(dimension)) }
            for row in rows {
                if let cache = column.cache {
                    guard let version = cache.reader.version(of: row) else { return false }
                    version.withUnsafeBytes { hash.add($0) }
                } else {
                    hash.add(column.bytesInMemory(row))
                }
            }
        }
        hash.add(UInt64(count))
        return true
    }
}

/// The rows of a reader at other places.
private struct PlacedRows<Rows: RowReader>: RowReader {
    let reader: Rows
    let places: [Int]

    func read(_ row: Int, into target: UnsafeMutableRawPointer) throws { try reader.read(places[row], into: target) }

    func signature(of row: Int) -> [UInt8] { reader.signature(of: places[row]) }

    var isConcurrent: Bool { reader.isConcurrent }
}
