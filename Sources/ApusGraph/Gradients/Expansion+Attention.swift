/// Attention by matrix products: what its definition by simpler operations, and those of its gradients, are made of.
///
/// The heads of a group stand one below the other: rows are [N, groups, heads of a group · T, features].
struct ExpandedAttention {
    private let form: AttentionForm
    private let queries, keys, values: Node

    /// - Parameter node: Attention, or one of its gradients.
    init(_ node: Node, _ form: AttentionForm) {
        self.form = form
        (queries, keys, values) = (node.inputs[0], node.inputs[1], node.inputs[2])
    }

    private var samples: Int { queries.shape[0] }
    private var length: Int { queries.shape[1] }
    private var groups: Int { keys.shape[2] }
    private var each: Int { groups == 0 ? 0 : queries.shape[2] / groups }

    /// [N, T, heads, features] as rows.
    private func rows(_ x: Node) -> Node {
        x.reshape([samples, length, groups, each, x.shape[3]]).transpose([0, 2, 3, 1, 4])
            .reshape([samples, groups, each * length, x.shape[3]])
    }

    /// Rows as [N, T, heads, features].
    private func heads(_ rows: Node) -> Node {
        rows.reshape([samples, groups, each, length, rows.shape[3]]).transpose([0, 3, 1, 2, 4])
            .reshape([samples, length, groups * each, rows.shape[3]])
    }

    /// [N, groups, heads of a group · T, S]
    private var weights: Node {
        let products = Node.matmul(rows(queries), keys.transpose([0, 2, 3, 1])) * form.scale
        guard form.isCausal else { return Node(.softmax(axis: 3), [products]) }
        let matrix = TensorType([length, keys.shape[1]], .int32)
        let isSeen = Node.binary(.lessOrEqual, Node(.iota(axis: 1, matrix)), Node(.iota(axis: 0, matrix)))
            .broadcast(to: [each, length, keys.shape[1]]).reshape([each * length, keys.shape[1]])
        let hidden = Node.constant(-.infinity, [], products.elementType)
        return Node(.softmax(axis: 3), [.select(isSeen, products, hidden)])
    }

    var result: Node { heads(.matmul(weights, values.transpose([0, 2, 1, 3]))) }

    /// The gradient to an operand, from that to the result.
    func gradient(to operand: AttentionOperand, result: Node, _ g: Node) -> Node {
        let weights = weights
        if operand == .values { return Node.matmul(weights.matrixTransposed, rows(g)).transpose([0, 2, 1, 3]) }
        let dots = rows((g * result).reduce(.sum, [3], keepingAxes: true))
        let slopes = weights * (Node.matmul(rows(g), values.transpose([0, 2, 3, 1])) - dots) * form.scale
        return operand == .queries
            ? heads(.matmul(slopes, keys.transpose([0, 2, 1, 3])))
            : Node.matmul(slopes.matrixTransposed, rows(queries)).transpose([0, 2, 1, 3])
    }
}
