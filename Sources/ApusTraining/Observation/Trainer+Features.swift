import ApusBackend
import ApusConfiguration
public import ApusData
import ApusGraph
import ApusNN
import ApusTensor

extension Trainer {
    /// The same samples with what a layer makes of them in place of their inputs: features that a probe, `PCA` or another model
    /// learns from.
    ///
    /// They are computed at inference with the weights as they are, after scaling as in training, and kept in memory as float32.
    /// Targets, classes, weights and order stay; features are not scaled again.
    ///
    /// ```swift
    /// let (training, test) = try Dataset.moons(seed: 1).split(validation: 0.3, seed: 7)
    /// let net = Sequential { Dense(16, activation: .relu); Dense(2) }
    /// var trainer = Trainer(net, loss: .softmaxCrossEntropy, optimizer: .adam(learningRate: 0.01))
    /// try trainer.fit(training, epochs: 5, batchSize: 32)
    /// let hidden = try trainer.features(of: test, at: "0.dense")
    /// print(hidden.sampleShape)   // [16]
    /// ```
    ///
    /// - Parameters:
    ///   - dataset: Samples as the model takes them.
    ///   - layer: The path of a layer as `LayerSignals` and histograms have it, `0.dense`; that of the model itself is `model`.
    ///   - batchSize: How many samples are computed at once.
    /// - Throws: `TrainingError` if the model has no weights yet or no such layer, or the layer does not yield a row for each sample;
    ///   `GraphError` if the model does not fit the samples; the error of a sample that can't be read.
    public func features(of dataset: Dataset, at layer: String, batchSize: Int = 256) throws -> Dataset {
        guard let state else { throw TrainingError("the model has no weights yet; call fit or load first") }
        guard batchSize > 0 else { throw TrainingError("batchSize must be positive, received \(batchSize)") }
        guard dataset.count > 0 else {
            throw TrainingError("there are no features of no samples: the data set is empty")
        }
        let variables = state.borrowedEvaluatedVariables
        let batches = scaled(dataset).batches(of: batchSize, epoch: 0, seed: 0, shuffled: false)
        var programs: [Int: LayerProgram] = [:]
        var (bytes, row): ([UInt8], TensorType?) = ([], nil)
        for batch in batches {
            let program = try programs[batch.count] ?? LayerProgram(self, layer, variables, like: batch)
            programs[batch.count] = program
            row = program.row
            try withExtendedLifetime(program.rows(variables, batch)) { bytes.append(contentsOf: $0.bytes) }
        }
        try batches.checkFailure()
        guard let row else { preconditionFailure("a data set with samples has a batch") }
        return try dataset.replacingInput(
            by: MemoryRows(bytes: bytes, rowByteCount: row.byteCount), of: dataset, row, memoryLimit: 0
        ).inMemory()
    }
}

/// What one layer yields at inference, as a program for batches of one size.
private struct LayerProgram {
    private let program: BoundProgram<StepRole>
    private let key = Buffer.key(seed: 0, step: 0)
    /// What the layer yields for one sample.
    let row: TensorType

    init(_ trainer: Trainer, _ layer: String, _ variables: Variables, like batch: Batch) throws {
        var builder = ProgramBuilder<StepRole>()
        let model = StepModel(
            trainer.model, BatchType(batch, hasTargets: false),
            variables: variables.paths.map { ($0, variables[$0]!.node.type) }, mode: .inference,
            precision: trainer.precision, in: &builder)
        if let (path, _) = model.traced.missing.first {
            throw TrainingError(VariablesError(lacking: path).description)
        }
        try model.traced.validate()
        var seen: Set<Node> = []
        let records = model.traced.records.filter { seen.insert($0.output.node).inserted }
        let names = ModelView.names(of: records.map(\.path))
        guard let place = names.firstIndex(of: layer) else {
            throw TrainingError(
                "the model has no layer \(layer.quoted); its layers are \(names.map(\.quoted).joined(separator: ", "))")
        }
        let output = records[place].output
        guard output.rank > 0, output.shape[0] == batch.count else {
            throw TrainingError(
                "the layer \(layer) yields \(output.shape) for \(batch.count) samples, not one row for each")
        }
        builder.output(.prediction, output.cast(to: .float32))
        row = TensorType(Shape(Array(output.shape.dimensions.dropFirst())), .float32)
        program = try builder.compiled(on: trainer.device)
    }

    /// The rows of a batch, one behind the other.
    func rows(_ variables: Variables, _ batch: Batch) throws -> Buffer {
        try program.run { role in
            if case .variable(let path) = role { return variables[path]!.elements() }
            return batch.buffer(of: role) ?? key
        }.buffer(.prediction)
    }
}
