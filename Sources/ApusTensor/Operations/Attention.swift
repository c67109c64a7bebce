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

/// Without a mask or a change, one operation, whose kernel never writes the weights [N, heads, T, S].
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
    let operation = Operation.attention(AttentionForm(isCausal: isCausal, scale: scale))
    let operands = [q.node, k.node, v.node]
    guard mask != nil || change != nil else {
        guard AttentionExpansion.isWanted else { return Tensor(operation, operands) }
        let node = Node(operation, operands)
        return Tensor(tracking: node.isValid ? node.expansion! : node)
    }
    // What is wrong with the operands.
    let checked = Node(operation, operands)
    guard checked.isValid else { return Tensor(checked) }
    if let mask, let problem = maskProblem(q, k, mask) { return Tensor(Node(problem: problem, operation: "attention")) }
    let (samples, length, heads, size) = (q.shape[0], q.shape[1], q.shape[2], q.shape[3])
    let (positions, groups, depth) = (k.shape[1], k.shape[2], v.shape[3])
    let each = groups == 0 ? 0 : heads / groups
    // The heads of a group one below the other: [N, groups, heads of a group · T, size].
    let rows = q.reshaped(to: [samples, length, groups, each, size]).transposed([0, 2, 3, 1, 4])
        .reshaped(to: [samples, groups, each *| length, size])
    let products = rows.matmul(k.transposed([0, 2, 3, 1])) * scale
    var scores = products.reshaped(to: [samples, heads, length, positions])
    var isSeen: Tensor?
    if isCausal {
        let matrix = TensorType([length, positions], .int32)
        isSeen = Tensor(.iota(axis: 1, matrix), []) .<= Tensor(.iota(axis: 0, matrix), [])
    }
    if let mask {
        if mask.elementType == .bool {
            isSeen = isSeen.map { $0 .& mask } ?? mask
        } else {
            scores = scores + mask.cast(to: type)
        }
    }
    var weights: Tensor
    if let isSeen {
        // A finite number, so that a row without any position has no NaN.
        weights = softmax(Tensor.where(isSeen, scores, -1e30))
        if mask != nil { weights = Tensor.where(isSeen, weights, 0) }
    } else {
        weights = softmax(scores)
    }
    if let change { weights = change(weights) }
    return weights.reshaped(to: [samples, groups, each *| length, positions])
        .matmul(v.transposed([0, 2, 1, 3]))
        .reshaped(to: [samples, groups, each, length, depth]).transposed([0, 3, 1, 2, 4])
        .reshaped(to: [samples, length, heads, depth])
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
