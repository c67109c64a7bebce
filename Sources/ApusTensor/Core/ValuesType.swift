package import ApusGraph

/// Names and types of values: what a program is compiled for.
///
/// A step makes such values: of a single tensor they take no memory of their own.
package struct ValuesType: Hashable, Sendable {
    /// One of the tensors.
    package struct Field: Hashable, Sendable {
        package let name: String
        package let type: TensorType
    }

    private let first: Field?
    private let others: [Field]

    package init(_ values: Values) {
        func field(_ entry: (name: String, tensor: Tensor)) -> Field {
            Field(name: entry.name, type: entry.tensor.node.type)
        }
        first = values.first { _ in true }.map(field)
        others = values.count > 1 ? values.dropFirst().map(field) : []
    }

    /// All of them, in order.
    package var fields: [Field] { (first.map { [$0] } ?? []) + others }

    /// The first extent of the first tensor: the number of samples.
    package var count: Int { first?.type.shape.dimensions.first ?? 1 }
}
