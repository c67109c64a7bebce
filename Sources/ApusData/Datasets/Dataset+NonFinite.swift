import ApusBackend
package import ApusTensor

extension Dataset {
    /// The samples in memory that hold NaN or infinite numbers, weights aside.
    ///
    /// - Parameter part: What these samples are of the data: `training`.
    /// - Returns: How many there are, and a sentence that names the first number; `nil` where all are finite.
    package func numbersNotFinite(in part: String) -> (samples: Int, remark: String)? {
        var broken: Set<Int> = []
        var first: (place: Int, text: String)?
        func look(_ column: Column, _ what: String) {
            guard column.isInMemory else { return }
            switch column.row.elementType {
            case .float32: look(column, what, Float.self)
            case .float64: look(column, what, Double.self)
            default: return
            }
        }
        func look<Number: BinaryFloatingPoint & BitwiseCopyable>(_ column: Column, _ what: String, _: Number.Type) {
            let (numbers, width) = (column.buffer.elements(as: Number.self), column.row.shape.count)
            for (place, row) in rows.enumerated() {
                guard let found = numbers[row * width..<(row + 1) * width].first(where: { !$0.isFinite }) else {
                    continue
                }
                broken.insert(place)
                if place < first?.place ?? .max { first = (place, "\(found) in the \(what) of sample \(place)") }
            }
        }
        for input in inputColumns { look(input.column, "input\(input.name.asName)") }
        for target in targetColumns { look(target.column, "target\(target.name.asName)") }
        guard let first else { return nil }
        let hold = broken.count == 1 ? "holds" : "hold"
        return (
            broken.count,
            "\(broken.count.counted("sample")) of the \(part) part \(hold) numbers that are not finite: \(first.text)"
        )
    }

    /// The target of the row that stands so many rows behind that of a sample; `nil` beyond the ends, and where rows are not in memory.
    package func target(at index: Int, offset: Int) -> Tensor? {
        guard targets.isInMemory, targets.rowByteCount > 0 else { return nil }
        let row = row(index) + offset
        return row >= 0 && row < targets.buffer.byteCount / targets.rowByteCount ? targets.tensor(row) : nil
    }
}
