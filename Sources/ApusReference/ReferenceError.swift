package import ApusGraph

/// Why the reference backend could not compute a graph.
package enum ReferenceError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The graph takes another number of inputs.
    case wrongInputCount(expected: Int, received: Int)
    /// An input has another shape or element type than the graph says, or not as many values as its shape.
    case wrongInput(name: String, expected: TensorType, received: TensorType, values: Int)
    /// An output depends on an input node that was given no value.
    case missingInput(name: String, TensorType)
    /// An index or a label lies outside the axis that it selects from.
    case indexOutOfRange(operation: String, index: Int, extent: Int)

    package var description: String {
        switch self {
        case .wrongInputCount(let expected, let received):
            "expected \(expected) inputs but received \(received)"
        case .wrongInput(let name, let expected, let received, let values):
            "input \(name): expected \(expected) but received \(received) with \(values) values"
        case .missingInput(let name, let type):
            "input \(name) of type \(type) has no value; list it among the graph's inputs"
        case .indexOutOfRange(let operation, let index, let extent):
            "\(operation): index \(index) is outside 0..<\(extent)"
        }
    }

    /// The operation that refused its operands.
    var operation: String {
        switch self {
        case .wrongInputCount: "inputs"
        case .wrongInput(let name, _, _, _), .missingInput(let name, _): "input \(name)"
        case .indexOutOfRange(let operation, _, _): operation
        }
    }
}
