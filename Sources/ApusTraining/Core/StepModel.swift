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
    let input: Tensor
    private let targets: Tensor?
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
        let batch = builder.input(.batch, type.inputs)
        targets = type.targets.map { builder.input(.targets, $0) }
        sampleWeights =
            type.hasWeights ? builder.input(.sampleWeights, TensorType([type.count], .float32)) : nil
        let key = builder.input(.key, TensorType([2], .int64))
        self.variables = variables
        input = type.preprocessing(batch)
        traced = TracedModel(
            model, Values(input), mode: mode, key: key, variables: variables, precision: precision, isFrozen: isFrozen)
    }

    /// The number of outputs a sample: the last axis, 1 for a vector.
    var classCount: Int { traced.output.rank > 1 ? traced.output.shape[-1] : 1 }

    /// The loss of the batch without penalties.
    private func dataLoss(_ objective: Objective) -> Tensor {
        objective.loss(traced.output, targets(of: objective), weights: sampleWeights)
    }

    private func targets(of objective: Objective) -> Tensor {
        objective.loss.answers(targets!, output: traced.output)
    }

    /// The loss of the batch with all penalties: as in Keras, both in training and at inference, so that curves of both show the
    /// same quantity.
    func total(_ objective: Objective) -> Tensor { traced.penalties.reduce(dataLoss(objective), +) }

    /// The gradients of the loss with respect to the variables that a state trains.
    func gradients(of objective: Objective, _ layout: TrainingState.Layout) -> [Tensor] {
        gradient(of: total(objective), withRespectTo: layout.trainedPaths.map { variables[$0]! })
    }

    /// The constraints of the variables: they belong to the model as it is now; weights may come from before it was edited.
    var constraints: [String: Constraint] {
        Dictionary(uniqueKeysWithValues: traced.descriptions.map { ($0.path, $0.description.constraint) })
            .compactMapValues { $0 }
    }

    /// Adds the loss, and what the batch adds to each metric, as outputs.
    func addMeasurements(_ objective: Objective, to builder: inout ProgramBuilder<StepRole>) {
        builder.output(.loss, total(objective))
        let contributions = objective.metrics.contributions(
            traced.output, targets(of: objective), weights: sampleWeights,
            meaning: objective.loss.meaning(of: traced.output.shape, hasClasses: false))
        for (index, value) in contributions.enumerated() { builder.output(.metric(index), value) }
    }

    /// Throws everything that is wrong with the model, or else with its loss and metrics; and the variables that it lacks.
    func validate(_ objective: Objective) throws(GraphError) {
        var problems = traced.problems
        if problems.isEmpty {
            problems =
                dataLoss(objective).problems + objective.metrics.problems(traced.output, targets(of: objective))
        }
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
    let preprocessing: Preprocessing

    init(_ batch: Batch) {
        inputs = batch.inputs.only.node.type
        targets = batch.targets.only.node.type
        hasWeights = batch.weights != nil
        preprocessing = batch.preprocessing
    }

    /// Inputs without targets.
    init(inputs: TensorType, preprocessing: Preprocessing) {
        self.inputs = inputs
        targets = nil
        hasWeights = false
        self.preprocessing = preprocessing
    }

    var count: Int { inputs.shape.dimensions.first ?? 1 }
}

extension Batch {
    /// The memory of what a step reads from a batch; `nil` for what it does not hold.
    func buffer(of role: StepRole) -> Buffer? {
        switch role {
        case .batch: inputs.only.elements()
        case .targets: targets.only.elements()
        case .sampleWeights: weights?.elements()
        default: nil
        }
    }

    /// Computes what is still an expression.
    func evaluated() throws {
        if inputs.only.buffer == nil || targets.only.buffer == nil { try evaluate(inputs.only, targets.only) }
        if let weights, weights.buffer == nil { try evaluate(weights) }
    }
}
