import ApusGraph

/// The gradients of a scalar with respect to tensors that it was computed from.
///
/// - Returns: One tensor for each of `tensors`, of its shape; zeros where the value does not depend on it.
public func gradient(of value: Tensor, withRespectTo tensors: [Tensor]) -> [Tensor] {
    Node.gradients(of: [value.node], withRespectTo: tensors.map(\.node)).map { Tensor($0) }
}

/// The value of a function and its gradients at a point.
///
/// The function must yield one number. Gradients of gradients work: the result is built from tensors again.
public func valueAndGradient(
    at point: [Tensor], of function: ([Tensor]) throws -> Tensor
) rethrows -> (value: Tensor, gradients: [Tensor]) {
    // Nodes of their own, so that a tensor that the function captures besides stays a constant.
    let parameters = point.map { Node(.reshape($0.shape), [$0.node]) }
    let value = try function(parameters.map { Tensor($0) })
    guard value.count == 1 || !value.problems.isEmpty else {
        let problem = Node(
            problem: "expected a function that yields one number but it yields shape \(value.shape); take its sum() or mean()",
            operation: "valueAndGradient")
        return (Tensor(problem), point.map { _ in Tensor(problem) })
    }
    let gradients = Node.gradients(of: [value.node], withRespectTo: parameters)
    return (value, gradients.map { Tensor($0) })
}
