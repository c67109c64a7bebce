import ApusGraph

/// A loop over the entries of sequences, as one operation: the body is traced once, whatever the length.
///
/// With carried values cₜ and entries xₜ, (cₜ₊₁, yₜ) = body(cₜ, xₜ). All else that the body uses is a constant of the loop. The gradient is a loop
/// in the other direction, which computes each entry again; it keeps the carried values of all entries and nothing else.
///
/// ```swift
/// let w = Tensor.normal([32, 32], standardDeviation: 0.1, key: RandomKey(seed: 1))
/// let x = Tensor.normal([10, 4, 32], key: RandomKey(seed: 2))   // ten steps of four samples
/// let (last, all) = scan(over: x, from: Tensor.zeros([4, 32])) { h, xt in
///     let h = tanh(h.matmul(w) + xt)
///     return (h, h)
/// }
/// print(last.shape, all.shape)   // [4, 32] [10, 4, 32]
/// ```
///
/// - Parameters:
///   - sequences: Tensors [T, ...] of one length.
///   - initial: What is carried into the first entry.
///   - reversed: Whether the last entry comes first. Yields stay in the order of the entries.
///   - body: Receives what is carried and one entry without its axis T; returns what is carried on, of the same types, and what the entry yields.
/// - Returns: What is carried out of the last entry, and the yields [T, ...]. Tensors that carry the error where lengths or types do not fit;
///   carried values and yields have one floating-point type.
public func scan<Carry: TensorTree, Sequence: TensorTree, Yield: TensorTree>(
    over sequences: Sequence, from initial: Carry, reversed: Bool = false,
    body: (Carry, Sequence) -> (Carry, Yield)
) -> (last: Carry, all: Yield) {
    let (inputs, starts) = (sequences.leaves, initial.leaves)
    let length = inputs.first.flatMap { $0.rank > 0 ? $0.shape[0] : nil } ?? 0
    let entries = inputs.enumerated().map { index, sequence in
        Node(
            .input(
                "entry \(index)", TensorType(Shape(Array(sequence.shape.dimensions.dropFirst())), sequence.elementType))
        )
    }
    let carries = starts.enumerated().map { Node(.input("carry \($0)", $1.node.type)) }
    let (next, yields) = body(initial.with(carries.map { Tensor($0) }), sequences.with(entries.map { Tensor($0) }))
    var problems = (inputs + starts).map(\.node).filter { !$0.isValid }
    if inputs.isEmpty || inputs.contains(where: { $0.rank == 0 || $0.shape[0] != length }) {
        let shapes = inputs.map { "\($0.shape)" }.joined(separator: ", ")
        problems.append(
            Node(problem: "expected sequences [T, ...] of one length but received \(shapes)", operation: "scan"))
    }
    if next.structure != initial.structure {
        problems.append(
            Node(
                problem:
                    "the body must carry on \(starts.count) tensors as it received them but carried on \(next.leaves.count)",
                operation: "scan"))
    }
    let outputs = (next.leaves + yields.leaves).map(\.node)
    problems += outputs.filter { !$0.isValid }
    guard problems.isEmpty else {
        let broken = Tensor(Node(.concatenate(axis: 0), problems))
        return (initial.with(starts.map { _ in broken }), yields.with(yields.leaves.map { _ in broken }))
    }
    let (node, scan) = Node.scan(
        outputs, carries: carries, keeps: carries.map { _ in true }, entries: entries, initial: starts.map(\.node),
        sequences: inputs.map(\.node), length: length, isReversed: reversed)
    let parts = scan.parts
    let last = parts[..<carries.count].map { part in
        let all = node.part(part)
        let place = reversed ? 0 : length
        return Tensor(
            Node(
                .slice(
                    [AxisSlice(start: place, count: 1)]
                        + part.shape.dimensions.dropFirst().map { AxisSlice(start: 0, count: $0) }), [all]
            ).reshape(Shape(Array(part.shape.dimensions.dropFirst()))))
    }
    return (initial.with(last), yields.with(parts[carries.count...].map { Tensor(node.part($0)) }))
}
