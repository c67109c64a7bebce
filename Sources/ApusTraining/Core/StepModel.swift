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
    /// The normalized batch.
    let input: Tensor
    private let targets: Tensor?
    private let sampleWeights: Tensor?

    /// Adds the inputs that a model needs, and traces it.
    ///
    /// - Parameters:
    ///   - types: The variables that exist. At inference they keep their values from run to run.
    ///   - isFrozen: Which of them keep their values in training, too.
    init(
        _ model: any Layer, _ type: BatchType, variables types: [(path: String, type: TensorType)], mode: Mode,
        precision: NumericPrecision, isFrozen: @escaping (String) -> Bool = { _ in false },
        in builder: inout ProgramBuilder<StepRole>
    ) {
        var variables: [String: Tensor] = [:]
        for (path, type) in types {
            variables[path] = builder.input(.variable(path), type, isConstant: mode == .inference)
        }
        let batch = builder.input(.batch, type.inputs)
        targets = type.targets.map { builder.input(.targets, $0) }
        sampleWeights =
            type.hasWeights ? builder.input(.sampleWeights, TensorType([type.count], .float32)) : nil
        let key = builder.input(.key, TensorType([2], .int64))
        self.variables = variables
        input = type.normalization(batch)
        traced = TracedModel(
            model, input, mode: mode, key: key, variables: variables, precision: precision, isFrozen: isFrozen)
    }

    /// The number of outputs a sample: the last axis, 1 for a vector.
    var classCount: Int { traced.output.rank > 1 ? traced.output.shape[-1] : 1 }

    /// The loss of the batch without penalties.
    private func dataLoss(_ loss: Loss) -> Tensor { loss(traced.output, targets!, weights: sampleWeights) }

    /// The loss of the batch with all penalties: as in Keras, both in training and at inference, so that curves of both show the
    /// same quantity.
    func total(_ loss: Loss) -> Tensor { traced.penalties.reduce(dataLoss(loss), +) }

    /// The gradients of the loss with respect to the variables that a state trains.
    func gradients(of loss: Loss, _ layout: TrainingState.Layout) -> [Tensor] {
        gradient(of: total(loss), withRespectTo: layout.trainedPaths.map { variables[$0]! })
    }

    /// The constraints of the variables: they belong to the model as it is now; weights may come from before it was edited.
    var constraints: [String: Constraint] {
        Dictionary(uniqueKeysWithValues: traced.descriptions.map { ($0.path, $0.description.constraint) })
            .compactMapValues { $0 }
    }

    /// Adds the loss, and what the batch adds to each metric, as outputs.
    func addMeasurements(_ loss: Loss, _ metrics: [Metric], to builder: inout ProgramBuilder<StepRole>) {
        builder.output(.loss, total(loss))
        let contributions = metrics.contributions(traced.output, targets!, weights: sampleWeights)
        for (index, value) in contributions.enumerated() { builder.output(.metric(index), value) }
    }

    /// Throws everything that is wrong with the model, or else with its loss and metrics; and the variables that it lacks.
    func validate(_ loss: Loss, _ metrics: [Metric]) throws(GraphError) {
        var problems = traced.problems
        if problems.isEmpty { problems = dataLoss(loss).problems + metrics.problems(traced.output, targets!) }
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
    let inputs: TensorType
    /// `nil` where only predictions are wanted.
    let targets: TensorType?
    let hasWeights: Bool
    let normalization: InputNormalization

    init(_ batch: Batch) {
        inputs = batch.inputs.node.type
        targets = batch.targets.node.type
        hasWeights = batch.weights != nil
        normalization = batch.normalization
    }

    /// Inputs without targets.
    init(inputs: TensorType, normalization: InputNormalization) {
        self.inputs = inputs
        targets = nil
        hasWeights = false
        self.normalization = normalization
    }

    var count: Int { inputs.shape.dimensions.first ?? 1 }
}

extension Batch {
    /// The memory of what a step reads from a batch; `nil` for what it does not hold.
    func buffer(of role: StepRole) -> Buffer? {
        switch role {
        case .batch: inputs.elements()
        case .targets: targets.elements()
        case .sampleWeights: weights?.elements()
        default: nil
        }
    }

    /// Computes what is still an expression.
    func evaluated() throws {
        if inputs.buffer == nil || targets.buffer == nil { try evaluate(inputs, targets) }
        if let weights, weights.buffer == nil { try evaluate(weights) }
    }
}
