/// What may be wrong with a training.
///
/// The raw values are the labels of files and of `apus doctor --json`.
///
/// ```swift
/// for cause in Cause.allCases { print(cause.rawValue, cause.title) }
/// ```
public enum Cause: String, Sendable, Hashable, Codable, CaseIterable {
    /// The inputs are not scaled.
    case inputNotNormalised = "input_not_normalised"
    /// The targets are not scaled.
    case targetNotScaled = "target_not_scaled"
    /// Labels do not match their samples.
    case labelCorrupted = "label_corrupted"
    /// Many labels are wrong.
    case labelNoise = "label_noise"
    /// The inputs say nothing about the labels.
    case noLearnableSignal = "no_learnable_signal"
    /// The training inputs are damaged.
    case dataNoise = "data_noise"
    /// The data have values that are not finite.
    case dataNonfinite = "data_nonfinite"
    /// There are too few samples.
    case tooLittleData = "too_little_data"
    /// Rare classes are not learned.
    case classImbalance = "class_imbalance"
    /// The held-out part is known from training.
    case splitLeakage = "split_leakage"
    /// A column gives the label away.
    case targetLeakage = "target_leakage"
    /// Training inputs differ from those that are judged.
    case trainEvalShift = "train_eval_shift"
    /// The network that is judged is not the one that learns.
    case trainEvalMismatch = "train_eval_mismatch"
    /// The metric measures something else.
    case metricWrong = "metric_wrong"
    /// The output does not fit the loss or the targets.
    case outputActivationMismatch = "output_activation_mismatch"
    /// The loss does not fit the task.
    case lossTaskMismatch = "loss_task_mismatch"
    /// The loss is a sum over the batch.
    case lossReduction = "loss_reduction"
    /// Weights begin at 0.
    case initZero = "init_zero"
    /// Units begin alike, and stay so.
    case symmetricInit = "symmetric_init"
    /// Weights begin too small.
    case initTooSmall = "init_too_small"
    /// Weights begin too large.
    case initTooLarge = "init_too_large"
    /// Biases begin at a bad place.
    case initBadBias = "init_bad_bias"
    /// Early layers get next to no gradient.
    case vanishingGradient = "vanishing_gradient"
    /// Gradients grow with the steps of a sequence, or with depth.
    case explodingGradient = "exploding_gradient"
    /// Activations explode.
    case explodingForward = "exploding_forward"
    /// Units are dead.
    case deadReLU = "dead_relu"
    /// Units are saturated.
    case saturation
    /// Layers without activation are one linear map.
    case missingNonlinearity = "missing_nonlinearity"
    /// An activation does not suit hidden layers.
    case activationUnsuitable = "activation_unsuitable"
    /// The network is too deep for a plain one.
    case tooDeepWithoutResidual = "too_deep_without_residual"
    /// The learning rate is too high.
    case learningRateTooHigh = "lr_too_high"
    /// The learning rate is too low.
    case learningRateTooLow = "lr_too_low"
    /// The batch is too small.
    case batchTooSmall = "batch_too_small"
    /// The batch is too large: there are too few steps.
    case batchTooLarge = "batch_too_large"
    /// A constant of the optimizer is unsuitable.
    case optimizerMisconfigured = "optimizer_misconfigured"
    /// The schedule of the learning rate.
    case scheduleFault = "schedule_fault"
    /// Training ends too early.
    case undertrained
    /// Parameters do not change.
    case parameterNotUpdated = "param_not_updated"
    /// The network learns its samples by heart.
    case overfitting
    /// The network is too small.
    case underfittingCapacity = "underfitting_capacity"
    /// Regularization outweighs the data.
    case overRegularised = "over_regularised"

    /// The cause in a few words.
    public var title: String {
        switch self {
        case .inputNotNormalised: "The inputs are not scaled"
        case .targetNotScaled: "The targets are not scaled"
        case .labelCorrupted: "Labels do not match their samples"
        case .labelNoise: "Many labels are wrong"
        case .noLearnableSignal: "The inputs say nothing about the labels"
        case .dataNoise: "The training inputs are damaged"
        case .dataNonfinite: "The data have values that are not finite"
        case .tooLittleData: "There are too few samples"
        case .classImbalance: "Rare classes are not learned"
        case .splitLeakage: "The held-out part is known from training"
        case .targetLeakage: "A column gives the label away"
        case .trainEvalShift: "Training inputs differ from those that are judged"
        case .trainEvalMismatch: "The network that is judged is not the one that learns"
        case .metricWrong: "The metric measures something else"
        case .outputActivationMismatch: "The output does not fit the loss or the targets"
        case .lossTaskMismatch: "The loss does not fit the task"
        case .lossReduction: "The loss is a sum over the batch"
        case .initZero: "Weights begin at 0"
        case .symmetricInit: "Units begin alike, and stay so"
        case .initTooSmall: "Weights begin too small"
        case .initTooLarge: "Weights begin too large"
        case .initBadBias: "Biases begin at a bad place"
        case .vanishingGradient: "Early layers get next to no gradient"
        case .explodingGradient: "Gradients grow with the steps of a sequence, or with depth"
        case .explodingForward: "Activations explode"
        case .deadReLU: "Units are dead"
        case .saturation: "Units are saturated"
        case .missingNonlinearity: "Layers without activation are one linear map"
        case .activationUnsuitable: "An activation does not suit hidden layers"
        case .tooDeepWithoutResidual: "The network is too deep for a plain one"
        case .learningRateTooHigh: "The learning rate is too high"
        case .learningRateTooLow: "The learning rate is too low"
        case .batchTooSmall: "The batch is too small"
        case .batchTooLarge: "The batch is too large: there are too few steps"
        case .optimizerMisconfigured: "A constant of the optimizer is unsuitable"
        case .scheduleFault: "The schedule of the learning rate"
        case .undertrained: "Training ends too early"
        case .parameterNotUpdated: "Parameters do not change"
        case .overfitting: "The network learns its samples by heart"
        case .underfittingCapacity: "The network is too small"
        case .overRegularised: "Regularization outweighs the data"
        }
    }
}
