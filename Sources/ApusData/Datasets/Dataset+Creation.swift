import ApusBackend
import ApusGraph
public import ApusTensor

extension Dataset {
    /// Without names, greater labels are taken for an error.
    static let maximumClassCount = 1 << 20

    /// Samples with labels of classes.
    ///
    /// - Parameters:
    ///   - inputs: `[N, ...]`, of any element type
    ///   - labels: N numbers in `0..<classNames.count`
    ///   - classNames: the classes in the order of the labels; without them, they are called `0`, `1`, … to the
    ///     largest label
    /// - Throws: `DatasetError` if counts differ or a label is out of range; `GraphError` if `inputs` can't be
    ///   computed.
    public init(
        inputs: Tensor, labels: [Int], classNames: [String]? = nil, preprocessing: Preprocessing = .identity
    ) throws {
        let (column, count) = try Column.rows(of: inputs, "inputs")
        guard labels.count == count else { throw Dataset.countsDiffer(inputs.shape, labels.count.counted("label")) }
        let classCount = classNames?.count ?? Dataset.maximumClassCount
        let wrong = labels.indices.filter { !(0..<classCount).contains(labels[$0]) }
        if let row = wrong.first {
            throw DatasetError(
                .malformed,
                "the label of row \(row) is out of range"
                    + (wrong.count > 1 ? ", and those of \((wrong.count - 1).counted("more row"))" : ""),
                expected: "0..<\(classCount)", received: "\(labels[row])",
                remedy: "Number the classes from 0"
                    + (classNames == nil ? ", or give their names." : ", or name all of them."))
        }
        let names = classNames ?? (0..<((labels.max() ?? -1) + 1)).map { "\($0)" }
        self.init(
            column, Column.labels(labels), rows: Array(0..<count), classNames: names, preprocessing: preprocessing)
    }

    /// Samples with labels of classes.
    ///
    /// - Parameter labels: `[N]`, of an integer type
    public init(
        inputs: Tensor, labels: Tensor, classNames: [String]? = nil, preprocessing: Preprocessing = .identity
    ) throws {
        try labels.evaluated()
        guard labels.elementType.isInteger, labels.rank == 1 else {
            throw DatasetError(
                .malformed, "labels must be one whole number a sample", expected: "an integer type and the shape [N]",
                received: "\(labels.elementType)\(labels.shape)",
                remedy: "Give the number of the class, not a vector of it; numeric targets go in as targets:.")
        }
        try self.init(
            inputs: inputs, labels: labels.scalars(as: Int.self), classNames: classNames,
            preprocessing: preprocessing)
    }

    /// Samples with numbers to predict.
    ///
    /// - Parameters:
    ///   - inputs: `[N, ...]`, of any element type
    ///   - targets: `[N, ...]`; stored as `float32`
    /// - Throws: `DatasetError` if counts differ; `GraphError` if a tensor can't be computed.
    public init(inputs: Tensor, targets: Tensor, preprocessing: Preprocessing = .identity) throws {
        let (column, count) = try Column.rows(of: inputs, "inputs")
        let numbers = targets.elementType == .float32 ? targets : targets.cast(to: .float32)
        let (target, targetCount) = try Column.rows(of: numbers, "targets")
        guard count == targetCount else { throw Dataset.countsDiffer(inputs.shape, "targets \(targets.shape)") }
        self.init(column, target, rows: Array(0..<count), classNames: [], preprocessing: preprocessing)
    }

    /// The same samples, each with a factor on its loss and its part of the metrics.
    ///
    /// - Throws: `DatasetError` unless there is a number ≥ 0 for each sample.
    public func weighted(_ weights: [Double]) throws -> Dataset {
        guard weights.count == count, weights.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
            throw DatasetError(
                .malformed, "weights must be one number ≥ 0 a sample", expected: "\(count) numbers",
                received: "\(weights.count), the least of them \(weights.min() ?? 0)",
                remedy: "Give a factor for each sample, 1 for those that count as usual.")
        }
        let memory = Buffer(byteCount: 4 * Swift.max(1, (rows.max() ?? 0) + 1))
        for (row, weight) in zip(rows, weights) {
            memory.start.storeBytes(of: Float(weight), toByteOffset: 4 * row, as: Float.self)
        }
        return Dataset(
            features, targets, weights: Column(buffer: memory, row: TensorType([], .float32)), rows: rows,
            classNames: classNames, preprocessing: preprocessing)
    }

    private static func countsDiffer(_ inputs: Shape, _ received: String) -> DatasetError {
        DatasetError(
            .malformed, "samples and targets differ in number",
            expected: "\(inputs[0]), one for each sample of inputs \(inputs)",
            received: received,
            remedy: "Check that both come from the same part of the data, and that nothing was skipped.")
    }
}

extension Column {
    /// Labels that are known to be small.
    static func labels(_ labels: [Int]) -> Column {
        let buffer = Buffer(byteCount: 4 * labels.count)
        for (index, label) in labels.enumerated() {
            buffer.start.storeBytes(of: Int32(label), toByteOffset: 4 * index, as: Int32.self)
        }
        return Column(buffer: buffer, row: TensorType([], .int32))
    }

    /// Rows of numbers of a shape.
    static func numbers(_ numbers: [Float], _ shape: Shape) -> Column {
        Column(buffer: numbers.withUnsafeBytes { Buffer(copying: $0) }, row: TensorType(shape, .float32))
    }

    /// The rows of a tensor `[N, ...]`, and their number.
    fileprivate static func rows(of tensor: Tensor, _ name: String) throws -> (column: Column, count: Int) {
        try tensor.evaluated()
        guard tensor.rank > 0 else {
            throw DatasetError(
                .malformed, "\(name) must have one row a sample", expected: "the shape [N, ...]",
                received: "\(tensor.shape)", remedy: "Give a tensor whose first axis counts the samples.")
        }
        let row = TensorType(Shape(Array(tensor.shape.dimensions.dropFirst())), tensor.elementType)
        return (Column(buffer: tensor.elements(), row: row), tensor.shape[0])
    }
}
