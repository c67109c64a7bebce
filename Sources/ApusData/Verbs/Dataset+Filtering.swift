import ApusBackend

/// Some of the samples, and other names of classes.
extension Dataset {
    /// The samples that a function includes, in their order.
    ///
    /// It reads every sample; `filter(labels:)` does not.
    ///
    /// - Throws: what the function throws, and the error of a sample that can't be read.
    public func filter(_ isIncluded: (Sample) throws -> Bool) throws -> Dataset {
        view(try rows.filter { try isIncluded(try sample(inRow: $0)) })
    }

    /// The samples of some classes, in their order; the classes keep their names and labels.
    ///
    /// - Throws: `DatasetError` if samples do not have one label each, and for labels of no class.
    public func filter(labels: some Sequence<Int>) throws(DatasetError) -> Dataset {
        let target = targetColumns[0]
        guard target.isOneLabel else {
            throw DatasetError(
                .impossible, "the samples can't be filtered by labels", expected: "one label a sample",
                received: "\(targetType)", remedy: "Filter by what they hold: filter { sample in … }.")
        }
        let wanted = Set(labels)
        if let wrong = wanted.sorted().first(where: { !(0..<classCount).contains($0) && $0 != target.ignored }) {
            throw DatasetError(
                .malformed, "there is no class \(wrong)", expected: "labels in 0..<\(classCount)", received: "\(wrong)",
                remedy: "Number the classes from 0.")
        }
        return view(try DatasetError.wrapping { try rows.filter { wanted.contains(try target.label($0)) } })
    }

    /// The same samples with other names of classes, in the order of the labels.
    ///
    /// - Throws: `DatasetError` unless there is a name for each class.
    public func relabelled(_ names: [String]) throws(DatasetError) -> Dataset {
        guard isClassification, names.count == classCount else {
            throw DatasetError(
                .malformed, "classes and names differ in number",
                expected: isClassification ? "\(classCount) names" : "no names, for the targets are \(targetType)",
                received: "\(names.count)", remedy: "Give a name for each class.")
        }
        var targets = targetColumns
        targets[0].classNames = names
        return replacing(targets: targets)
    }

    /// The same samples with other classes: each becomes the class that a function says.
    ///
    /// ```swift
    /// let clothes = try FashionMNIST.load().training
    /// let shoes = try clothes.relabelled(["other", "shoe"]) { [5, 7, 9].contains($0) ? 1 : 0 }
    /// ```
    ///
    /// A label that does not count stays as it is. Labels that are not in memory are read, all of them.
    ///
    /// - Parameters:
    ///   - names: the new classes, in the order of their labels
    ///   - transform: the new label of a former one
    /// - Throws: `DatasetError` if targets are no labels, or a new label is out of range.
    public func relabelled(_ names: [String], _ transform: (Int) -> Int) throws -> Dataset {
        guard isClassification else {
            throw DatasetError(
                .impossible, "numbers can't be relabelled", expected: "labels of classes", received: "\(targetType)",
                remedy: "Change numeric targets with map { sample in … }.")
        }
        let table = classNames.indices.map(transform)
        if let label = table.indices.first(where: {
            !names.indices.contains(table[$0]) && $0 != targetColumns[0].ignored
        }) {
            throw DatasetError(
                .malformed, "the new label of class \(label), \"\(classNames[label])\", is out of range",
                expected: "0..<\(names.count)", received: "\(table[label])", remedy: "Name all new classes.")
        }
        var targets = targetColumns
        targets[0].column = try relabelledColumn(targets[0], table)
        targets[0].classNames = names
        return replacing(targets: targets)
    }

    /// The labels by a table of the new ones, in the rows of before.
    private func relabelledColumn(_ target: TargetColumn, _ table: [Int]) throws -> Column {
        let width = target.column.row.shape.count
        let buffer = Buffer(byteCount: 4 * width * ((rows.max() ?? -1) + 1))
        let ignored = target.ignored ?? -1
        var place = 0
        try target.forEachLabel(of: rows) { labels in
            let new = buffer.start.assumingMemoryBound(to: Int32.self) + rows[place] * width
            for index in labels.indices {
                new[index] = labels[index] == ignored ? labels[index] : Int32(table[Int(labels[index])])
            }
            place += 1
        }
        return Column(buffer: buffer, row: target.column.row)
    }
}
