import ApusBackend
import ApusGraph

/// The gradients of a scalar with respect to tensors that it was computed from.
///
/// Reading a tensor forgets how it was computed, so nothing between `tensors` and `value` may have been read before; inside
/// `valueAndGradient` it may.
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
    return Node.gradients(of: [value.node], withRespectTo: nodes).map { Tensor(tracking: $0) }
}

/// The value of a function and its gradients at a point (JAX's `value_and_grad`).
///
/// The function must yield one number. Gradients of gradients work: the result is built from tensors again.
public func valueAndGradient(
    at point: [Tensor], of function: ([Tensor]) throws -> Tensor
) rethrows -> (value: Tensor, gradients: [Tensor]) {
    // Nodes of their own, so that a tensor that the function captures besides stays a constant.
    let parameters = point.map { Tensor(.reshape($0.shape), [$0.node]) }
    let nodes = parameters.map(\.node)
    let value = try Differentiation.$isUnderWay.withValue(true) { try function(parameters) }
    guard value.count == 1 || !value.problems.isEmpty else {
        let problem = Node(
            problem:
                "expected a function that yields one number but it yields shape \(value.shape); take its sum() or mean()",
            operation: "valueAndGradient")
        return (Tensor(problem), point.map { _ in Tensor(problem) })
    }
    let gradients = Node.gradients(of: [value.node], withRespectTo: nodes)
    return (value, gradients.map { Tensor(tracking: $0) })
}
