import ApusBackend
import ApusGraph

/// The gradients of a scalar with respect to tensors that it was computed from.
///
/// Reading a tensor forgets how it was computed. A tensor that is needed between `tensors` and `value` and was read before makes
/// gradients that carry an error; inside `valueAndGradient` tensors may be read.
/// - Returns: One tensor for each of `tensors`, of its shape; zeros where the value does not depend on it.
public func gradient(of value: Tensor, withRespectTo tensors: [Tensor]) -> [Tensor] {
    let nodes = tensors.map(\.node)
    guard !(value.node.attachment is Buffer) || nodes.contains(value.node) else {
        let problem = Node(
            problem:
                "the value has been read, which forgets how it was computed; take the gradient first, or use valueAndGradient",
            operation: "gradient")
        return tensors.map { _ in Tensor(problem) }
    }
    return checkedGradients(of: value, withRespectTo: tensors)
}

/// The gradients, with an error where they can't be known.
private func checkedGradients(of value: Tensor, withRespectTo tensors: [Tensor]) -> [Tensor] {
    let nodes = tensors.map(\.node)
    let gradients = Node.gradients(of: [value.node], withRespectTo: nodes)
    guard value.problems.isEmpty else { return gradients.map { Tensor($0) } }
    let forgotten = Ancestry.ofLeaves(value.node, except: nodes)
    func problem(_ tensor: Tensor) -> String? {
        guard tensor.problems.isEmpty else { return nil }
        guard value.elementType.isFloatingPoint, tensor.elementType.isFloatingPoint else {
            let isValue = !value.elementType.isFloatingPoint
            return "\(isValue ? "the value" : "what the gradient is taken with respect to") is "
                + "\(isValue ? value.node.type : tensor.node.type), but only floating-point tensors have gradients; "
                + "convert it with cast(to: .float32) before it is used"
        }
        if tensor.isWritten {
            return
                "what the gradient is taken with respect to is a number that is written in the program, which stands for a constant; "
                + "evaluate it before it is used, or use valueAndGradient"
        }
        guard forgotten.contains(where: { $0.contains(tensor) }) else { return nil }
        return
            "a tensor on the way from \(tensor.node.type) to the value has been read, which forgets how it was computed; "
            + "take the gradient before reading, use valueAndGradient, or say with stoppingGradient() that it is a constant"
    }
    return zip(tensors, gradients).map { tensor, gradient in
        if let message = problem(tensor) { return Tensor(Node(problem: message, operation: "gradient")) }
        return Tensor(tracking: gradient)
    }
}

/// The value of a function and its gradients at a point (JAX's and MLX's `value_and_grad`).
///
/// ```swift
/// let x = Tensor.linspace(-1, 1, count: 100).reshaped(to: [100, 1])
/// let (loss, gradients) = valueAndGradient(at: [Tensor.zeros([1, 1]), Tensor.zeros([1])]) { p in
///     meanSquaredError(x.matmul(p[0]) + p[1], x * 3 - 2)
/// }
/// ```
///
/// The function must yield one number. Gradients of gradients work: the result is built from tensors again. Tensors that the function
/// captures are constants.
///
/// - Parameters:
///   - point: A tensor, an array of them, or any other `TensorTree` of floating-point tensors.
///   - function: The function; it yields one number.
/// - Returns: The value, and a tree like the point with the gradient with respect to each of its tensors.
public func valueAndGradient<Point: TensorTree>(
    at point: Point, of function: (Point) throws -> Tensor
) rethrows -> (Tensor, Point) {
    let (value, gradients, _) = try valueAndGradient(at: point) { (try function($0), ()) }
    return (value, gradients)
}

/// The value of a function and its gradients at a point, and what else the function yields: updated states, outputs (JAX's `has_aux`).
///
/// - Parameters:
///   - point: A tensor, an array of them, or any other `TensorTree` of floating-point tensors.
///   - function: Yields one number, and anything.
/// - Returns: The value, the gradients, and what else the function yielded.
public func valueAndGradient<Point: TensorTree, Auxiliary>(
    at point: Point, of function: (Point) throws -> (Tensor, Auxiliary)
) rethrows -> (Tensor, Point, Auxiliary) {
    // Nodes of their own, so that a tensor that the function captures besides stays a constant.
    let leaves = point.leaves
    let parameters = leaves.map { Tensor(.reshape($0.shape), [$0.node]) }
    let (value, auxiliary) = try Differentiation.$isUnderWay.withValue(true) { try function(point.with(parameters)) }
    guard value.count == 1 || !value.problems.isEmpty else {
        let problem = Tensor(
            Node(
                problem:
                    "expected a function that yields one number but it yields shape \(value.shape); take its sum() or mean()",
                operation: "valueAndGradient"))
        return (problem, point.with(leaves.map { _ in problem }), auxiliary)
    }
    return (value, point.with(checkedGradients(of: value, withRespectTo: parameters)), auxiliary)
}

/// The gradients of a function at a point (JAX's and MLX's `grad`), in a tree like the point.
public func gradient<Point: TensorTree>(
    at point: Point, of function: (Point) throws -> Tensor
) rethrows -> Point {
    try valueAndGradient(at: point, of: function).1
}
