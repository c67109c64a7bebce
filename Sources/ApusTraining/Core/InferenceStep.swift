import ApusBackend
import ApusData
import ApusGraph
import ApusInference
import ApusNN
import ApusTensor

/// A model at inference beside its loss: predictions, and loss and metrics where targets are given, as compiled programs.
struct InferenceStep: Sendable {
    private let model: any Model
    private let objective: Objective
    private let precision: NumericPrecision
    private let device: Device
    private let prediction: InferenceProgram
    private let measurements = Programs<BatchType, Measurement>()
    /// Nothing is drawn at inference, unless a custom layer does.
    private let key = Buffer.key(seed: 0, step: 0)

    private struct Measurement: StoredProgram {
        let program: BoundProgram<StepRole>
        let metrics: MetricLayout

        var byteCount: Int { program.byteCount }
    }

    init(_ model: any Model, _ objective: Objective, precision: NumericPrecision, device: Device) {
        self.model = model
        self.objective = objective
        self.precision = precision
        self.device = device
        prediction = InferenceProgram(model, precision: precision, device: device)
    }

    // MARK: Prediction

    /// The model's outputs for a batch of inputs.
    func predict(_ variables: Variables, _ inputs: Values, _ preprocessing: Preprocessing) throws -> Values {
        do { return try prediction(variables, inputs, preprocessing) } catch let error as VariablesError {
            throw TrainingError(error)
        }
    }

    /// The compiled prediction of inputs of a type.
    func predictionProgram(
        _ variables: Variables, _ inputs: Values, _ preprocessing: Preprocessing
    ) throws -> any Executable {
        do { return try prediction.executable(variables, inputs, preprocessing) } catch let error as VariablesError {
            throw TrainingError(error)
        }
    }

    // MARK: Measurement

    /// The loss and the metrics of a batch.
    func measure(_ variables: Variables, _ batch: Batch) throws -> StepResult {
        let measurement = try measurement(BatchType(batch), variables)
        let program = measurement.program
        let results = try program.run { role in
            try batch.buffer(of: role) ?? variables.buffer(of: role, in: program) ?? key
        }
        return StepResult(results, count: batch.count, measurement.metrics)
    }

    /// Loss and metrics over a data set.
    func measure(_ variables: Variables, _ dataset: Dataset, batchSize: Int) throws -> Measurements {
        var sum = MeasurementSum(objective)
        let batches = dataset.batches(of: batchSize, epoch: 0, seed: 0, shuffled: false)
        for batch in batches { sum.add(try measure(variables, batch)) }
        try batches.checkFailure()
        return sum.measurements
    }

    /// The compiled measurement of batches of a type.
    func measurementProgram(_ variables: Variables, _ type: BatchType) throws -> any Executable {
        try measurement(type, variables).program.executable
    }

    private func measurement(_ type: BatchType, _ variables: Variables) throws -> Measurement {
        try measurements(type) {
            var builder = ProgramBuilder<StepRole>()
            let model = StepModel(
                model, type, variables: variables.paths.map { ($0, variables[$0]!.node.type) }, mode: .inference,
                precision: precision, in: &builder)
            if let (path, _) = model.traced.missing.first { throw TrainingError(VariablesError(lacking: path)) }
            let measured = model.measured(objective)
            try model.validate(measured)
            model.addMeasurements(measured, to: &builder)
            let program = try builder.compiled(on: device)
            return Measurement(
                program: program, metrics: MetricLayout(objective, program, classes: measured.classes))
        }
    }
}

extension Variables {
    /// The memory of a variable that a program reads; `nil` for other roles.
    ///
    /// - Throws: `TrainingError` if there is no such variable, or it has another shape.
    fileprivate func buffer(of role: StepRole, in program: BoundProgram<StepRole>) throws -> Buffer? {
        guard case .variable(let path) = role else { return nil }
        let type = program.executable.signature.inputs[program.place(ofInput: role)]
        do { return try buffer(path, expecting: type.shape) } catch { throw TrainingError(error) }
    }
}

extension TrainingError {
    /// What variables say of themselves.
    fileprivate init(_ error: VariablesError) { self.init(error.description) }
}
