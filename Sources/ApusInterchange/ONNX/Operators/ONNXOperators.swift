import ApusTensor

/// The operators that are known: what each makes of the values of a node.
package enum ONNXOperators {
    /// One operator: the outputs of a node, as many as it has; those behind that nobody reads may be left out.
    typealias Operator = @Sendable (ONNXCall) throws -> [ONNXValue]

    /// By name; those of other domains than ONNX's own with the domain before it.
    static let table: [String: Operator] = [
        activations, arithmetic, comparisons, convolutions, constants, indexing, losses, movement, normalizations,
        optimizers,
        poolings, products, recurrent, reductions, resizing, rearrangements, shapes, types, windows,
    ].reduce(into: [:]) { table, family in table.merge(family) { $1 } }

    /// The names of all operators of ONNX's own domain and of training, in order.
    package static var names: [String] { table.keys.map { String($0.split(separator: ".").last ?? "") }.sorted() }

    /// One operation on each element of the first input.
    static func mapped(_ transform: @escaping @Sendable (Tensor) -> Tensor) -> Operator {
        { [try $0.input().map(transform)] }
    }
}
