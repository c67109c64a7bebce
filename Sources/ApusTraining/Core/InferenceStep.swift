import ApusBackend
import ApusData
import ApusGraph
import ApusNN
import ApusTensor

/// A model at inference as compiled programs: predictions, and loss and metrics where targets are given.
struct InferenceStep: Sendable {
    private let model: any Layer
    private let loss: Loss
    private let metrics: [Metric]
    private let precision: NumericPrecision
    private let device: Device
    private let programs = Programs<BatchType, Entry>()
    /// Nothing is drawn at inference, unless a layer of one's own does.
    private let key = Buffer.key(seed: 0, step: 0)

    private struct Entry: StoredProgram {
        let program: BoundProgram<StepRole>
        let metrics: MetricLayout

        var byteCount: Int { program.byteCount }
    }

    init(_ model: some Layer, loss: Loss, metrics: [Metric], precision: NumericPrecision, device: Device) {
        self.model = model
        self.loss = loss
        self.metrics = metrics
        self.precision = precision
        self.device = device
    }

    /// The model's output for a batch of inputs.
    func predict(_ variables: Variables, _ inputs: Tensor, _ normalization: InputNormalization) throws -> Tensor {
        let entry = try entry(BatchType(inputs: inputs.node.type, normalization: normalization), variables)
        return try entry.program.run { role in
            try role == .batch ? inputs.elements() : variables.buffer(of: role, in: entry.program) ?? key
        }[.prediction]
    }

    /// The loss and the metrics of a batch.
    func measure(_ variables: Variables, _ batch: Batch) throws -> StepResult {
        let entry = try entry(BatchType(batch), variables)
        let results = try entry.program.run { role in
            try batch.buffer(of: role) ?? variables.buffer(of: role, in: entry.program) ?? key
        }
        return StepResult(results, count: batch.count, entry.metrics)
    }

    /// The compiled prediction, or where the type has targets measurement, of batches of a type.
    func program(_ variables: Variables, _ type: BatchType) throws -> any Executable {
        try entry(type, variables).program.executable
    }

    private func entry(_ type: BatchType, _ variables: Variables) throws -> Entry {
        try programs(type) {
            var builder = ProgramBuilder<StepRole>()
            let model = StepModel(
                model, type, variables: variables.paths.map { ($0, variables[$0]!.node.type) }, mode: .inference,
                precision: precision, in: &builder)
            if let (path, _) = model.traced.missing.first {
                throw TrainingError("the weights lack the variable \(path); they belong to another model")
            }
            guard type.targets != nil else {
                try model.traced.validate()
                builder.output(.prediction, model.traced.output)
                return Entry(
                    program: try builder.compiled(on: device), metrics: MetricLayout([], contributions: [], classes: 0))
            }
            try model.validate(loss, metrics)
            model.addMeasurements(loss, metrics, to: &builder)
            let program = try builder.compiled(on: device)
            return Entry(program: program, metrics: MetricLayout(metrics, program, classes: model.classCount))
        }
    }
}

extension Variables {
    /// The memory of a variable that a program reads; `nil` for other roles.
    ///
    /// - Throws: `TrainingError` if there is no such variable, or it has another shape.
    fileprivate func buffer(of role: StepRole, in program: BoundProgram<StepRole>) throws -> Buffer? {
        guard case .variable(let path) = role else { return nil }
        guard let value = self[path] else {
            throw TrainingError("the weights lack the variable \(path); they belong to another model")
        }
        let type = program.executable.signature.inputs[program.place(ofInput: role)]
        guard value.shape == type.shape else {
            throw TrainingError(
                "the variable \(path) has the shape \(value.shape) but the model expects \(type.shape); "
                    + "the weights belong to another model or input size")
        }
        return value.elements()
    }
}
