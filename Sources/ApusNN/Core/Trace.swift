import ApusGraph
package import ApusTensor

/// What one pass through a model collects.
package final class Trace {
    package let mode: Mode
    /// The key of random numbers: int64 [2], seed and step.
    package let key: Tensor
    /// Every variable that was asked for, in order.
    package private(set) var descriptions: [(path: String, description: VariableDescription)] = []
    /// The values of variables after the step.
    package var updates: [String: Tensor] = [:]
    package var records: [LayerRecord] = []
    /// The tensor that stands for each variable.
    private var values: [String: Tensor]
    private var shapes: [String: Shape] = [:]
    private var streams: [String: Int] = [:]

    /// - Parameter values: The variables that exist; others are placeholders.
    package init(mode: Mode, key: Tensor, values: [String: Tensor] = [:]) {
        self.mode = mode
        self.key = key
        self.values = values
    }

    package var context: Context { Context(path: "", trace: self) }

    func variable(_ path: String, _ description: VariableDescription) -> Tensor {
        if let known = shapes[path] {
            guard known == description.shape else {
                return problem(
                    "the variable \(path) is used with the shapes \(known) and \(description.shape); "
                        + "give the second layer a context of its own, context[\"name\"]")
            }
            return values[path]!
        }
        guard description.shape.dimensions.allSatisfy({ $0 > 0 }) else {
            return problem("the variable \(path) would have the shape \(description.shape); all extents must be positive")
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

    private func problem(_ message: String) -> Tensor { Tensor(Node(problem: message, operation: "parameter")) }

    /// A name that is new with each call: a layer may draw more than once.
    func nextStream(_ path: String) -> String {
        streams[path, default: 0] += 1
        return "\(path)#\(streams[path]!)"
    }
}
