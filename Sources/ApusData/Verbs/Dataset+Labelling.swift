import ApusBackend
import ApusConfiguration
import ApusGraph
import ApusTensor

/// Samples with labels that somebody else decided.
extension Dataset {
    /// The same samples with given labels in place of their targets: those that a model or a person gave.
    ///
    /// ```swift
    /// let points = try Dataset(inputs: Tensor([[0.0], [1], [2]]))
    /// let labelled = try points.labelled([0, 1, 1], classNames: ["near", "far"])
    /// print(labelled.classCounts)   // [1, 2]
    /// ```
    ///
    /// - Parameters:
    ///   - labels: One for each sample, in the order of the samples.
    ///   - classNames: The names of the classes; those that there are if `nil`, or else `0`, `1`, … to the largest label.
    /// - Throws: `DatasetError` unless there is a label for each sample, and a name for each label.
    public func labelled(_ labels: [Int], classNames: [String]? = nil) throws -> Dataset {
        guard labels.count == count else {
            throw DatasetError(
                .malformed, "labels and samples differ in number", expected: count.counted("label"),
                received: "\(labels.count)", remedy: "Give a label for each sample.")
        }
        let given = try Labels(target: targetColumns[0].name, classNames: classNames ?? known, ignored: nil).column(
            labels)
        // A sample that is there twice may have two labels.
        guard Set(rows).count == rows.count else {
            let inputs = try inputColumns.map { input in
                var input = input
                input.column = try .joined([(input.column, rows)])
                return input
            }
            return Dataset(
                columns: inputs, [given], weights: try weights.map { try .joined([($0, rows)]) },
                rows: Array(0..<count), preprocessing: preprocessing)
        }
        let buffer = Buffer(byteCount: 4 * ((rows.max() ?? -1) + 1))
        let (stored, new) = (
            buffer.start.assumingMemoryBound(to: Int32.self), given.column.buffer.elements(as: Int32.self)
        )
        for (place, row) in rows.enumerated() { stored[row] = new[place] }
        var target = given
        target.column = Column(buffer: buffer, row: given.column.row)
        return replacing(targets: [target])
    }

    /// The classes that there are.
    private var known: [String]? { isClassification ? classNames : nil }
}
