import ApusGraph
import ApusTensor

/// What one pass through a model collects.
final class Trace {
    let mode: Mode
    /// The key of random numbers.
    let key: RandomKey
    /// Which variables keep their values in training, by path.
    let isFrozen: (String) -> Bool
    /// How sequences are read token by token; `nil` where whole ones are read.
    let memory: TokenMemory?
    /// What has been collected so far.
    var contents: TraceContents
    /// What layers do wrong that their outputs can't carry.
    let outside = TraceProblems()
    /// The layers that are being called, outermost first.
    var open: [OpenCall] = []

    /// - Parameter values: The variables that exist; others are placeholders.
    init(
        mode: Mode, key: RandomKey, values: [String: Tensor] = [:],
        isFrozen: @escaping (String) -> Bool = { _ in false }, memory: TokenMemory? = nil
    ) {
        self.mode = mode
        self.key = key
        self.isFrozen = isFrozen
        self.memory = memory
        contents = TraceContents(values: values)
    }

    var context: Context { Context(path: "", trace: self, use: .single) }

    /// Every variable that was asked for, in order.
    var descriptions: [(path: String, description: VariableDescription)] { contents.descriptions }
    /// The values of states after the step.
    var updates: [String: Tensor] { contents.updates }
    /// The calls of layers in the order in which they ended: inner layers before the layer around them.
    var records: [LayerRecord] { contents.records }
    /// What layers add to the loss besides the penalties of weights.
    var losses: [Tensor] { contents.losses }

    // MARK: Variables

    func variable(_ path: String, _ description: VariableDescription) -> Tensor {
        if let known = contents.known[path]?.shape {
            guard known == description.shape else {
                return misuse(
                    "the variable \(path) is used with the shapes \(known) and \(description.shape); "
                        + "give the second layer a context of its own, context[\"name\"]")
            }
            return contents.updates[path] ?? contents.values[path]!
        }
        guard description.shape.dimensions.allSatisfy({ $0 > 0 }) else {
            return misuse(
                "the variable \(path) would have the shape \(description.shape); all extents must be positive")
        }
        contents.known[path] = description
        contents.descriptions.append((path, description))
        if let value = contents.values[path] {
            guard value.shape == description.shape else {
                return misuse(
                    "the variable \(path) has the shape \(value.shape) but the model expects \(description.shape); "
                        + "the weights belong to another model or input size")
            }
            return value
        }
        let placeholder = Tensor(Node(.input(path, TensorType(description.shape, .float32))))
        contents.values[path] = placeholder
        return placeholder
    }

    /// The tensor that stands for a variable that was asked for.
    func value(_ path: String) -> Tensor { contents.values[path]! }

    /// Notes the value of a state after the step.
    func update(_ path: String, _ value: Tensor) {
        guard let description = contents.known[path] else {
            misuse("there is no state \(path) to update; ask for it with context.state first", "update")
            return
        }
        guard !description.isTrainable else {
            misuse("\(path) is a parameter, which the optimizer changes; only a state can be updated", "update")
            return
        }
        guard value.shape == description.shape || !value.problems.isEmpty else {
            misuse(
                "the state \(path) has the shape \(description.shape) but its new value has \(value.shape)", "update")
            return
        }
        if !isFrozen(path) { contents.updates[path] = value.cast(to: .float32) }
    }

    // MARK: Problems

    /// Notes a wrong use of the context, which invalidates only what is computed from the result.
    @discardableResult
    func misuse(_ message: String, _ operation: String = "parameter") -> Tensor {
        let node = Node(problem: message, operation: operation)
        contents.misuses += node.problems
        return Tensor(node)
    }

    /// Notes a problem of the layer that is being called, which invalidates its output.
    func report(_ message: String) {
        guard let call = open.indices.last else { misuse(message, "expect"); return }
        open[call].problems.append(Node(problem: message, operation: open[call].kind))
    }

    /// Everything that is wrong with a model, in the order of its layers, each problem once.
    func problems(_ outputs: Values) -> [GraphProblem] {
        let updated = descriptions.compactMap { updates[$0.path] }
        let found =
            records.flatMap { $0.outputs.leaves.flatMap(\.problems) } + outputs.leaves.flatMap(\.problems)
            + (updated + losses).flatMap(\.problems)
            + contents.misuses
        let all = found + outside.problems(besides: !found.isEmpty)
        return all.reduce(into: []) { known, problem in if !known.contains(problem) { known.append(problem) } }
    }

    /// Notes in what way a layer is another one in training.
    func note(_ difference: TrainingDifference, at path: String) { contents.differences.append((path, difference)) }

    // MARK: Randomness

    /// A name that is new with each call: a layer may draw more than once.
    func nextStream(_ path: String) -> String {
        contents.streams[path, default: 0] += 1
        return "\(path)#\(contents.streams[path]!)"
    }
}

/// What a trace has collected: a value, so that a part of the model can be traced again from its start.
struct TraceContents {
    var descriptions: [(path: String, description: VariableDescription)] = []
    var updates: [String: Tensor] = [:]
    var records: [LayerRecord] = []
    var losses: [Tensor] = []
    /// The tensor that stands for each variable.
    var values: [String: Tensor]
    /// The descriptions by path.
    var known: [String: VariableDescription] = [:]
    /// How often each path has drawn random numbers.
    var streams: [String: Int] = [:]
    /// The layers whose weights others may share, by path.
    var sharing: [String: AnyLayer] = [:]
    /// Where layers are, and where variables are: a second one is an error.
    var layerPaths: Set<String> = []
    var variablePaths: Set<String> = []
    /// Wrong uses of the context.
    var misuses: [GraphProblem] = []
    /// In what way layers are others in training than at inference.
    var differences: [(path: String, what: TrainingDifference)] = []
    /// What layers remember from token to token.
    var remembered: [RememberedValue] = []
    /// Whether a layer asked how many tokens came before.
    var hasPositions = false

    init(values: [String: Tensor]) { self.values = values }

    /// Allows everything at a path and below it once more.
    mutating func release(_ path: String) {
        func isKept(_ other: String) -> Bool { !path.isEmpty && other != path && !other.hasPrefix(path + "/") }
        layerPaths = layerPaths.filter(isKept)
        variablePaths = variablePaths.filter(isKept)
    }
}

/// In what way a layer is another one in training than at inference.
enum TrainingDifference: String {
    case asksForTheMode = "behaves differently in training"
    case draws = "draws random numbers"
    case updates = "updates its states in training"
    case penalizes = "adds a penalty to the loss"
}
