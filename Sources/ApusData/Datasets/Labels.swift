import ApusBackend
import ApusGraph
import ApusTensor

/// Labels of any integer type, checked and stored as `int32`.
struct Labels {
    let target: String
    /// The names of the classes; without them there may be `Dataset.maximumClassCount`.
    let classNames: [String]?
    /// The label that does not count: any number.
    let ignored: Int?

    /// The column of the labels of a tensor.
    ///
    /// - Parameter shape: that of one row
    func column(_ labels: Tensor, _ shape: Shape) throws(DatasetError) -> TargetColumn {
        try column(count: labels.count, shape) { (stored) throws(DatasetError) in
            try store(labels, into: stored, shape, firstRow: 0)
        }
    }

    /// The column of labels, one a row.
    func column(_ labels: [Int]) throws(DatasetError) -> TargetColumn {
        try column(count: labels.count, []) { (stored) throws(DatasetError) in
            try labels.withUnsafeBufferPointer { (labels) throws(DatasetError) in
                try store(labels, into: stored, [], firstRow: 0)
            }
        }
    }

    private func column(
        count: Int, _ shape: Shape, _ store: (UnsafeMutablePointer<Int32>) throws(DatasetError) -> Int
    ) throws(DatasetError) -> TargetColumn {
        let buffer = Buffer(byteCount: 4 * count)
        let largest = try store(buffer.start.assumingMemoryBound(to: Int32.self))
        return TargetColumn(
            name: target, column: Column(buffer: buffer, row: TensorType(shape, .int32)),
            classNames: classNames ?? (0..<(largest + 1)).map { "\($0)" }, ignored: ignored)
    }

    /// Stores the labels of a tensor of an integer type.
    @discardableResult
    func store(_ labels: Tensor, into stored: UnsafeMutablePointer<Int32>, _ shape: Shape, firstRow: Int)
        throws(DatasetError) -> Int
    {
        let buffer = labels.elements()
        return switch labels.elementType {
        case .uint8: try store(buffer.elements(as: UInt8.self), into: stored, shape, firstRow: firstRow)
        case .int32: try store(buffer.elements(as: Int32.self), into: stored, shape, firstRow: firstRow)
        default: try store(buffer.elements(as: Int64.self), into: stored, shape, firstRow: firstRow)
        }
    }

    /// Stores labels.
    ///
    /// - Parameter firstRow: the number of the row that the first ones belong to, for messages
    /// - Returns: the largest label that counts, −1 if there is none
    private func store<Label: BinaryInteger>(
        _ labels: UnsafeBufferPointer<Label>, into stored: UnsafeMutablePointer<Int32>, _ shape: Shape, firstRow: Int
    ) throws(DatasetError) -> Int {
        if let ignored, Int32(exactly: ignored) == nil {
            throw DatasetError(
                .impossible, "the label\(target.asName) that does not count is no number of 32 bits",
                received: "\(ignored)", remedy: "Give a label such as -1.")
        }
        let limit = classNames?.count ?? Dataset.maximumClassCount
        var (largest, first, wrong) = (-1, 0, 0)
        for index in labels.indices {
            let label = Int(labels[index])
            stored[index] = Int32(truncatingIfNeeded: label)
            if label == ignored { continue }
            if label >= 0, label < limit {
                largest = max(largest, label)
            } else {
                if wrong == 0 { first = index }
                wrong += 1
            }
        }
        guard wrong == 0 else {
            throw outOfRange(first, Int(labels[first]), others: wrong - 1, shape, limit, firstRow)
        }
        return largest
    }

    private func outOfRange(
        _ index: Int, _ label: Int, others: Int, _ shape: Shape, _ limit: Int, _ firstRow: Int
    ) -> DatasetError {
        let isOne = shape.rank == 0
        var (rest, place) = (index % shape.count, [Int]())
        for length in shape.dimensions.reversed() {
            place.insert(rest % length, at: 0)
            rest /= length
        }
        return DatasetError(
            .malformed,
            "the label\(target.asName) of row \(firstRow + index / shape.count)\(isOne ? "" : " at \(place)") is out of range"
                + (others > 0 ? ", and those of \(others.counted(isOne ? "more row" : "more position"))" : ""),
            expected: "0..<\(limit)" + (ignored.map { ", or \($0), which does not count" } ?? ""),
            received: "\(label)",
            remedy: "Number the classes from 0"
                + (classNames == nil ? ", or give their names." : ", or name all of them."))
    }
}
