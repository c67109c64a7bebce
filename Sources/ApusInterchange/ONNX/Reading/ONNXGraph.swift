import ApusGraph
import ApusTensor

/// A graph as an ONNX file describes it, checked: every name that is used is defined before.
struct ONNXGraph: Sendable {
    var inputs: [Port] = []
    var outputs: [Port] = []
    /// What is given in the file, by name.
    var constants: [String: ONNXTensor] = [:]
    /// The weights, in the order of the file.
    var weights: [ONNXWeight] = []
    var nodes: [ONNXNode] = []
    /// The version of each set of operators, by its domain.
    var versions: [String: Int] = [:]

    /// An input or an output.
    struct Port: Sendable {
        let name: String
        let type: ONNXType
        /// The extents; `nil` for those that are free, and all of it where nothing is said.
        let shape: [Int?]?
    }
}

/// A step of a graph.
struct ONNXNode: Sendable {
    let name: String
    let kind: String
    let domain: String
    let inputs: [String]
    let outputs: [String]
    let attributes: [String: ONNXAttribute]

    /// What messages call it.
    var label: String { name.isEmpty ? "\(kind) \(outputs.first ?? "")" : "\(kind) \(name)" }
}

/// An attribute of a step.
enum ONNXAttribute: Sendable {
    case int(Int)
    case float(Double)
    case string(String)
    case ints([Int])
    case floats([Double])
    case strings([String])
    case tensor(ONNXTensor)
    /// Of a sort that no operator here asks for.
    case other(String)

    /// What messages call it.
    var sort: String {
        switch self {
        case .int: "a whole number"
        case .float: "a number"
        case .string: "a text"
        case .ints: "whole numbers"
        case .floats: "numbers"
        case .strings: "texts"
        case .tensor: "a tensor"
        case .other(let sort): sort
        }
    }
}

/// A tensor of the file that a model asks for as a variable.
struct ONNXWeight: Sendable {
    let name: String
    /// The shape in the file.
    let shape: [Int]
    /// Which axis of the file's lies at each axis of the variable.
    let order: [Int]
    let type: ONNXType
    let isTrainable: Bool
    /// The numbers in the variable's order, in float32; `nil` where a model is described without them.
    let start: Tensor?

    /// The shape of the variable.
    var variableShape: Shape { Shape(order.map { shape[$0] }) }
}
