import ApusBackend
import ApusData
import ApusFormats
import ApusGraph
import ApusNN
import ApusTensor

/// The first layers of a model as programs that compute what they yield for batches of one size.
struct FeatureProgram {
    /// The layers, and what they are computed with.
    struct Layers {
        let model: Sequential
        let place: LayerPlace
        /// The variables of the layers.
        let variables: Variables
        let mode: Mode
        let precision: NumericPrecision
        let device: Device
        let isFrozen: @Sendable (String) -> Bool
    }

    private let layers: Layers
    private let program: BoundProgram<StepRole>
    private let output: Node
    private let key = Buffer.key(seed: 0, step: 0)

    /// Compiles the layers as a step of training or a measurement contains them.
    ///
    /// - Throws: `GraphError` if the layers do not fit the batch; `TrainingError` if they do not yield one row a sample.
    init(_ layers: Layers, like batch: Batch) throws {
        self.layers = layers
        let type = BatchType(batch, hasTargets: false)
        let variables = layers.variables
        var builder = ProgramBuilder<StepRole>()
        let model = StepModel(
            SequentialPart(of: layers.model, before: layers.place), type,
            variables: variables.paths.map { ($0, variables[$0]!.node.type) }, mode: layers.mode,
            precision: layers.precision, isFrozen: layers.isFrozen, in: &builder)
        try model.traced.validate()
        // As the next layer receives it: the outputs of a trace are float32.
        let last = model.traced.records.last?.output ?? model.traced.output
        guard last.shape.rank > 0, last.shape[0] == type.count else {
            throw TrainingError(
                "features can't be kept: the frozen layers yield \(last.shape) for \(type.count) samples, not one row for each"
            )
        }
        builder.output(.prediction, last)
        output = last.node
        program = try builder.compiled(on: layers.device)
    }

    /// The type of the row of one sample.
    var row: TensorType { TensorType(Shape(Array(output.shape.dimensions.dropFirst())), output.elementType) }

    /// The rows of a batch, one behind the other.
    func rows(_ batch: Batch) throws -> Buffer {
        try program.run { role in
            switch role {
            case .variable(let path): layers.variables[path]!.elements()
            default: batch.buffer(of: role) ?? key
            }
        }.buffer(.prediction)
    }

    /// Adds to a hash all that the rows depend on besides the samples.
    func add(to hash: inout XXH3) {
        func add(_ text: String) { Array(text.utf8).withUnsafeBytes { hash.add($0) } }
        let conditions = layers.device.conditions.merging(["precision": layers.precision.rawValue]) { $1 }
        for (name, value) in conditions.sorted(by: { $0.key < $1.key }) { add("\(name): \(value)") }
        var numbers: [Node: Int] = [:]
        for node in Node.sorted([output]) {
            add("\(node.operation) \(node.type) of \(node.inputs.map { numbers[$0]! })")
            if let constant = node.attachment as? Buffer { hash.add(constant.bytes) }
            numbers[node] = numbers.count
        }
        for path in layers.variables.paths {
            add(path)
            hash.add(layers.variables[path]!.elements().bytes)
        }
    }
}

extension FeatureProgram {
    /// Computes the rows of all samples in their order.
    ///
    /// In training a sample is in batches of another order every time, most of them of the full size; so all rows are computed in batches
    /// of that size, the last of which may contain samples of the one before. Measurements have the same batches every time.
    ///
    /// - Parameter body: Receives rows, some at a time.
    static func forEachRows(
        _ layers: Layers, of dataset: Dataset, batchSize: Int, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let size = min(batchSize, dataset.count)
        let rest = dataset.count % size
        func run(_ dataset: Dataset, dropsRemainder: Bool, skipping: Int = 0) throws {
            var program: (count: Int, program: FeatureProgram)?
            let batches = dataset.batches(
                of: size, epoch: 0, seed: 0, shuffled: false, dropsRemainder: dropsRemainder)
            for batch in batches {
                if program?.count != batch.count { program = (batch.count, try FeatureProgram(layers, like: batch)) }
                guard let program = program?.program else { continue }
                let rows = try program.rows(batch)
                try withExtendedLifetime(rows) {
                    try body(UnsafeRawBufferPointer(rebasing: rows.bytes[(skipping * program.row.byteCount)...]))
                }
            }
            try batches.checkFailure()
        }
        guard layers.mode == .training, rest > 0 else { return try run(dataset, dropsRemainder: false) }
        try run(dataset, dropsRemainder: true)
        let last = try dataset.subset(Array(dataset.count - size..<dataset.count))
        try run(last, dropsRemainder: false, skipping: size - rest)
    }
}
