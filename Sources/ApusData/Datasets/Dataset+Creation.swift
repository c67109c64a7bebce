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
    ///   - classNames: the classes in the order of the labels; without them, they are called `0`, `1`, … to the largest label
    ///   - ignoring: the label of samples that do not count, such as −1
    ///   - preprocessing: how samples are scaled before a model sees them; not at all unless given
    /// - Throws: `DatasetError` if counts differ or a label is out of range; `GraphError` if `inputs` can't be
    ///   computed.
    public init(
        inputs: Tensor, labels: [Int], classNames: [String]? = nil, ignoring: Int? = nil,
        preprocessing: Preprocessing = .identity
    ) throws {
        let (column, count) = try Column.rows(of: inputs, "inputs")
        guard labels.count == count else { throw Dataset.countsDiffer(inputs.shape, labels.count.counted("label")) }
        self.init(
            columns: [InputColumn(name: "", column: column)],
            [try Labels(target: "", classNames: classNames, ignored: ignoring).column(labels)], rows: Array(0..<count),
            preprocessing: preprocessing)
    }

    /// Samples with labels of classes: one each, or one for each position, such as each pixel of an image.
    ///
    /// - Parameters:
    ///   - inputs: `[N, ...]`, of any element type
    ///   - labels: `[N]` or `[N, ...]`, of an integer type, in `0..<classNames.count`
    ///   - classNames: the classes in the order of the labels; without them, they are called `0`, `1`, … to the largest label
    ///   - ignoring: the label of positions that do not count, such as −1 or 255. It is no class, unless it is among
    ///     `0..<classNames.count`.
    ///   - preprocessing: how samples are scaled before a model sees them; not at all unless given
    /// - Throws: `DatasetError` if counts differ or a label is out of range; `GraphError` if a tensor can't be computed.
    public init(
        inputs: Tensor, labels: Tensor, classNames: [String]? = nil, ignoring: Int? = nil,
        preprocessing: Preprocessing = .identity
    ) throws {
        let (column, count) = try Column.rows(of: inputs, "inputs")
        try labels.evaluated()
        guard labels.elementType.isInteger, labels.rank > 0 else {
            throw DatasetError(
                .malformed, "labels must be whole numbers, one a sample or one for each of its positions",
                expected: "an integer type and the shape [N] or [N, ...]",
                received: "\(labels.elementType)\(labels.shape)",
                remedy: "Give the number of the class, not a vector of it; numeric targets go in as targets:.")
        }
        guard labels.shape[0] == count else {
            throw Dataset.countsDiffer(
                inputs.shape, labels.rank == 1 ? labels.count.counted("label") : "labels \(labels.shape)")
        }
        self.init(
            columns: [InputColumn(name: "", column: column)],
            [
                try Labels(target: "", classNames: classNames, ignored: ignoring).column(
                    labels, Shape(Array(labels.shape.dimensions.dropFirst())))
            ], rows: Array(0..<count), preprocessing: preprocessing)
    }

    /// Samples with numbers to predict.
    ///
    /// - Parameters:
    ///   - inputs: `[N, ...]`, of any element type
    ///   - targets: `[N, ...]`; stored as `float32`
    ///   - preprocessing: How samples are scaled before a model sees them; not at all unless given.
    /// - Throws: `DatasetError` if counts differ; `GraphError` if a tensor can't be computed.
    public init(inputs: Tensor, targets: Tensor, preprocessing: Preprocessing = .identity) throws {
        let (column, count) = try Column.rows(of: inputs, "inputs")
        let (target, targetCount) = try Column.numbers(targets, "targets")
        guard count == targetCount else { throw Dataset.countsDiffer(inputs.shape, "targets \(targets.shape)") }
        self.init(column, target, rows: Array(0..<count), classNames: [], preprocessing: preprocessing)
    }

    /// Samples without targets, for models that are compared with their inputs: autoencoders.
    ///
    /// - Parameters:
    ///   - inputs: `[N, ...]`, of any element type
    ///   - preprocessing: how samples are scaled before a model sees them; not at all unless given
    /// - Throws: `DatasetError` if there are no rows; `GraphError` if the tensor can't be computed.
    public init(inputs: Tensor, preprocessing: Preprocessing = .identity) throws {
        let (column, count) = try Column.rows(of: inputs, "inputs")
        self.init(
            columns: [InputColumn(name: "", column: column)], [.none], rows: Array(0..<count),
            preprocessing: preprocessing)
    }

    /// Samples of several inputs or targets.
    ///
    /// ```swift
    /// let images = Tensor.zeros([100, 28, 28, 1], type: .uint8)
    /// let data = try Dataset(
    ///     inputs: ["image": images, "age": Tensor.ones([100, 1])],
    ///     targets: ["kind": Tensor((0..<100).map { $0 % 2 }), "price": Tensor.ones([100, 1])],
    ///     classNames: ["kind": ["cat", "dog"]], preprocessing: Preprocessing(named: ["image": .unitRange]))
    /// ```
    ///
    /// - Parameters:
    ///   - inputs: `[N, ...]` each, of any element type
    ///   - targets: `[N, ...]` each; whole numbers, of any integer type, are labels of classes, all else is stored as `float32`
    ///   - classNames: the classes of targets by their names, in the order of the labels; without them, they are called `0`,
    ///     `1`, … to the largest label
    ///   - ignoring: the label that does not count of those targets that have one
    ///   - weights: a factor on the loss and the metrics of each sample
    ///   - preprocessing: how samples are scaled before a model sees them; not at all unless given
    /// - Throws: `DatasetError` if counts differ, if a label is out of range, and for names that there are not; `GraphError` if a
    ///   tensor can't be computed.
    public init(
        inputs: Values, targets: Values, classNames: [String: [String]] = [:], ignoring: [String: Int] = [:],
        weights: [Double]? = nil, preprocessing: Preprocessing = .identity
    ) throws {
        let columns = try inputs.map { name, tensor in
            (
                InputColumn(name: name, column: try Column.rows(of: tensor, "the input\(name.asName)").column),
                tensor.shape
            )
        }
        guard let first = columns.first, !targets.isEmpty else {
            throw DatasetError(
                .malformed, "samples need at least one \(columns.isEmpty ? "input" : "target")",
                remedy: "Give a tensor with a row a sample.")
        }
        if let other = columns.first(where: { $0.1[0] != first.1[0] }) {
            throw DatasetError(
                .malformed, "the inputs differ in number",
                expected: "\(first.1[0]), one for each sample of the input\(first.0.name.asName) \(first.1)",
                received: "the input\(other.0.name.asName) \(other.1)",
                remedy: "Check that all come from the same part of the data, and that nothing was skipped.")
        }
        let targetColumns = try targets.map { name, tensor in
            let content = "the target\(name.asName)"
            try tensor.evaluated()
            guard tensor.rank > 0 else { throw Column.withoutRows(tensor, content) }
            guard tensor.shape[0] == first.1[0] else {
                throw Dataset.countsDiffer(first.1, "\(content) \(tensor.shape)")
            }
            guard tensor.elementType.isInteger else {
                return TargetColumn(name: name, column: try Column.numbers(tensor, content).column)
            }
            return try Labels(target: name, classNames: classNames[name], ignored: ignoring[name]).column(
                tensor, Shape(Array(tensor.shape.dimensions.dropFirst())))
        }
        try Dataset.check(targetColumns, classNames: classNames, ignoring: ignoring)
        try Dataset.check(preprocessing, columns.map(\.0))
        self.init(
            columns: columns.map(\.0), targetColumns, rows: Array(0..<first.1[0]), preprocessing: preprocessing)
        if let weights { self = try weighted(weights) }
    }

    /// Checks that what is said of targets is said of labels.
    static func check(
        _ targets: [TargetColumn], classNames: [String: [String]], ignoring: [String: Int]
    ) throws(DatasetError) {
        let labels = targets.filter(\.isClassification).map(\.name)
        for (names, content) in [
            (classNames.keys.sorted(), "classes are"), (ignoring.keys.sorted(), "a label that does not count is"),
        ] {
            guard let wrong = names.first(where: { !labels.contains($0) }) else { continue }
            let isTarget = targets.contains { $0.name == wrong }
            throw DatasetError(
                .malformed,
                "\(content) given of "
                    + (isTarget ? "the target\(wrong.asName), which is numbers" : "a target that there is not"),
                expected: isTarget ? "whole numbers, as labels" : "one of \(targets.map(\.name).asNames)",
                received: isTarget ? "\(targets.first { $0.name == wrong }!.column.row)" : "\"\(wrong)\"",
                remedy: isTarget ? "Convert the target with cast(to: .int32)." : "Correct the name.")
        }
    }

    /// Checks that a normalization is one of the inputs.
    static func check(_ preprocessing: Preprocessing, _ inputs: [InputColumn]) throws(DatasetError) {
        guard let problem = preprocessing.problem(for: inputs.map(\.name)) else { return }
        throw DatasetError(
            .malformed, problem, remedy: "Name the parts of the normalization as the inputs: Preprocessing(named:).")
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
        return replacing(weights: Column(buffer: memory, row: TensorType([], .float32)))
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
    static func rows(of tensor: Tensor, _ name: String) throws -> (column: Column, count: Int) {
        try tensor.evaluated()
        guard tensor.rank > 0 else { throw withoutRows(tensor, name) }
        let row = TensorType(Shape(Array(tensor.shape.dimensions.dropFirst())), tensor.elementType)
        return (Column(buffer: tensor.elements(), row: row), tensor.shape[0])
    }

    /// The rows of a tensor `[N, ...]` as `float32`, and their number.
    fileprivate static func numbers(_ tensor: Tensor, _ name: String) throws -> (column: Column, count: Int) {
        try rows(of: tensor.elementType == .float32 ? tensor : tensor.cast(to: .float32), name)
    }

    fileprivate static func withoutRows(_ tensor: Tensor, _ name: String) -> DatasetError {
        DatasetError(
            .malformed, "\(name) must have one row a sample", expected: "the shape [N, ...]",
            received: "\(tensor.shape)", remedy: "Give a tensor whose first axis counts the samples.")
    }
}
