import ApusBackend
import ApusData
import ApusGraph
import ApusNN
import ApusTensor

/// A model inside the program of a step: its inputs, and what it yields for them.
struct StepModel {
    /// What the model yields and asks for.
    let traced: TracedModel
    /// The tensors that stand for the variables, by path.
    let variables: [String: Tensor]
    /// The batch as the model receives it.
    let inputs: Values
    private let batch: BatchType
    private let targets: Values
    private let sampleWeights: Tensor?

    /// Adds the inputs that a model needs, and traces it.
    ///
    /// - Parameters:
    ///   - types: The variables that exist. At inference they keep their values from run to run.
    ///   - isFrozen: Which of them keep their values in training, too.
    init(
        _ model: any Model, _ type: BatchType, variables types: [(path: String, type: TensorType)], mode: Mode,
        precision: NumericPrecision, isFrozen: @escaping (String) -> Bool = { _ in false },
        in builder: inout ProgramBuilder<StepRole>
    ) {
        var variables: [String: Tensor] = [:]
        for (path, type) in types {
            variables[path] = builder.input(.variable(path), type, isConstant: mode == .inference)
        }
        batch = type
        var raw = Values()
        for field in type.inputs.fields { raw[field.name] = builder.input(.input(field.name), field.type) }
        var targets = Values()
        for field in type.targets.fields { targets[field.name] = builder.input(.target(field.name), field.type) }
        self.targets = targets
        sampleWeights =
            type.hasWeights ? builder.input(.sampleWeights, TensorType([type.count], .float32)) : nil
        let key = builder.input(.key, TensorType([2], .int64))
        self.variables = variables
        inputs = type.preprocessing(raw)
        traced = TracedModel(
            model, inputs, mode: mode, key: key, variables: variables, precision: precision, isFrozen: isFrozen)
    }

    /// The objective for the model's outputs and the batch's targets.
    func measured(_ objective: Objective) -> MeasuredObjective {
        MeasuredObjective(
            objective, outputs: traced.outputs, inputs: inputs, targets: targets, ignoring: batch.ignoredLabels,
            weights: sampleWeights)
    }

    /// The loss of the batch with all penalties: as in Keras, both in training and at inference, so that curves of both show the
    /// same quantity.
    func total(_ measured: MeasuredObjective) -> Tensor { traced.penalties.reduce(measured.loss, +) }

    /// The gradients of the loss with respect to the variables that a state trains.
    func gradients(of measured: MeasuredObjective, _ layout: TrainingState.Layout) -> [Tensor] {
        gradient(of: total(measured), withRespectTo: layout.trainedPaths.map { variables[$0]! })
    }

    /// The constraints of the variables: they belong to the model as it is now; weights may come from before it was edited.
    var constraints: [String: Constraint] {
        Dictionary(uniqueKeysWithValues: traced.descriptions.map { ($0.path, $0.description.constraint) })
            .compactMapValues { $0 }
    }

    /// Adds the loss, and what the batch adds to each metric, as outputs.
    func addMeasurements(_ measured: MeasuredObjective, to builder: inout ProgramBuilder<StepRole>) {
        builder.output(.loss, total(measured))
        for (index, value) in measured.contributions.enumerated() { builder.output(.metric(index), value) }
        if let weight = measured.weight { builder.output(.lossWeight, weight) }
    }

    /// Throws everything that is wrong with the model, or else with its objective; and the variables that it lacks.
    func validate(_ measured: MeasuredObjective) throws(GraphError) {
        var problems = traced.problems
        if problems.isEmpty { problems = measured.problems }
        problems += traced.missing.map { path, description in
            GraphProblem(
                scope: [], operation: "parameter",
                message: "the model asks for the variable \(path) \(description.shape), which the state does not have")
        }
        guard problems.isEmpty else { throw GraphError(problems) }
    }
}

/// What a program is compiled for.
struct BatchType: Hashable, Sendable {
    let inputs: ValuesType
    /// None where only predictions are wanted.
    let targets: ValuesType
    let hasWeights: Bool
    let preprocessing: Preprocessing
    /// The label that does not count of those targets that have one, by the target's name.
    let ignoredLabels: [String: Int]

    /// - Parameter hasTargets: Whether loss and metrics are wanted.
    init(_ batch: Batch, hasTargets: Bool = true) {
        inputs = ValuesType(batch.inputs)
        targets = ValuesType(hasTargets ? batch.targets : Values())
        hasWeights = hasTargets && batch.weights != nil
        preprocessing = batch.preprocessing
        ignoredLabels = hasTargets ? batch.ignoredLabels : [:]
    }

    var count: Int { inputs.count }
}

extension Batch {
    /// The memory of what a step reads from a batch; `nil` for what it does not hold.
    func buffer(of role: StepRole) -> Buffer? {
        switch role {
        case .input(let name): inputs[name].elements()
        case .target(let name): targets[name].elements()
        case .sampleWeights: weights?.elements()
        default: nil
        }
    }

    /// Computes what is still an expression.
    func evaluated() throws {
        func isPending(_ values: Values) -> Bool { values.contains { $0.tensor.buffer == nil } }
        if isPending(inputs) || isPending(targets) { try evaluate(inputs.leaves + targets.leaves) }
        if let weights, weights.buffer == nil { try evaluate(weights) }
    }
}
