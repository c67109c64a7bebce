package import ApusGraph

/// Computes expressions node by node in Float64, by the definitions of the operations and without rounding to element types.
package protocol ExactEvaluator: Sendable {
    /// The values of some nodes, given those of the nodes that they depend on.
    ///
    /// - Throws: `GraphError` for nodes that have problems; an error that says which value does not fit.
    func run(_ outputs: [Node], inputs: [Node: ReferenceValue]) throws -> [ReferenceValue]
}
