import ApusBackend

/// Tables with holes: numbers that are missing are NaN until they are filled.
extension Dataset {
    /// Some parts of one table, with the mean of the training part's column where a number is missing.
    ///
    /// - Parameters:
    ///   - parts: views of one data set of `float32` or `float64` samples
    ///   - training: the part whose means are taken
    ///   - names: the columns
    /// - Throws: `DatasetError` if a column with holes has no number in the training part.
    package static func fillingMissing(
        _ parts: [Dataset], byMeansOf training: Dataset, names: [String]
    ) throws(DatasetError) -> [Dataset] {
        let filled =
            training.elementType == .float64
            ? try filled(training, names, Double.self) : try filled(training, names, Float.self)
        let column = Column(buffer: filled, row: training.features.row)
        return parts.map {
            Dataset(
                column, $0.targets, weights: $0.weights, rows: $0.rows, classNames: $0.classNames,
                preprocessing: $0.preprocessing)
        }
    }

    private static func filled<Number: BinaryFloatingPoint>(
        _ training: Dataset, _ names: [String], _: Number.Type
    ) throws(DatasetError) -> Buffer {
        let (source, width) = (training.features, training.sampleShape.count)
        let count = source.buffer.byteCount / MemoryLayout<Number>.size
        let filled = source.buffer.copy()
        let numbers = filled.start.assumingMemoryBound(to: Number.self)
        for column in 0..<width {
            let holes = stride(from: column, to: count, by: width).filter { numbers[$0].isNaN }
            guard !holes.isEmpty else { continue }
            let known = training.rows.map { numbers[$0 * width + column] }.filter { !$0.isNaN }
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
        guard features.isInMemory else { return false }
        switch elementType {
        case .float32: return features.buffer.bytes.bindMemory(to: Float.self).contains { $0.isNaN }
        case .float64: return features.buffer.bytes.bindMemory(to: Double.self).contains { $0.isNaN }
        default: return false
        }
    }
}
