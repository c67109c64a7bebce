public import ApusGraph
public import ApusTensor

/// What data with several inputs or targets are asked by name. A name that there isn't stops the program.
extension Dataset {
    /// The names of the inputs, in order; that of the one input of plain data is empty.
    public var inputNames: [String] { inputColumns.map(\.name) }
    /// The names of the targets, in order; that of the one target of plain data is empty.
    public var targetNames: [String] { targetColumns.map(\.name) }

    /// The type of one sample of an input as stored, such as `uint8[28, 28, 1]`.
    public func inputType(of name: String) -> TensorType { input(name).column.row }
    /// The shape of one sample of an input.
    public func sampleShape(of name: String) -> Shape { input(name).column.row.shape }

    /// The type of one target: `int32` for labels, `float32` for numbers.
    public func targetType(of name: String) -> TensorType { target(name).column.row }
    /// Whether samples have targets; those of an autoencoder need none.
    public var hasTargets: Bool { targetColumns.contains { $0.column.row.shape != [0] } }

    /// Whether a target is labels of classes.
    public func isClassification(of name: String) -> Bool { target(name).isClassification }
    /// The name of each class of a target, in the order of the labels; empty for numbers.
    public func classNames(of name: String) -> [String] { target(name).classNames }
    /// The number of labels of each class of a target; empty for numbers.
    public func classCounts(of name: String) -> [Int] { classCounts(target(name)) }

    /// The label that does not count of those targets that have one, by the target's name.
    public var ignoredLabels: [String: Int] {
        targetColumns.reduce(into: [:]) { labels, target in labels[target.name] = target.ignored }
    }

    /// An input of one sample as stored, before normalization.
    public func input(_ name: String, at index: Int) -> Tensor { input(name).column.tensor(row(index)) }

    /// A target of one sample: labels (`int32`), or numbers (`float32`).
    public func target(_ name: String, at index: Int) -> Tensor { target(name).column.tensor(row(index)) }

    private func input(_ name: String) -> InputColumn {
        guard let input = inputColumns.first(where: { $0.name == name }) else {
            stop("there is no input \"\(name)\"; there are \(inputNames.asNames)")
        }
        return input
    }

    private func target(_ name: String) -> TargetColumn {
        guard let target = targetColumns.first(where: { $0.name == name }) else {
            stop("there is no target \"\(name)\"; there are \(targetNames.asNames)")
        }
        return target
    }
}
