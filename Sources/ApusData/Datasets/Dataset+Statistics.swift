import ApusBackend
import ApusGraph

extension Dataset {
    /// The normalization that gives the features of these samples mean 0 and variance 1, over all elements together.
    ///
    /// Measure it on the training part only. Features whose elements are all equal are only centred. Several inputs are measured
    /// each by itself; those of whole numbers, bytes aside, stay as they are.
    ///
    /// - Throws: `DatasetError` if there are no elements, or one is not finite.
    public func measuredStandardization() throws(DatasetError) -> Preprocessing {
        try forEachInput { (column) throws(DatasetError) in try standardization(of: column) }
    }

    /// The normalization of each input by a rule: that of the only one, or a part for each that is measured.
    ///
    /// - Parameter unscaled: Inputs that stay as they are; an empty name means that of plain data.
    func forEachInput(
        except unscaled: Set<String> = [], _ rule: (Column) throws(DatasetError) -> Preprocessing
    ) throws(DatasetError) -> Preprocessing {
        guard inputColumns.count > 1 else {
            return unscaled.contains("") || unscaled.contains(inputColumns[0].name) ? .identity : try rule(features)
        }
        var parts: [String: Preprocessing] = [:]
        for input in inputColumns {
            let type = input.column.row.elementType
            guard type.isFloatingPoint || type == .uint8, !unscaled.contains(input.name) else { continue }
            do throws(DatasetError) {
                parts[input.name] = try rule(input.column)
            } catch {
                var error = error
                error.problem = "the input\(input.name.asName): \(error.problem)"
                throw error
            }
        }
        return Preprocessing(named: parts)
    }

    func standardization(of column: Column) throws(DatasetError) -> Preprocessing {
        guard count > 0, column.row.shape.count > 0 else {
            throw DatasetError(
                .impossible, "an empty data set has no mean", received: "\(self)", remedy: "Give at least one sample.")
        }
        let (mean, deviation) =
            column.row.elementType == .uint8
            ? Dataset.moments(counts: try byteCounts(column))
            : Dataset.moments(count: count) { column.tensor(rows[$0]).scalars(as: Double.self) }
        guard mean.isFinite, deviation.isFinite else {
            throw DatasetError(
                .malformed, "the features can't be standardized", expected: "finite numbers",
                received: "mean \(mean), standard deviation \(deviation)",
                remedy: "Remove the samples that contain NaN or infinite numbers.")
        }
        return .standardizing(mean: mean, standardDeviation: deviation > 0 ? deviation : 1)
    }

    /// How often each byte occurs.
    private func byteCounts(_ column: Column) throws(DatasetError) -> [Int] {
        let scratch = column.makeScratch()
        var counts = Array(repeating: 0, count: 256)
        for row in rows {
            for byte in try bytes(column, row, scratch) { counts[Int(byte)] += 1 }
        }
        return counts
    }

    private static func moments(counts: [Int]) -> (mean: Double, deviation: Double) {
        let count = Double(counts.reduce(0, +))
        let mean = counts.enumerated().reduce(0) { $0 + Double($1.offset * $1.element) } / count
        let squares = counts.enumerated().reduce(0) { sum, entry in
            let distance = Double(entry.offset) - mean
            return sum + distance * distance * Double(entry.element)
        }
        return (mean, (squares / count).squareRoot())
    }

    private static func moments(count: Int, of values: (Int) -> [Double]) -> (mean: Double, deviation: Double) {
        var elements = 0
        var sum = 0.0
        for index in 0..<count {
            let values = values(index)
            elements += values.count
            sum = values.reduce(sum, +)
        }
        let mean = sum / Double(elements)
        var squares = 0.0
        for index in 0..<count {
            squares = values(index).reduce(squares) { $0 + ($1 - mean) * ($1 - mean) }
        }
        return (mean, (squares / Double(elements)).squareRoot())
    }
}
