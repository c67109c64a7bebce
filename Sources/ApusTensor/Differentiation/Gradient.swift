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

/// The value of a function and its gradients at a point (JAX's `value_and_grad`).
///
/// The function must yield one number. Gradients of gradients work: the result is built from tensors again.
public func valueAndGradient(
    at point: [Tensor], of function: ([Tensor]) throws -> Tensor
) rethrows -> (value: Tensor, gradients: [Tensor]) {
    // Nodes of their own, so that a tensor that the function captures besides stays a constant.
    let parameters = point.map { Tensor(.reshape($0.shape), [$0.node]) }
    let value = try Differentiation.$isUnderWay.withValue(true) { try function(parameters) }
    guard value.count == 1 || !value.problems.isEmpty else {
        let problem = Node(
            problem:
                "expected a function that yields one number but it yields shape \(value.shape); take its sum() or mean()",
            operation: "valueAndGradient")
        return (Tensor(problem), point.map { _ in Tensor(problem) })
    }
    return (value, checkedGradients(of: value, withRespectTo: parameters))
}
