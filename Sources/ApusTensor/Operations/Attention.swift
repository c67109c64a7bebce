import ApusGraph

/// Attention by scaled dot products: y[n, t, h] = Σ softmax(s · q[n, t, h] · k[n, ·, h] + m)[j] v[n, j, h] over positions j
/// (`scaled_dot_product_attention` of PyTorch, whose heads stand before positions; `dot_product_attention` of JAX).
///
/// Shapes: queries [N, T, heads, size], keys [N, S, heads, size], values [N, S, heads, value size], result [N, T, heads, value size].
/// Keys and values may have fewer heads, each for a group of as many queries' heads that follow each other. Vaswani et al. (2017);
/// groups: Ainslie et al. (2023).
///
/// ```swift
/// let key = RandomKey(seed: 0)
/// let x = Tensor.normal([2, 5, 4, 8], key: key)   // two sequences of five positions, four heads of size 8
/// print(dotProductAttention(x, x, x, isCausal: true).shape)   // [2, 5, 4, 8]
/// ```
///
/// - Parameters:
///   - queries: What looks.
///   - keys: What queries are compared with.
///   - values: What is found.
///   - mask: Broadcast to [N, heads, T, S]: bool, which positions a query may see, or numbers that are added to the products. A query
///     that may see nothing finds 0.
///   - isCausal: Whether query t sees the positions up to t alone.
///   - scale: The factor s of the products, 1 / √size unless given.
public func dotProductAttention(
    _ queries: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor? = nil, isCausal: Bool = false,
    scale: Double? = nil
) -> Tensor {
    dotProductAttention(queries, keys, values, mask: mask, isCausal: isCausal, scale: scale, weights: nil)
}

/// Without a change one operation, whose kernel never writes the weights [N, heads, T, S].
///
/// - Parameter change: What becomes of the weights [N, heads, T, S] before values are added up: dropout.
package func dotProductAttention(
    _ queries: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor?, isCausal: Bool, scale: Double?,
    weights change: ((Tensor) -> Tensor)?
) -> Tensor {
    for tensor in [queries, keys, values] + (mask.map { [$0] } ?? []) where !tensor.problems.isEmpty { return tensor }
    let type = [keys, values].reduce(queries.elementType) { ElementType.promoted($0, $1.elementType) }
    let (q, k, v) = (queries.cast(to: type), keys.cast(to: type), values.cast(to: type))
    let scale = scale ?? 1 / Double(Swift.max(1, q.rank == 4 ? q.shape[3] : 1)).squareRoot()
    var form = AttentionForm(isCausal: isCausal, scale: scale)
    var operands = [q.node, k.node, v.node]
    if let mask {
        // What is wrong with the others.
        let checked = Node(.attention(form), operands)
        guard checked.isValid else { return Tensor(checked) }
        if let problem = maskProblem(q, k, mask) {
            return Tensor(Node(problem: problem, operation: "attention"))
        }
        form.mask = mask.elementType == .bool ? .seen : .added
        let whole = mask.reshaped(to: Shape(Array(repeating: 1, count: 4 - mask.rank) + mask.shape.dimensions))
        operands.append((form.mask == .seen ? whole : whole.cast(to: type)).node)
    }
    let node = Node(.attention(form), operands)
    guard node.isValid, change != nil || AttentionExpansion.isWanted else { return Tensor(node) }
    let parts = ExpandedAttention(node, form)
    let weights = Tensor(tracking: parts.weights)
    return Tensor(tracking: parts.result(of: (change?(weights) ?? weights).node))
}

/// What is wrong with the mask of an attention.
private func maskProblem(_ q: Tensor, _ k: Tensor, _ mask: Tensor) -> String? {
    let whole: Shape = [q.shape[0], q.shape[2], q.shape[1], k.shape[1]]
    guard mask.elementType == .bool || mask.elementType.isFloatingPoint,
        Shape.broadcast(mask.shape, whole) == whole
    else {
        return "expected a mask of bool or floating-point type that broadcasts to [N, heads, T, S] = \(whole) "
            + "but received \(mask.node.type)"
    }
    return nil
}

/// Whether attention is traced as matrix products and softmax, which files of other frameworks know.
package enum AttentionExpansion {
    @TaskLocal package static var isWanted = false
}
