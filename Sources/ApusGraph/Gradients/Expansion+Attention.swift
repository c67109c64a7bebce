/// Attention by matrix products: what its definition by simpler operations, and those of its gradients, are made of.
///
/// The heads of a group stand one below the other: rows are [N, groups, heads of a group · T, features].
package struct ExpandedAttention {
    private let form: AttentionForm
    private let queries, keys, values: Node
    private let mask: Node?

    /// - Parameter node: Attention, or one of its gradients.
    package init(_ node: Node, _ form: AttentionForm) {
        self.form = form
        (queries, keys, values) = (node.inputs[0], node.inputs[1], node.inputs[2])
        mask = form.mask == nil ? nil : node.inputs.last
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

    /// The weights of values, [N, heads, T, S].
    package var weights: Node { rowWeights.reshape([samples, groups * each, length, keys.shape[1]]) }

    /// The result, from weights [N, heads, T, S].
    package func result(of weights: Node) -> Node {
        let rows = weights.reshape([samples, groups, each * length, keys.shape[1]])
        return heads(.matmul(rows, values.transpose([0, 2, 1, 3])))
    }

    /// [N, groups, heads of a group · T, S]
    private var rowWeights: Node {
        var products = Node.matmul(rows(queries), keys.transpose([0, 2, 3, 1])) * form.scale
        let hidden = Node.constant(-.infinity, [], products.elementType)
        if form.isCausal {
            let matrix = TensorType([length, keys.shape[1]], .int32)
            let isSeen = Node.binary(.lessOrEqual, Node(.iota(axis: 1, matrix)), Node(.iota(axis: 0, matrix)))
                .broadcast(to: [each, length, keys.shape[1]]).reshape([each * length, keys.shape[1]])
            products = .select(isSeen, products, hidden)
        }
        guard let mask else { return Node(.softmax(axis: 3), [products]) }
        let whole = mask.broadcast(to: [samples, groups * each, length, keys.shape[1]]).reshape(products.shape)
        products = form.mask == .seen ? .select(whole, products, hidden) : products + whole
        // A finite number, so that a row in which all are hidden has no NaN.
        let isHidden = Node.binary(.equal, products, hidden)
        let least = Node.constant(-1e30, [], products.elementType)
        return .select(
            isHidden, .constant(0, [], products.elementType),
            Node(.softmax(axis: 3), [.select(isHidden, least, products)]))
    }

    var result: Node { heads(.matmul(rowWeights, values.transpose([0, 2, 1, 3]))) }

    /// The gradient to an operand, from that to the result.
    func gradient(to operand: AttentionOperand, result: Node, _ g: Node) -> Node {
        if operand == .values { return Node.matmul(rowWeights.matrixTransposed, rows(g)).transpose([0, 2, 1, 3]) }
        let slopes = slopes(result, g) * form.scale
        return operand == .queries
            ? heads(.matmul(slopes, keys.transpose([0, 2, 1, 3])))
            : Node.matmul(slopes.matrixTransposed, rows(queries)).transpose([0, 2, 1, 3])
    }

    /// The gradient to numbers that are added to the products. It holds all weights at once.
    func maskGradient(result: Node, _ g: Node) -> Node {
        guard let mask else { preconditionFailure("attention without a mask") }
        let whole = slopes(result, g).reshape([samples, groups * each, length, keys.shape[1]])
        let axes = (0..<4).filter { mask.shape[$0] == 1 && whole.shape[$0] != 1 }
        return axes.isEmpty ? whole : whole.reduce(.sum, axes, keepingAxes: true)
    }

    /// The gradient to the products.
    private func slopes(_ result: Node, _ g: Node) -> Node {
        let dots = rows((g * result).reduce(.sum, [3], keepingAxes: true))
        return rowWeights * (Node.matmul(rows(g), values.transpose([0, 2, 3, 1])) - dots)
    }
}
