import ApusGraph
import ApusTensor

/// What one pass through a model collects.
final class Trace {
    let mode: Mode
    /// The key of random numbers: int64 [2], seed and step.
    let key: Tensor
    /// Every variable that was asked for, in order.
    private(set) var descriptions: [(path: String, description: VariableDescription)] = []
    /// The values of states after the step.
    private(set) var updates: [String: Tensor] = [:]
    /// The calls of layers in the order in which they ended: inner layers before the layer around them.
    var records: [LayerRecord] = []
    /// What layers add to the loss besides the penalties of weights.
    var losses: [Tensor] = []
    /// The layers whose weights others may share, by path.
    var sharing: [String: AnyLayer] = [:]
    /// The layers that are being called, outermost first.
    var open: [(path: String, layer: any Layer)] = []
    /// Wrong uses of variables, which poison only what is computed from them.
    private var misuses: [GraphProblem] = []
    /// The tensor that stands for each variable.
    private var values: [String: Tensor]
    private var shapes: [String: Shape] = [:]
    private var streams: [String: Int] = [:]

    /// - Parameter values: The variables that exist; others are placeholders.
    init(mode: Mode, key: Tensor, values: [String: Tensor] = [:]) {
        self.mode = mode
        self.key = key
        self.values = values
    }

    var context: Context { Context(path: "", trace: self) }

    func variable(_ path: String, _ description: VariableDescription) -> Tensor {
        if let known = shapes[path] {
            guard known == description.shape else {
                return problem(
                    "the variable \(path) is used with the shapes \(known) and \(description.shape); "
                        + "give the second layer a context of its own, context[\"name\"]")
            }
            return updates[path] ?? values[path]!
        }
        guard description.shape.dimensions.allSatisfy({ $0 > 0 }) else {
            return problem(
                "the variable \(path) would have the shape \(description.shape); all extents must be positive")
        }
        shapes[path] = description.shape
        descriptions.append((path, description))
        if let value = values[path] {
            guard value.shape == description.shape else {
                return problem(
                    "the variable \(path) has the shape \(value.shape) but the model expects \(description.shape); "
                        + "the weights belong to another model or input size")
            }
            return value
        }
        let placeholder = Tensor(Node(.input(path, TensorType(description.shape, .float32))))
        values[path] = placeholder
        return placeholder
    }

    /// The tensor that stands for a variable that was asked for.
    func value(_ path: String) -> Tensor { values[path]! }

    /// Notes the value of a state after the step.
    func update(_ path: String, _ value: Tensor) {
        guard let description = descriptions.first(where: { $0.path == path })?.description else {
            problem("there is no state \(path) to update; ask for it with context.state first", "update")
            return
        }
        guard !description.isTrainable else {
            problem("\(path) is a parameter, which the optimizer changes; only a state can be updated", "update")
            return
        }
        guard value.shape == description.shape || !value.problems.isEmpty else {
            problem(
                "the state \(path) has the shape \(description.shape) but its new value has \(value.shape)", "update")
            return
        }
        updates[path] = value.cast(to: .float32)
    }

    @discardableResult
    private func problem(_ message: String, _ operation: String = "parameter") -> Tensor {
        let node = Node(problem: message, operation: operation)
        misuses += node.problems
        return Tensor(node)
    }

    /// Everything that is wrong with a model, in the order of its layers, each problem once.
    func problems(_ output: Tensor) -> [GraphProblem] {
        let updated = descriptions.compactMap { updates[$0.path] }
        let found =
            records.flatMap(\.output.problems) + output.problems + (updated + losses).flatMap(\.problems) + misuses
        return found.reduce(into: []) { known, problem in if !known.contains(problem) { known.append(problem) } }
    }

    /// A name that is new with each call: a layer may draw more than once.
    func nextStream(_ path: String) -> String {
        streams[path, default: 0] += 1
        return "\(path)#\(streams[path]!)"
    }
}
