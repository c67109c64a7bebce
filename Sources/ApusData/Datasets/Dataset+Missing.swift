import ApusBackend

/// Tables with holes: numbers that are missing are NaN until they are filled.
extension Dataset {
    /// Some parts of one table, with the mean of the training part's column where a number is missing.
    ///
    /// - Parameters:
    ///   - parts: views of one data set, of which what is `float32` or `float64` is filled
    ///   - training: the part whose means are taken
    ///   - names: the columns of all these inputs, one input after the other
    /// - Throws: `DatasetError` if a column with holes has no number in the training part.
    package static func fillingMissing(
        _ parts: [Dataset], byMeansOf training: Dataset, names: [String]
    ) throws(DatasetError) -> [Dataset] {
        var inputs = training.inputColumns
        var names = names[...]
        for place in inputs.indices {
            let column = inputs[place].column
            // Images have no holes.
            guard column.isInMemory, column.row.elementType.isFloatingPoint else { continue }
            let own = Array(names.prefix(column.row.shape.count))
            names = names.dropFirst(own.count)
            let filled =
                column.row.elementType == .float64
                ? try filled(column, training.rows, own, Double.self)
                : try filled(column, training.rows, own, Float.self)
            inputs[place].column = Column(buffer: filled, row: column.row)
        }
        return parts.map { $0.replacing(inputs: inputs) }
    }

    private static func filled<Number: BinaryFloatingPoint>(
        _ source: Column, _ rows: [Int], _ names: [String], _: Number.Type
    ) throws(DatasetError) -> Buffer {
        let width = source.row.shape.count
        let count = source.buffer.byteCount / MemoryLayout<Number>.size
        let filled = source.buffer.copy()
        let numbers = filled.start.assumingMemoryBound(to: Number.self)
        for column in 0..<width {
            let holes = stride(from: column, to: count, by: width).filter { numbers[$0].isNaN }
            guard !holes.isEmpty else { continue }
            let known = rows.map { numbers[$0 * width + column] }.filter { !$0.isNaN }
            guard !known.isEmpty else {
                throw DatasetError(
                    .impossible, "the column \(names[column]) holds no number in the training part",
                    expected: "one at least, for the mean that stands for those that are missing",
                    remedy: "Leave the column out (ignore: [\(names[column])]).")
            }
            let mean = Number(known.reduce(0.0) { $0 + Double($1) } / Double(known.count))
            for hole in holes { numbers[hole] = mean }
        }
        return filled
    }

    /// Whether a number is missing in any of the table's rows.
    package var hasMissing: Bool {
        inputColumns.map(\.column).contains { column in
            guard column.isInMemory else { return false }
            switch column.row.elementType {
            case .float32: return column.buffer.elements(as: Float.self).contains { $0.isNaN }
            case .float64: return column.buffer.elements(as: Double.self).contains { $0.isNaN }
            default: return false
            }
        }
    }
}
