/// What an input or an output of a step's program is.
enum StepRole: Hashable, Sendable, CustomStringConvertible {
    /// A weight or running value, by its path.
    case variable(String)
    /// What the optimizer keeps for a variable: path and name.
    case slot(String, String)
    /// The samples of the batch as they are stored, their targets and their weights.
    case batch, targets, sampleWeights
    /// The key of random numbers: seed and step.
    case key
    /// A number that the optimizer derives from learning rate and step, by its place.
    case number(Int)
    /// The gradient of the loss with respect to a variable.
    case gradient(String)
    /// What the model yields.
    case prediction
    /// The loss with all penalties.
    case loss
    /// What the batch adds to a metric, by its place.
    case metric(Int)
    /// What a layer yields, by its place among the calls of layers; or the preprocessed input.
    case layerOutput(Int)
    case preprocessedInput

    /// The name in graphs.
    var description: String {
        switch self {
        case .variable(let path): path
        case .slot(let path, let name): "\(path)/\(name)"
        case .batch: "batch"
        case .targets: "targets"
        case .sampleWeights: "weights"
        case .key: "key"
        case .number(let index): "number \(index)"
        case .gradient(let path): "gradient of \(path)"
        case .prediction: "output"
        case .loss: "loss"
        case .metric(let index): "metric \(index)"
        case .layerOutput(let index): "output of call \(index)"
        case .preprocessedInput: "preprocessed input"
        }
    }
}
