import ApusGraph

/// A loop over the entries of sequences, as one operation: the body is traced once, whatever the length.
///
/// With carried values cₜ and entries xₜ, (cₜ₊₁, yₜ) = body(cₜ, xₜ). All else that the body uses is a constant of the loop. The gradient is a loop
/// in the other direction. For it the carried values of all entries are kept, and products and convolutions of the body; it computes the rest again.
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
///   - savesMemory: Whether little is kept for the gradient: what is carried into each of about √T parts of the sequences. The parts are
///     computed again one by one in the backward pass, which makes it longer by a forward pass. Chen et al. (2016).
///   - body: Receives what is carried and one entry without its axis T; returns what is carried on, of the same types, and what the entry yields.
/// - Returns: What is carried out of the last entry, and the yields [T, ...]. Tensors that carry the error where lengths or types do not fit;
///   carried values and yields have one floating-point type.
public func scan<Carry: TensorTree, Sequence: TensorTree, Yield: TensorTree>(
    over sequences: Sequence, from initial: Carry, reversed: Bool = false, savesMemory: Bool = false,
    body: (Carry, Sequence) -> (Carry, Yield)
) -> (last: Carry, all: Yield) {
    if LoopExpansion.isWanted { return written(over: sequences, from: initial, reversed: reversed, body: body) }
    let length = length(of: sequences.leaves)
    let fits = sequences.leaves.allSatisfy { $0.rank > 0 && $0.shape[0] == length }
    guard savesMemory, length > 1, fits else {
        return loop(over: sequences, from: initial, reversed: reversed, body: body)
    }
    let part = Int(Double(length).squareRoot().rounded(.up))
    let whole = length / part * part
    // The parts of one length in a loop of loops, and what is left of the sequence.
    func ofParts(_ carry: Carry) -> (last: Carry, all: Yield) {
        let parts = sequences.leaves.map { sequence in
            sequence[0..<whole].reshaped(to: Shape([whole / part, part] + sequence.shape.dimensions.dropFirst()))
        }
        let (last, all) = loop(over: sequences.with(parts), from: carry, reversed: reversed) { carry, part in
            loop(over: part, from: carry, reversed: reversed, body: body)
        }
        return (last, all.with(all.leaves.map { $0.reshaped(to: Shape([whole] + $0.shape.dimensions.dropFirst(2))) }))
    }
    func ofRest(_ carry: Carry) -> (last: Carry, all: Yield) {
        let rest = sequences.with(sequences.leaves.map { $0[whole..<length] })
        return loop(over: rest, from: carry, reversed: reversed, body: body)
    }
    guard whole < length else { return ofParts(initial) }
    let start = reversed ? ofRest(initial) : ofParts(initial)
    let end = reversed ? ofParts(start.last) : ofRest(start.last)
    let (low, high) = reversed ? (end.all, start.all) : (start.all, end.all)
    return (end.last, low.with(zip(low.leaves, high.leaves).map { .concatenated([$0, $1]) }))
}

/// The number of entries of sequences [T, ...], as the first one has them.
private func length(of sequences: [Tensor]) -> Int {
    sequences.first.flatMap { $0.rank > 0 ? $0.shape[0] : nil } ?? 0
}

/// The loop as one operation.
private func loop<Carry: TensorTree, Sequence: TensorTree, Yield: TensorTree>(
    over sequences: Sequence, from initial: Carry, reversed: Bool, body: (Carry, Sequence) -> (Carry, Yield)
) -> (last: Carry, all: Yield) {
    let (inputs, starts) = (sequences.leaves, initial.leaves)
    let length = length(of: inputs)
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
    // What is carried on is kept anyway: who yields it reads it there.
    let carried = next.leaves.map(\.node)
    let yielded = yields.leaves.map(\.node)
    let others = yielded.filter { yield in !carried.contains { $0 === yield } }
    let outputs = carried + others
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
        let entry = node.part(part).entries(reversed ? 0 : length, 1)
        return Tensor(entry.reshape(Shape(Array(part.shape.dimensions.dropFirst()))))
    }
    var ofOthers = parts[carries.count...].makeIterator()
    let all = yielded.map { yield in
        guard let place = carried.firstIndex(where: { $0 === yield }) else { return node.part(ofOthers.next()!) }
        return node.part(parts[place]).entries(reversed ? 0 : 1, length)
    }
    return (initial.with(last), yields.with(all.map { Tensor($0) }))
}

/// Whether loops are written out, as operations of their entries one after the other.
package enum LoopExpansion {
    @TaskLocal package static var isWanted = false
}

/// The loop with the operations of each entry one after the other.
private func written<Carry: TensorTree, Sequence: TensorTree, Yield: TensorTree>(
    over sequences: Sequence, from initial: Carry, reversed: Bool, body: (Carry, Sequence) -> (Carry, Yield)
) -> (last: Carry, all: Yield) {
    // What does not fit is refused, and nothing yields what has no entries, as in a loop.
    let loop = loop(over: sequences, from: initial, reversed: reversed, body: body)
    let length = length(of: sequences.leaves)
    guard loop.last.leaves.allSatisfy({ $0.problems.isEmpty }), length > 0 else { return loop }
    var carry = initial
    var yields: [[Tensor]] = []
    for entry in reversed ? Array((0..<length).reversed()) : Array(0..<length) {
        let (next, yield) = body(carry, sequences.with(sequences.leaves.map { $0[entry] }))
        carry = next
        yields.append(yield.leaves)
    }
    if reversed { yields.reverse() }
    let all = loop.all.leaves.indices.map { place in Tensor.stacked(yields.map { $0[place] }) }
    return (carry, loop.all.with(all))
}
