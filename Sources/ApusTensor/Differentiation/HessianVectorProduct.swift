import ApusBackend
import ApusGraph

/// The product of a function's Hessian with a direction, H·v, without the Hessian: the gradient of ∇f·v (Pearlmutter, 1994).
///
/// ```swift
/// // f(x, y) = x²y: H = [[2y, 2x], [2x, 0]]
/// let product = hessianVectorProduct(at: Tensor([3.0, 5]), along: Tensor([1.0, 0])) { p in
///     (square(p[0]) * p[1]).sum()
/// }
/// print(product.scalars)   // [10.0, 6.0]
/// ```
///
/// It costs about as much as two gradients. The function must yield one number; a loop over the steps of a sequence can't be
/// differentiated twice.
///
/// - Parameters:
///   - point: A tensor, an array of them, or any other `TensorTree` of floating-point tensors.
///   - direction: Tensors of the same shapes, which count as constants.
///   - function: The function; it yields one number.
/// - Returns: A tree like the point.
public func hessianVectorProduct<Point: TensorTree>(
    at point: Point, along direction: Point, of function: (Point) throws -> Tensor
) rethrows -> Point {
    let leaves = direction.leaves
    return try gradient(at: point) { inner in
        let slopes = try gradient(at: inner, of: function).leaves
        let (expected, received) = (slopes.map(\.shape), leaves.map(\.shape))
        guard slopes.contains(where: { !$0.problems.isEmpty }) || expected == received else {
            return Tensor(
                Node(
                    problem: "expected a direction of the shapes of the point, \(expected), but received \(received)",
                    operation: "hessianVectorProduct"))
        }
        let terms = zip(slopes, leaves).map { ($0 * $1.stoppingGradient()).sum() }
        return terms.dropFirst().reduce(terms.first ?? Tensor(0 as Float), +)
    }
}
