/// What an input or an output of a step's program is.
enum StepRole: Hashable, Sendable, CustomStringConvertible {
    /// A weight or running value, by its path.
    case variable(String)
    /// What the optimizer keeps for a variable: path and name.
    case slot(String, String)
    /// Samples of the batch as they are stored, by the input's name.
    case input(String)
    /// Targets of the batch, by name.
    case target(String)
    /// A factor for each sample.
    case sampleWeights
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
    /// What the loss counts in that of an epoch, where some positions do not.
    case lossWeight
    /// What the batch adds to a metric, by its place.
    case metric(Int)
    /// What a layer yields, by its place among the calls of layers; or the preprocessed input.
    case layerOutput(Int)
    /// The gradient of the loss with respect to what a layer yields, by the place of its output.
    case layerGradient(Int)
    /// A variable as it was before a step that is watched.
    case before(String)
    /// Sums over weights, gradients, updates and outputs of layers, of a step that is watched.
    case watched
    case preprocessedInput(String)
    /// The part of a direction in the space of the variables that belongs to one of them.
    case direction(String)
    /// The product of the loss's second derivatives with a direction, for a variable.
    case product(String)

    /// The name in graphs.
    var description: String {
        switch self {
        case .variable(let path): path
        case .slot(let path, let name): "\(path)/\(name)"
        case .input(let name): name.isEmpty ? "batch" : "input \(name)"
        case .target(let name): name.isEmpty ? "targets" : "target \(name)"
        case .sampleWeights: "weights"
        case .key: "key"
        case .number(let index): "number \(index)"
        case .gradient(let path): "gradient of \(path)"
        case .prediction: "output"
        case .loss: "loss"
        case .lossWeight: "weight of the loss"
        case .metric(let index): "metric \(index)"
        case .layerOutput(let index): "output of call \(index)"
        case .layerGradient(let index): "gradient of the output of call \(index)"
        case .before(let path): "\(path) before"
        case .watched: "watched"
        case .preprocessedInput(let name): "preprocessed input \(name)"
        case .direction(let path): "direction of \(path)"
        case .product(let path): "product for \(path)"
        }
    }
}
