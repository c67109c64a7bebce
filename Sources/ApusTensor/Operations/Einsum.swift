import ApusGraph

/// Einstein's sum: products of tensors' elements, summed over every axis whose letter the result lacks (`einsum`).
///
/// Each tensor's axes are named by letters; axes of one letter run together. `ij,jk->ik` is the matrix product, `ii->` the trace,
/// `...ij->...ji` a transposition with as many axes in front as there are. Without an arrow the result has the axes of the ellipsis
/// and the letters that stand once, in the order of the alphabet. Axes of an ellipsis broadcast. Element types are promoted.
///
/// Tensors are combined from left to right, each pair by one batch of matrix products.
///
/// ```swift
/// let (q, k) = (Tensor.ones([2, 4, 5, 8]), Tensor.ones([2, 4, 7, 8]))
/// print(einsum("nhqd,nhkd->nhqk", q, k).shape)   // [2, 4, 5, 7]
/// print(einsum("ij,j", Tensor([[1.0, 2], [3, 4]]), Tensor([1.0, 10])).scalars)   // [21.0, 43.0]
/// ```
public func einsum(_ subscripts: String, _ tensors: Tensor...) -> Tensor {
    if let broken = tensors.first(where: { !$0.problems.isEmpty }) { return broken }
    do throws(EinsumProblem) {
        let axes = try EinsumAxes(subscripts, tensors)
        let type = tensors.map(\.elementType).reduce(.bool, ElementType.promoted)
        var terms = zip(tensors, axes.terms).map { EinsumTerm($0.cast(to: type), $1).withoutRepetition }
        while terms.count > 1 {
            let others = terms.dropFirst(2).flatMap(\.axes) + axes.result
            terms.replaceSubrange(0..<2, with: [terms[0].combined(with: terms[1], keeping: Set(others))])
        }
        return terms[0].summed(keeping: Set(axes.result)).ordered(axes.result)
    } catch {
        return Tensor(Node(problem: error.message, operation: "einsum"))
    }
}

/// A tensor and the names of its axes while a sum is computed.
private struct EinsumTerm {
    let tensor: Tensor
    let axes: [EinsumAxis]

    init(_ tensor: Tensor, _ axes: [EinsumAxis]) {
        self.tensor = tensor
        self.axes = axes
    }

    /// The diagonal along axes of one name.
    var withoutRepetition: EinsumTerm {
        for (first, name) in axes.enumerated() {
            guard let second = axes[(first + 1)...].firstIndex(of: name) else { continue }
            let rest = axes.indices.filter { $0 != first && $0 != second }
            let diagonal = tensor.transposed(rest + [first, second]).diagonal()
            return EinsumTerm(diagonal, rest.map { axes[$0] } + [name]).withoutRepetition
        }
        return self
    }

    /// The sum over all axes but some.
    func summed(keeping kept: Set<EinsumAxis>) -> EinsumTerm {
        let gone = axes.indices.filter { !kept.contains(axes[$0]) }
        guard !gone.isEmpty else { return self }
        return EinsumTerm(tensor.sum(axes: gone), axes.filter(kept.contains))
    }

    /// The tensor with its axes in an order that has all of them.
    func ordered(_ order: [EinsumAxis]) -> Tensor {
        order == axes ? tensor : tensor.transposed(order.map { axes.firstIndex(of: $0)! })
    }

    private func extent(_ name: EinsumAxis) -> Int { axes.firstIndex(of: name).map { tensor.shape[$0] } ?? 1 }

    /// The product with another term, summed over what is not kept.
    func combined(with other: EinsumTerm, keeping kept: Set<EinsumAxis>) -> EinsumTerm {
        let a = summed(keeping: kept.union(other.axes)), b = other.summed(keeping: kept.union(axes))
        let shared = a.axes.filter(b.axes.contains)
        let (batch, summed) = (shared.filter(kept.contains), shared.filter { !kept.contains($0) })
        let (rows, columns) = (a.axes.filter { !shared.contains($0) }, b.axes.filter { !shared.contains($0) })
        // An axis of an ellipsis may have the extent 1 in one of both.
        func extent(_ name: EinsumAxis) -> Int { a.extent(name) == 1 ? b.extent(name) : a.extent(name) }
        func extents(_ names: [EinsumAxis]) -> [Int] { names.map(extent) }
        func stretched(_ term: EinsumTerm, _ order: [EinsumAxis]) -> Tensor {
            let tensor = term.ordered(order), shape = Shape(extents(order))
            return tensor.shape == shape ? tensor : tensor.broadcast(to: shape)
        }
        let result = Shape(extents(batch + rows + columns))
        guard tensor.elementType.isFloatingPoint, !summed.isEmpty else {
            // Nothing to sum, or integers, of which there are no matrix products: [batch, rows, columns, summed].
            let left = stretched(a, batch + rows + summed)
            let right = stretched(b, batch + columns + summed)
            let ones = { (count: Int) in Array(repeating: 1, count: count) }
            let product =
                left.reshaped(to: Shape(extents(batch + rows) + ones(columns.count) + extents(summed)))
                * right.reshaped(to: Shape(extents(batch) + ones(rows.count) + extents(columns + summed)))
            let all = EinsumTerm(product, batch + rows + columns + summed)
            return all.summed(keeping: Set(batch + rows + columns))
        }
        let k = extents(summed).product
        let left = stretched(a, batch + rows + summed)
            .reshaped(to: Shape(extents(batch) + [extents(rows).product, k]))
        // A transposition that products read in place.
        let right = stretched(b, batch + columns + summed)
            .reshaped(to: Shape(extents(batch) + [extents(columns).product, k]))
        let order = Array(batch.indices) + [batch.count + 1, batch.count]
        return EinsumTerm(
            left.matmul(right.transposed(order)).reshaped(to: result), batch + rows + columns)
    }
}
